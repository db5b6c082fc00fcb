"""What Ollama refuses in a chat, in the words of its JSON reader; what it does not know it overlooks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.testing.fake_models.conversation import RefusedError
from app.testing.fake_models.ollama_models import Installed
from app.testing.fake_models.schema_shape import is_schema

ROLES: Final = ("system", "user", "assistant", "tool")
WHOLE_OPTIONS: Final = ("num_ctx", "num_predict", "seed", "top_k", "num_keep")
REAL_OPTIONS: Final = ("temperature", "top_p", "min_p", "repeat_penalty")
THINK: Final = ("low", "medium", "high")


def check_chat(fields: Mapping[str, Any], model: Installed) -> None:
    """Accept a chat.

    Raises:
        RefusedError: it is malformed or asks for what the model cannot do.
    """
    for message in _list(fields, "messages", "[]api.Message"):
        _check_message(message)
    _check_tools(_list(fields, "tools", "api.Tools"), model)
    _check_format(fields.get("format"))
    _check_think(fields.get("think"), model)
    _check_options(fields.get("options") or {})
    _expect(isinstance(fields.get("stream", True), bool | None), "stream", "bool")


def _check_message(message: Any) -> None:
    _expect(isinstance(message, dict), "messages", "api.Message")
    for name in ("content", "thinking", "tool_name"):
        _expect(isinstance(message.get(name), str | None), f"messages.{name}", "string")
    role = message.get("role")
    if role not in ROLES:
        raise RefusedError(400, f'invalid role: {role}, role must be one of ["system", "user", "assistant", "tool"]')
    for call in _list(message, "tool_calls", "[]api.ToolCall"):
        function: Any = call.get("function") if isinstance(call, dict) else None
        _expect(isinstance(function, dict), "messages.tool_calls.function", "api.ToolCallFunction")
        _expect(isinstance(function.get("arguments"), dict), "messages.tool_calls.function.arguments", "map")


def _check_tools(tools: Sequence[Any], model: Installed) -> None:
    for tool in tools:
        _expect(_is_tool(tool), "tools.function", "api.ToolFunction")
    if tools and "tools" not in model.capabilities:
        raise RefusedError(400, f"registry.ollama.ai/library/{model.name} does not support tools")


def _is_tool(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not is_schema(function.get("parameters") or {}):
        return False
    return isinstance(function.get("name"), str) and isinstance(function.get("description", ""), str)


def _check_format(wanted: Any) -> None:
    if wanted not in (None, "", "json") and not is_schema(wanted):
        raise RefusedError(400, f'invalid format: "{wanted}"; expected "json" or a valid JSON Schema object')


def _check_think(think: Any, model: Installed) -> None:
    if not isinstance(think, bool | None) and think not in THINK:
        raise RefusedError(400, 'invalid think value: must be true, false, "high", "medium" or "low"')
    if think and "thinking" not in model.capabilities:
        raise RefusedError(400, f'"{model.name}" does not support thinking')


def _check_options(options: Any) -> None:
    _expect(isinstance(options, dict), "options", "map")
    for name, value in options.items():
        if name in WHOLE_OPTIONS and (not isinstance(value, int) or isinstance(value, bool)):
            raise RefusedError(400, f'option "{name}" must be of type integer')
        if name in REAL_OPTIONS and (not isinstance(value, int | float) or isinstance(value, bool)):
            raise RefusedError(400, f'option "{name}" must be of type float32')


def _list(fields: Mapping[str, Any], name: str, kind: str) -> list[Any]:
    """Return a list that may be missing or null."""
    found = fields.get(name)
    _expect(isinstance(found, list | None), name, kind)
    return found or []


def _expect(is_right: bool, field: str, kind: str) -> None:
    if not is_right:
        raise RefusedError(400, f"json: cannot unmarshal value into Go struct field ChatRequest.{field} of type {kind}")
