"""What a tool may answer: a JSON object of bounded size without NaN."""

from math import isfinite
from typing import Any, Final

import orjson

MOST_BYTES: Final = 64 * 1_024
_PLAIN_JSON: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
)


class UnusableResultError(Exception):
    """A tool's answer cannot be handed on; `kind` is `not_json` or `too_large`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def size_of(result: Any) -> int:
    """Return the bytes of a result written as JSON.

    Raises:
        UnusableResultError: it is no JSON object, holds a number that is not finite, or is too large.
    """
    if not isinstance(result, dict):
        raise UnusableResultError("not_json", "its result is not an object")
    try:
        text = orjson.dumps(result, option=_PLAIN_JSON)
    except (TypeError, ValueError) as error:
        raise UnusableResultError("not_json", "its result is not JSON") from error
    if len(text) > MOST_BYTES:
        raise UnusableResultError("too_large", f"its result is larger than {MOST_BYTES} bytes")
    if b"null" in text and not _is_finite(result):
        raise UnusableResultError("not_json", "its result holds a number that is not finite")
    return len(text)


def _is_finite(value: Any) -> bool:
    """Whether every number is finite: what is not would silently be written as null."""
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or isfinite(value)
