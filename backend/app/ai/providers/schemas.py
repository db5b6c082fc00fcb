"""JSON schemas as vendors take them: what they cannot enforce is said in the description instead."""

from collections.abc import Mapping
from typing import Any

_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matching {}",
    "format": "in the form {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "uniqueItems": "each item once",
    "default": "{} if not given",
}
_ENFORCED = frozenset({"type", "enum", "const", "anyOf", "allOf", "$defs", "properties", "required", "items", "title"})
MOST_TOOLS = 256
"""How many tools a dialect keeps as it sends them; every request offers the same few."""
_FLAT = frozenset({"type", "enum", "items"})


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema as constrained decoding takes it: closed objects, no limits of number or length."""
    if "$ref" in schema:  # nothing may stand beside it
        return {"$ref": schema["$ref"]}
    kept = {key: _strict_part(key, value) for key, value in schema.items() if key in _ENFORCED}
    described = kept | _description(schema)
    return described | {"additionalProperties": False} if schema.get("type") == "object" else described


def flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool's parameters with nothing but type, enum, items and a description for each."""
    properties = {
        name: {key: value for key, value in each.items() if key in _FLAT} | _description(each)
        for name, each in parameters.get("properties", {}).items()
    }
    return {"type": "object", "properties": properties, "required": list(parameters.get("required", ()))}


def _strict_part(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):
        return {name: strict(each) for name, each in value.items()}
    if key in ("anyOf", "allOf"):
        return [strict(each) for each in value]
    return strict(value) if key == "items" else value


def _description(schema: Mapping[str, Any]) -> dict[str, str]:
    limits = ", ".join(words.format(schema[key]) for key, words in _LIMITS.items() if schema.get(key) is not None)
    text = schema.get("description", "")
    told = f"{text} ({limits})".strip() if limits else text
    return {"description": told} if told else {}
