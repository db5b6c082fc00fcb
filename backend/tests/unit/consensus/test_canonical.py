"""One value, one sequence of bytes."""

from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from app.consensus.canonical import SAFE_INTEGER, canonical_json, canonical_record, fixed_point
from app.domain.errors import InvalidInputError

TEXT = st.text(max_size=5) | st.sampled_from(["\U0001f600", "\ufb33", "\u20ac", "\r", '"\\', "\x7f\u2028", "</script>"])
SCALAR = st.none() | st.booleans() | st.integers(-SAFE_INTEGER, SAFE_INTEGER) | TEXT
FLOATLESS = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


@given(FLOATLESS)
@settings(max_examples=200, deadline=None)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


def test_keys_beyond_the_basic_plane_sort_by_utf_16() -> None:
    assert canonical_json({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_a_tuple_reads_as_a_list() -> None:
    assert canonical_json({"a": (1, "x")}) == b'{"a":[1,"x"]}'


@pytest.mark.parametrize(
    "value", [0.5, 1.0, nan, SAFE_INTEGER + 1, -SAFE_INTEGER - 1, {7: 1}, Decimal(1), b"x", {"a"}, "\ud800"]
)
def test_what_has_no_exact_form_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInputError):
        canonical_json({"deep": [value]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, 100_000_000),
        (-0.0, 0),
        (0.0000000005, 0),
        (0.0000000015, 2),
        (1.5, 1_500_000_000),
        (1e300, str(10**309)),
        (7, 7),
        (2**53, "9007199254740992"),
        (-(2**53), "-9007199254740992"),
        (True, True),
        (None, None),
        ("0.5", "0.5"),
        ({"a": [0.5, (1, 0.25)]}, {"a": [500_000_000, [1, 250_000_000]]}),
    ],
)
def test_floats_become_integers_of_a_billionth(value: Any, expected: Any) -> None:
    assert fixed_point(value) == expected
    assert type(fixed_point(value)) is type(expected)


def test_an_integer_of_any_length_becomes_its_decimal_string() -> None:
    assert fixed_point(10**5000) == "1" + "0" * 5000


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_number_that_is_not_finite_cannot_be_recorded(value: float) -> None:
    with pytest.raises(InvalidInputError, match="finite"):
        fixed_point([{"confidence": value}])


@given(st.recursive(SCALAR | st.floats(allow_nan=False, allow_infinity=False), st.lists, max_leaves=6))
@settings(max_examples=50, deadline=None)
def test_fixed_point_data_is_canonical_and_stays_as_it_is(value: Any) -> None:
    once = fixed_point(value)

    assert fixed_point(once) == once
    assert canonical_json(once) == canonical_record(value) == rfc8785.dumps(once)
