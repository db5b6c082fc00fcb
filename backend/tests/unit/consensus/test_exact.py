"""Numbers are taken at their word: fixed point on entry, exact fractions, nine decimals out."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.consensus.exact import SCALE, fixed, is_within, nine_decimals, share, sign, unfixed


@given(st.floats(0, SCALE))
def test_fixed_point_is_the_shortest_decimal_form_rounded_half_even(value: float) -> None:
    exact = Decimal(repr(value)) * SCALE

    assert fixed(value) == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@given(st.floats(0, 1))
def test_a_share_is_rounded_like_any_number(value: float) -> None:
    assert share(value) == fixed(value)


@pytest.mark.parametrize(
    ("value", "units"),
    [
        (0.0000005, 0),
        (0.0000015, 2),
        (0.0000025, 2),
        (0.1234565, 123456),
        (0.1234575, 123458),
        (1, SCALE),
        (-0.0, 0),
        (5e-324, 0),
        (Decimal("0.0000005000000000000000000000000000000000001"), 1),
        (Decimal("1E-999999"), 0),
    ],
)
def test_halves_go_to_the_even_neighbour(value: float | Decimal, units: int) -> None:
    assert fixed(value) == units


@given(st.integers(0, SCALE * SCALE))
def test_fixed_point_survives_the_way_out_and_back(units: int) -> None:
    assert fixed(unfixed(units)) == units


@pytest.mark.parametrize("value", [-1e-12, 1.0000000000000002, nan, inf, -inf, True, "0.5", None, [], 10**400])
def test_what_is_no_share_before_rounding_is_none_after(value: object) -> None:
    assert share(value) is None
    assert not is_within(value, 0, 1)


@given(st.integers(0, 10**30), st.integers(1, 10**30))
def test_nine_decimals_are_the_exact_fraction_rounded_half_even(numerator: int, denominator: int) -> None:
    assert nine_decimals(numerator, denominator) == round(Fraction(numerator, denominator) * 10**9) / 10**9


def test_nothing_over_nothing_is_zero() -> None:
    assert nine_decimals(0, 0) == 0


@pytest.mark.parametrize(("value", "expected"), [(5e-324, 1), (-(10**400), -1), (-0.0, 0), (Decimal("-1E-400"), -1)])
def test_an_amount_however_small_has_a_sign(value: float | Decimal, expected: int) -> None:
    assert sign(value) == expected
