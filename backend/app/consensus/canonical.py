"""One value, one sequence of bytes: canonical JSON (RFC 8785) for data without floats.

The usual road is orjson with sorted keys, which gives the bytes of RFC 8785 for everything but objects whose keys
reach beyond U+FFFF: there the order is that of UTF-16, and the `rfc8785` package takes over. Numbers are
integers JSON can hold exactly; `fixed_point` turns measured values into such.
"""

from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any, Final

import orjson
import rfc8785

from app.domain.errors import InvalidInputError

SAFE_INTEGER: Final = 2**53 - 1
NANO: Final = 10**9
FOUR_BYTE_LEAD: Final = 0xF0
_BILLION: Final = 1e9
_AS_IT_IS: Final = frozenset({str, bool, type(None)})
_PLAIN: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def canonical_json(value: object) -> bytes:
    """Return the canonical bytes of data made of str, int, bool, None, lists, tuples and dicts with text keys.

    Raises:
        InvalidInputError: there is a float, an integer beyond ±(2^53 - 1), a lone surrogate or another type inside.
    """
    _check(value)
    return _encode(value)


def canonical_record(value: object) -> bytes:
    """Return the canonical bytes of JSON-like data that may hold floats: each counts as `fixed_point` says.

    Raises:
        InvalidInputError: a number is not finite, there is a lone surrogate or a type that JSON does not have, or it is
            nested too deeply.
    """
    try:
        plain = fixed_point(value)
    except RecursionError:
        raise InvalidInputError("A record is nested too deeply to be written as canonical JSON.") from None
    return _encode(plain)


def _encode(value: object) -> bytes:
    try:
        data = orjson.dumps(value, option=_PLAIN)
        return data if data.isascii() or max(data) < FOUR_BYTE_LEAD else rfc8785.dumps(value)  # type: ignore[arg-type]
    except (orjson.JSONEncodeError, rfc8785.CanonicalizationError):
        raise InvalidInputError(
            "Canonical JSON holds well-formed text, numbers, lists, and objects with text as keys; send only such."
        ) from None


def _check(value: object) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if not -SAFE_INTEGER <= value <= SAFE_INTEGER:
            raise InvalidInputError("Canonical JSON holds integers up to 2^53 - 1: write a larger one as text.")
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    elif isinstance(value, dict):
        _check_keys(value)
        for item in value.values():
            _check(item)
    else:
        raise InvalidInputError("Canonical JSON holds no floats and no other types: use fixed_point first.")


def _check_keys(value: dict[Any, object]) -> None:
    if not all(isinstance(key, str) for key in value):
        raise InvalidInputError("Canonical JSON needs text as keys of an object.")


def fixed_point(value: object) -> Any:
    """Return JSON-like data with each float as the integer of its 10^-9 units, from its shortest decimal form,
    half-even.

    An integer beyond 2^53 - 1, given or made here, becomes its decimal string; other integers stay as they are.

    Raises:
        InvalidInputError: a number is not finite.
    """
    if isinstance(value, float):
        return _nano(value)
    if isinstance(value, dict):
        return {key: item if type(item) in _AS_IT_IS else fixed_point(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if type(item) in _AS_IT_IS else fixed_point(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return _as_text_if_large(value)
    return value


def _nano(value: float) -> int | str:
    """The 10^-9 units of a number.

    A number on that grid, of at most 15 digits, is found by one multiplication: if the nearest unit divides back to the
    very same number, its shortest decimal form is that unit's, because no two decimals of 15 digits share a float.
    """
    if -1e6 < value < 1e6:
        nearest = round(value * _BILLION)
        if nearest / _BILLION == value:
            return nearest
    if not isfinite(value):
        raise InvalidInputError("A number to be recorded must be finite.")
    return _as_text_if_large(round(Fraction(Decimal(float.__repr__(value))) * NANO))


def _as_text_if_large(value: int) -> int | str:
    return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else str(Decimal(value))
