"""Numbers without rounding surprises: fixed point on entry, exact fractions inside, nine decimals on the way out.

A number becomes x·10^6, taken from its shortest decimal form and rounded half-even, so the 0.1 that was typed is
exactly 100_000 and 0.1 + 0.2 ties with 0.3. Ranges are checked by the callers before this rounding. `int`, `float`
and `Decimal` are numbers; booleans and text are not.
"""

from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Final, TypeAlias, TypeGuard

Number: TypeAlias = int | float | Decimal

SCALE: Final = 10**6
HALF: Final = SCALE // 2
_MILLION: Final = 1e6
_NANO: Final = 10**9
_VANISHES: Final = Decimal("1e-7")
_NUMERIC: Final = (int, float, Decimal)


def is_number(value: object) -> TypeGuard[Number]:
    """Tell whether `value` is a number of any size, NaN and infinities included; a boolean is none."""
    return isinstance(value, _NUMERIC) and not isinstance(value, bool)


def is_finite(value: Number) -> bool:
    """Tell whether a number is finite. An integer always is, however many digits it has."""
    if isinstance(value, int):
        return True
    return value.is_finite() if isinstance(value, Decimal) else isfinite(value)


def is_within(value: object, low: int, high: int) -> TypeGuard[Number]:
    """Tell whether `value` is a finite number in [low, high], before any rounding."""
    return is_number(value) and is_finite(value) and low <= value <= high


def share(value: object) -> int | None:
    """Return a number in [0, 1], checked before rounding, in fixed point; None for anything else.

    A float on the grid is found by one multiplication: if the nearest unit divides back to the very same number, its
    shortest decimal form is that unit's, because no two decimals of 15 digits share a float.
    """
    if isinstance(value, float) and 0.0 <= value <= 1.0:
        units = int(value * _MILLION + 0.5)
        if units / _MILLION == value:
            return units
    return fixed(value) if is_within(value, 0, 1) else None


def fixed(value: Number) -> int:
    """Return the finite number `value`, at most 10^6 in size, as an integer of 10^-6 units, half-even."""
    if isinstance(value, float):
        return _fixed_float(value)
    return _fixed_decimal(value) if isinstance(value, Decimal) else int(value) * SCALE


def _fixed_float(value: float) -> int:
    """Take the nearest integer of the float product where that is proven right, else the exact road.

    The product differs from the shortest decimal form times 10^6 by at most 2 units in the last place, below 0.00025 up
    to 10^12: so far from a half it cannot round elsewhere.
    """
    product = value * SCALE
    units = round(product)
    return units if -0.499 < product - units < 0.499 else _fixed_decimal(Decimal(float.__repr__(value)))


def _fixed_decimal(value: Decimal) -> int:
    """Exact at any number of digits; what is far below one unit is 0 without building its huge fraction."""
    return 0 if -_VANISHES < value < _VANISHES else round(Fraction(value) * SCALE)


def unfixed(units: int) -> float:
    """Return fixed point as a JSON number; `fixed` reads the same integer back."""
    return units / SCALE


def nine_decimals(numerator: int, denominator: int) -> float:
    """Return the exact fraction, non-negative, rounded half-even to 9 decimals; 0 when the denominator is 0."""
    if denominator == 0:
        return 0.0
    units, rest = divmod(numerator * _NANO, denominator)
    beyond_half = 2 * rest - denominator
    if beyond_half > 0 or (beyond_half == 0 and units % 2):
        units += 1
    return units / _NANO


def sign(value: Number) -> int:
    """Return -1, 0 or 1; an amount however small has a sign."""
    return (value > 0) - (value < 0)
