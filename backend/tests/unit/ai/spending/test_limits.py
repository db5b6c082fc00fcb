from decimal import Decimal

import pytest

from app.ai.spending.limits import Limits
from app.domain.errors import InvalidInputError


@pytest.mark.parametrize("name", ["tokens", "dollars", "seconds"])
@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_is_positive(name, limit):
    with pytest.raises(InvalidInputError, match=name):
        Limits(**{name: limit})


def test_plain_numbers_of_settings_become_exact_dollars():
    assert Limits.of(50_000, 0.1, None) == Limits(50_000, Decimal("0.1"), None)
    assert Limits.of(None, None, None) == Limits()
