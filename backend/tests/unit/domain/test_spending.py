from decimal import Decimal

import pytest

from app.domain.errors import InvalidInputError
from app.domain.spending import Limits, Spend


@pytest.mark.parametrize("name", ["tokens", "dollars", "seconds"])
@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_is_positive(name, limit):
    with pytest.raises(InvalidInputError, match=name):
        Limits(**{name: limit})


def test_plain_numbers_of_settings_become_exact_dollars():
    assert Limits.of(50_000, 0.1, None) == Limits(50_000, Decimal("0.1"), None)
    assert Limits.of(None, None, None) == Limits()


def test_amounts_add_up_and_a_price_that_is_not_known_adds_nothing():
    one, unpriced = Spend(100, Decimal("0.4"), 2.0), Spend(10, None, 1.0)

    assert one + unpriced == Spend(110, Decimal("0.4"), 3.0)
    assert one - unpriced == Spend(90, Decimal("0.4"), 1.0)
    assert unpriced.in_place_of(one) == Spend(10, Decimal("0.4"), 1.0)
    assert one.in_place_of(unpriced) == one
