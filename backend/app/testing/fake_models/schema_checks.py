"""What Anthropic's grammar compiler refuses in a strict JSON schema."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from app.testing.fake_models.conversation import RefusedError

UNSUPPORTED: Final = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "contains",
        "prefixItems",
        "minProperties",
        "maxProperties",
        "patternProperties",
        "propertyNames",
        "oneOf",
        "not",
        "if",
    }
)
FORMATS: Final = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
MOST_OPTIONAL: Final = 24
MOST_UNIONS: Final = 16
LARGEST_GRAMMAR: Final = 50_000
Schema = Mapping[str, Any]


def check_strict(at: str, schema: Schema) -> None:
    """Accept one strict schema.

    Args:
        at: where it stands in the request.

    Raises:
        RefusedError: it uses what is not supported.
    """
    if len(orjson.dumps(schema)) > LARGEST_GRAMMAR:
        raise RefusedError(400, f"{at}: The compiled grammar is too large. Simplify your schema.")
    for part in parts(schema):
        _check_part(at, part)
    _check_references(at, schema, schema, ())


def check_limits(schemas: Iterable[Schema]) -> None:
    """Accept all strict schemas of a request together.

    Raises:
        RefusedError: they hold too many optional or union parameters.
    """
    found = [part for schema in schemas for part in parts(schema)]
    optional = sum(len(part.get("properties", {}).keys() - set(part.get("required", ()))) for part in found)
    unions = sum("anyOf" in part or isinstance(part.get("type"), list) for part in found)
    if optional > MOST_OPTIONAL:
        raise RefusedError(400, f"Schemas contain too many optional parameters ({optional}); limit {MOST_OPTIONAL}.")
    if unions > MOST_UNIONS:
        raise RefusedError(
            400, f"Schemas contain too many parameters with union types ({unions}); limit {MOST_UNIONS}."
        )


def parts(schema: Any) -> Iterator[Schema]:
    """Return the schema and every schema inside it; what a property is called does not matter."""
    if not isinstance(schema, dict):
        return
    yield schema
    for name in ("properties", "$defs", "definitions"):
        for each in (schema.get(name) or {}).values():
            yield from parts(each)
    for name in ("anyOf", "allOf"):
        for each in schema.get(name) or ():
            yield from parts(each)
    yield from parts(schema.get("items"))


def _check_part(at: str, part: Schema) -> None:
    kind = part.get("type", "object" if "properties" in part else "any")
    for word in part:
        if word in UNSUPPORTED:
            raise RefusedError(400, f"{at}: For '{kind}' type, property '{word}' is not supported")
    if part.get("minItems", 0) not in (0, 1):
        raise RefusedError(400, f"{at}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if "format" in part and part["format"] not in FORMATS:
        raise RefusedError(400, f"{at}: For 'string' type, this 'format' is not supported")
    if _is_object(part) and part.get("additionalProperties") is not False:
        raise RefusedError(400, f"{at}: For 'object' type, 'additionalProperties' must be explicitly set to false")


def _is_object(part: Schema) -> bool:
    kind = part.get("type")
    return "properties" in part or kind == "object" or (isinstance(kind, list) and "object" in kind)


def _check_references(at: str, here: Any, root: Schema, open_references: tuple[str, ...]) -> None:
    """Follow every reference; one that is still open when it comes again never ends."""
    for part in parts({name: each for name, each in here.items() if name not in {"$defs", "definitions"}}):
        reference = part.get("$ref")
        if reference is None:
            continue
        if reference in open_references:
            raise RefusedError(400, f"{at}: Recursive schemas are not supported")
        _check_references(at, _target(at, reference, root), root, (*open_references, reference))


def _target(at: str, reference: Any, root: Schema) -> Schema:
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise RefusedError(400, f"{at}: External schema references are not supported")
    found: Any = root
    for step in filter(None, reference.removeprefix("#").split("/")):
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise RefusedError(400, f"{at}: Reference cannot be resolved")
    return found
