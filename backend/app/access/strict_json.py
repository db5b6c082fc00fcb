"""JSON as it may come in: well-formed UTF-8, finite numbers, at most 32 levels deep."""

from collections.abc import Collection
from typing import Any

import orjson

from app.domain.errors import AgentSystemError

MAX_DEPTH = 32

_CONTAINERS = frozenset({dict, list})


class MalformedJsonError(AgentSystemError):
    """The bytes are not JSON as this service reads it; the message never repeats them."""


def parse_strictly(raw: bytes | str) -> Any:
    """Return the value.

    Raises:
        MalformedJsonError: says what is wrong and, for broken text, where.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedJsonError(
            f"The body is not JSON at line {error.lineno}, column {error.colno}: it must be UTF-8 without NaN, "
            f"Infinity or lone surrogates, and at most {MAX_DEPTH} levels deep."
        ) from None
    if not is_shallow(raw, value):
        raise MalformedJsonError(f"The JSON is nested more than {MAX_DEPTH} levels deep; flatten it.")
    return value


def is_shallow(raw: bytes | str, value: Any) -> bool:
    """Whether `value`, read from `raw`, has at most 32 levels; walks level by level, so depth costs no stack."""
    if _openings(raw) <= MAX_DEPTH:
        return True
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        if not level:
            return True
        level = [inner for each in level for inner in _containers(each.values() if type(each) is dict else each)]
    return not level


def _openings(raw: bytes | str) -> int:
    return raw.count(b"[") + raw.count(b"{") if isinstance(raw, bytes) else raw.count("[") + raw.count("{")


def _containers(parts: Collection[Any]) -> Collection[Any]:
    """Return the lists and objects among the parts; rows of plain values, the usual case, cost next to nothing."""
    if _CONTAINERS.isdisjoint(map(type, parts)):
        return ()
    return [part for part in parts if type(part) in _CONTAINERS]
