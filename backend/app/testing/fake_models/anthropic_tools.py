"""What Anthropic refuses in tools, in the choice among them and in strict schemas."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.testing.fake_models.conversation import RefusedError
from app.testing.fake_models.schema_checks import check_limits, check_strict
from app.testing.fake_models.schema_shape import is_schema

NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
KNOWN: Final = frozenset(
    {
        "type",
        "name",
        "description",
        "input_schema",
        "strict",
        "cache_control",
        "allowed_callers",
        "defer_loading",
        "eager_input_streaming",
        "input_examples",
    }
)
MOST_STRICT: Final = 20
CHOICES: Final = ("auto", "any", "tool", "none")


def check_tools(fields: Mapping[str, Any]) -> None:
    """Accept the tools, the choice and every strict schema.

    Raises:
        RefusedError: something about them is not supported.
    """
    tools = fields.get("tools", [])
    if not isinstance(tools, list):
        raise RefusedError(400, "tools: Input should be a valid list")
    for place, tool in enumerate(tools):
        _check_tool(place, tool)
    if len({tool["name"] for tool in tools}) < len(tools):
        raise RefusedError(400, "tools: Tool names must be unique.")
    _check_choice(fields.get("tool_choice"), tools)
    _check_schemas(fields, tools)


def _check_tool(place: int, tool: Any) -> None:
    at = f"tools.{place}.custom"
    if not isinstance(tool, dict) or tool.get("type") not in (None, "custom"):
        raise RefusedError(400, f"tools.{place}: Input tag does not match any of the expected tags")
    for name in tool:
        if name not in KNOWN:
            raise RefusedError(400, f"{at}.{name}: Extra inputs are not permitted")
    if not isinstance(tool.get("name"), str) or not NAME.fullmatch(tool["name"]):
        raise RefusedError(400, f"{at}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    schema = tool.get("input_schema")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise RefusedError(400, f"{at}.input_schema.type: Input should be 'object'")
    if not is_schema(schema):
        raise RefusedError(400, f"{at}.input_schema: JSON schema is invalid")
    if not isinstance(tool.get("description", ""), str):
        raise RefusedError(400, f"{at}.description: Input should be a valid string")


def _check_choice(choice: Any, tools: list[dict[str, Any]]) -> None:
    if choice is None:
        return
    if not isinstance(choice, dict) or choice.get("type") not in CHOICES:
        raise RefusedError(400, "tool_choice: Input tag does not match any of the expected tags")
    if not tools:
        raise RefusedError(400, "tool_choice may only be specified while providing tools.")
    if choice["type"] in {"any", "tool"}:
        raise RefusedError(400, "Thinking may not be enabled when tool_choice forces tool use.")


def _check_schemas(fields: Mapping[str, Any], tools: list[dict[str, Any]]) -> None:
    strict = {
        f"tools.{place}.custom.input_schema": tool["input_schema"]
        for place, tool in enumerate(tools)
        if tool.get("strict")
    }
    if len(strict) > MOST_STRICT:
        raise RefusedError(400, f"tools: at most {MOST_STRICT} strict tools are allowed, found {len(strict)}.")
    wanted = (fields.get("output_config") or {}).get("format")
    schemas = {**strict, **({"output_config.format.schema": wanted["schema"]} if wanted else {})}
    for at, schema in schemas.items():
        check_strict(at, schema)
    check_limits(schemas.values())
