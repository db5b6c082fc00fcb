from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidMarketDataError
from app.domain.market import AnalysisContext
from tests.builders import START, bars, context, waves


def test_a_bar_exists_from_its_end():
    daily = bars(waves(10))
    assert len(daily.until(START + timedelta(days=3))) == 3
    assert len(daily.until(START + timedelta(days=3, microseconds=-1))) == 2


@given(st.integers(min_value=-2, max_value=14))
def test_nothing_that_ends_later_is_visible(days):
    as_of = START + timedelta(days=days)
    seen = bars(waves(10)).until(as_of)
    assert len(seen) == min(max(days, 0), 10)


def test_the_digest_changes_with_any_value_and_with_the_interval():
    daily, other, hourly = bars(waves(10)), bars([*waves(9), 99.0]), bars(waves(10), "1h")
    assert len({daily.digest(), other.digest(), hourly.digest()}) == 3
    assert daily.digest() == bars(waves(10)).digest()


def test_a_view_has_the_digest_of_its_own_bars():
    assert bars(waves(10)).between(0, 4).digest() == bars(waves(4)).digest()


def test_volume_counts_only_when_every_bar_has_it():
    daily = bars(waves(5))
    assert daily.has_volume
    daily.volume[2] = np.nan
    assert not daily.has_volume


def test_the_callers_quote_comes_before_the_last_close():
    assert context((100.0, 101.0)).price == 101.0
    assert context((100.0, 101.0), current_price=105.0).price == 105.0


def test_without_bars_and_quote_there_is_no_price():
    empty = AnalysisContext("AAPL", bars(waves(3)).between(0, 0), START)
    with pytest.raises(InvalidMarketDataError, match="supply one of them"):
        _ = empty.price
