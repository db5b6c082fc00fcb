"""Whether a document is a JSON schema at all, as far as anybody here reads it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

KINDS: Final = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
DEEPEST: Final = 40


def is_schema(document: Any, depth: int = 0) -> bool:
    """Whether every keyword holds what it must; beyond forty levels nobody looks."""
    if not isinstance(document, dict) or depth > DEEPEST:
        return False
    return all(check(document[word], depth + 1) for word, check in _CHECKS.items() if word in document)


def _schemas_by_name(value: Any, depth: int) -> bool:
    return isinstance(value, dict) and all(is_schema(each, depth) for each in value.values())


def _schemas(value: Any, depth: int) -> bool:
    return isinstance(value, list) and bool(value) and all(is_schema(each, depth) for each in value)


def _kind(value: Any, _depth: int) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return bool(kinds) and all(isinstance(each, str) and each in KINDS for each in kinds)


def _names(value: Any, _depth: int) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _some(value: Any, _depth: int) -> bool:
    return isinstance(value, list) and bool(value)


def _text(value: Any, _depth: int) -> bool:
    return isinstance(value, str)


def _count(value: Any, _depth: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000


def _number(value: Any, _depth: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_CHECKS: Final[Mapping[str, Callable[[Any, int], bool]]] = {
    "type": _kind,
    "properties": _schemas_by_name,
    "$defs": _schemas_by_name,
    "definitions": _schemas_by_name,
    "items": is_schema,
    "anyOf": _schemas,
    "allOf": _schemas,
    "oneOf": _schemas,
    "required": _names,
    "enum": _some,
    "description": _text,
    "format": _text,
    "$ref": _text,
    "minItems": _count,
    "minLength": _count,
    "minimum": _number,
    "maximum": _number,
}
