"""Values that follow a JSON schema: known ideas where a field asks for one, plain defaults elsewhere."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.testing.fake_models.schema_references import Schema, inlined

TOLD_LEAST: Final = re.compile(r"at least (\d{1,6})\b(?! (?:items|characters))")
TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
    "null": (type(None),),
}


def filled(schema: Schema, ideas: Mapping[str, Any]) -> Any:
    """Return a value that follows `schema`; a property named like an idea gets it, if it fits."""
    return _value(inlined(schema), ideas)


def required(schema: Schema) -> Schema:
    """Return the schema with only those properties that must be given."""
    properties, needed = schema.get("properties", {}), schema.get("required", ())
    return {**schema, "properties": {name: each for name, each in properties.items() if name in needed}}


def fits(value: Any, schema: Schema) -> bool:
    """Whether a plain value may stand where `schema` is asked for, bounds aside."""
    if "anyOf" in schema:
        return any(fits(value, each) for each in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds = _kinds(schema)
    if isinstance(value, bool):
        return not kinds or "boolean" in kinds
    return not kinds or any(isinstance(value, TYPES[kind]) for kind in kinds)


def _value(schema: Schema, ideas: Mapping[str, Any]) -> Any:
    if "properties" in schema or _kinds(schema) == ["object"]:
        return {name: _property(name, each, ideas) for name, each in schema.get("properties", {}).items()}
    return _default(schema, ideas)


def _property(name: str, schema: Schema, ideas: Mapping[str, Any]) -> Any:
    return ideas[name] if name in ideas and fits(ideas[name], schema) else _value(schema, ideas)


def _default(schema: Schema, ideas: Mapping[str, Any]) -> Any:
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _value(_first_that_is_something(schema["anyOf"]), ideas)
    return _of_kind(next((kind for kind in _kinds(schema) if kind != "null"), "null"), schema, ideas)


def _of_kind(kind: str, schema: Schema, ideas: Mapping[str, Any]) -> Any:
    match kind:
        case "string":
            return "none".ljust(schema.get("minLength", 0), ".")
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case "array":
            return [_value(schema.get("items", {}), ideas)] * schema.get("minItems", 0)
    return None


def _number(schema: Schema) -> Any:
    """Return zero, or the number nearest to it within the limits that the schema sets or its description tells."""
    told = TOLD_LEAST.search(schema.get("description", ""))
    least, most = schema.get("minimum", int(told[1]) if told else 0), schema.get("maximum", 0)
    return least if least > 0 else min(0, most)


def _first_that_is_something(options: Sequence[Schema]) -> Schema:
    return next((each for each in options if each.get("type") != "null"), options[0])


def _kinds(schema: Schema) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)
