"""What a model is told of a tool: a flat JSON schema without limits, which stand in the descriptions instead.

Vendors refuse or drop limits, defaults and unions in the schema of a tool; the executor checks the arguments anyway.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.domain.completions import ToolSpec
from app.ports.analyst import Tool, ToolArguments

_KEPT: Final = ("type", "enum", "items")
_LIMITS: Final = (
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("exclusiveMinimum", "more than {}"),
    ("exclusiveMaximum", "less than {}"),
    ("multipleOf", "a multiple of {}"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("pattern", "matching {}"),
    ("default", "default {}"),
)


def spec_of(tool: Tool | type[Tool]) -> ToolSpec:
    """Return a tool as a model is offered it."""
    schema = getattr(tool, "arguments", ToolArguments).model_json_schema()
    properties = {name: _told(field) for name, field in schema.get("properties", {}).items()}
    parameters = {
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }
    return ToolSpec(tool.name, tool.description, parameters)


def _told(field: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field with its kind alone, and its limits in words."""
    plain = _without_null(field)
    limits = [words.format(plain[name]) for name, words in _LIMITS if name in plain]
    told = "; ".join([plain.get("description", plain["title"]), *limits])
    return {**{name: plain[name] for name in _KEPT if name in plain}, "description": told}


def _without_null(field: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optional field as what it holds when it is given: null says no more than leaving it out."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    plain = {**(kinds[0] if kinds else {}), **field}
    if plain.get("default", "") is None:
        del plain["default"]
    return plain
