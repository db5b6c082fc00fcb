"""Values that follow a JSON schema: known ideas where a field asks for one, plain defaults elsewhere."""

import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
_TOLD_LEAST = re.compile(r"at least (\d+)")
TYPES: Mapping[str, tuple[type, ...]] = {
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
    return _value(schema, ideas, schema)


def required(schema: Schema) -> Schema:
    """Return the schema with only those properties that must be given."""
    needed = schema.get("required", ())
    return {
        **schema,
        "properties": {name: each for name, each in schema.get("properties", {}).items() if name in needed},
    }


def fits(value: Any, schema: Schema, root: Schema) -> bool:
    """Whether a plain value may stand where `schema` is asked for, bounds aside."""
    here = _resolved(schema, root)
    if "anyOf" in here:
        return any(fits(value, each, root) for each in here["anyOf"])
    if "enum" in here:
        return value in here["enum"]
    kinds = _kinds(here)
    if isinstance(value, bool):
        return not kinds or "boolean" in kinds
    return not kinds or any(isinstance(value, TYPES.get(kind, ())) for kind in kinds)


def _value(schema: Schema, ideas: Mapping[str, Any], root: Schema) -> Any:
    here = _resolved(schema, root)
    if "properties" in here or _kinds(here) == ["object"]:
        return {name: _property(name, each, ideas, root) for name, each in here.get("properties", {}).items()}
    return _default(here, ideas, root)


def _property(name: str, schema: Schema, ideas: Mapping[str, Any], root: Schema) -> Any:
    if name in ideas and fits(ideas[name], schema, root):
        return ideas[name]
    return _value(schema, ideas, root)


def _default(here: Schema, ideas: Mapping[str, Any], root: Schema) -> Any:
    for word in ("const", "default"):
        if word in here:
            return here[word]
    if here.get("enum"):
        return here["enum"][0]
    if here.get("anyOf"):
        return _value(_first_that_is_something(here["anyOf"]), ideas, root)
    return _of_kind(next((kind for kind in _kinds(here) if kind != "null"), "null"), here, ideas, root)


def _of_kind(kind: str, here: Schema, ideas: Mapping[str, Any], root: Schema) -> Any:
    match kind:
        case "string":
            return "none".ljust(here.get("minLength", 0), ".")
        case "integer" | "number":
            return _within(here)
        case "boolean":
            return False
        case "array":
            return [_value(here.get("items", {}), ideas, root) for _ in range(here.get("minItems", 0))]
    return None


def _within(here: Schema) -> Any:
    """Return zero, or the number nearest to it within the limits that the schema sets or its description tells."""
    told = _TOLD_LEAST.search(str(here.get("description", "")))
    least, most = here.get("minimum", int(told[1]) if told else 0), here.get("maximum", 0)
    return least if least > 0 else min(0, most)


def _first_that_is_something(options: list[Schema]) -> Schema:
    return next((each for each in options if each.get("type") != "null"), options[0])


def _kinds(here: Schema) -> list[str]:
    kind = here.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step, {})
    return found if isinstance(found, Mapping) else {}
