"""JSON as it may come in: well-formed UTF-8, finite numbers, at most 32 levels deep."""

from typing import Any

import orjson

from app.domain.errors import AgentSystemError

MAX_DEPTH = 32

_CONTAINERS = (dict, list)


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
    level = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return True
        level = [part for each in level for part in _parts(each) if type(part) in _CONTAINERS]
    return not level


def _openings(raw: bytes | str) -> int:
    return raw.count(b"[") + raw.count(b"{") if isinstance(raw, bytes) else raw.count("[") + raw.count("{")


def _parts(container: Any) -> Any:
    return container.values() if type(container) is dict else container
