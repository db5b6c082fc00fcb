"""A JSON schema without references: each is replaced by what it leads to."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def inlined(schema: Schema) -> Schema:
    """Return the schema with every reference replaced; one that leads back to itself or nowhere allows anything."""
    return _inlined(schema, schema, ())


def _inlined(here: Schema, root: Schema, open_references: tuple[str, ...]) -> Schema:
    reference = here.get("$ref")
    if reference is not None:
        target = None if reference in open_references else _target(reference, root)
        return {} if target is None else _inlined(target, root, (*open_references, reference))
    return {word: _part(word, value, root, open_references) for word, value in here.items()}


def _part(word: str, value: Any, root: Schema, open_references: tuple[str, ...]) -> Any:
    match word:
        case "properties":
            return {name: _inlined(each, root, open_references) for name, each in value.items()}
        case "anyOf":
            return [_inlined(each, root, open_references) for each in value]
        case "items":
            return _inlined(value, root, open_references)
    return value


def _target(reference: str, root: Schema) -> Schema | None:
    found: Any = root
    for step in filter(None, reference.removeprefix("#").split("/")):
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None
