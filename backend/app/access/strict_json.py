"""JSON as it may come in: well-formed UTF-8, finite numbers, at most 32 levels deep."""

from collections.abc import Collection
from itertools import chain
from math import inf
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
    if not is_shallow(value, _brackets(raw)):
        raise MalformedJsonError(f"The JSON is nested more than {MAX_DEPTH} levels deep; flatten it.")
    return value


def is_shallow(value: Any, most: float = inf) -> bool:
    """Whether `value` has at most 32 levels; walks level by level, so depth costs no stack.

    Args:
        most: no more lists and objects than this are in it; once so many are found, nobody looks further.
    """
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        most -= len(level)
        if not level or most <= 0:
            return True
        inside = [each.values() if type(each) is dict else each for each in level]
        level = _containers(list(chain.from_iterable(inside)))
    return not level


def _brackets(raw: bytes | str) -> int:
    """Count what may open a list or an object; text may hold brackets too, so there are no more of them than this."""
    return raw.count(b"[") + raw.count(b"{") if isinstance(raw, bytes) else raw.count("[") + raw.count("{")


def _containers(parts: Collection[Any]) -> Collection[Any]:
    """Return the lists and objects among the parts; plain values alone, the usual case, cost next to nothing."""
    if _CONTAINERS.isdisjoint(map(type, parts)):
        return ()
    return [part for part in parts if type(part) in _CONTAINERS]
