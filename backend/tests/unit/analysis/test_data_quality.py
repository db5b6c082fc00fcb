from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.data_quality import is_stale, suspected_split
from app.domain.times import from_micros, to_micros
from app.market_data.sample_bars import SAMPLE_SYMBOLS
from tests.builders import bars, waves
from tests.unit.analysis.real_bars import in_unit, real, unadjusted, window

SPLIT_DAY = to_micros(datetime(2005, 2, 28, tzinfo=UTC))


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_real_adjusted_prices_are_not_suspected_even_in_crashes(symbol):
    some = real(symbol)
    assert not any(suspected_split(some.between(end - 250, end)) for end in range(250, len(some), 50))


def test_the_split_of_february_2005_is_found_once_its_adjustment_is_undone():
    some = real("AAPL")
    place = int(np.searchsorted(some.times, SPLIT_DAY))
    assert int(some.times[place]) == SPLIT_DAY
    assert not suspected_split(some.between(place - 100, place + 100))
    assert suspected_split(unadjusted(some, 2, place).between(place - 100, place + 100))


def test_the_bundled_prices_do_not_jump_at_that_split():
    some = real("AAPL")
    place = int(np.searchsorted(some.times, SPLIT_DAY))
    assert abs(some.close[place] / some.close[place - 1] - 1) < 0.25


@pytest.mark.parametrize("ratio", [2, 3, 4, 5, 7, 10, 20, 1 / 2, 1 / 5, 1 / 10])
@pytest.mark.parametrize("symbol", ["IBM", "MSFT"])
def test_common_splits_are_found_in_either_direction(symbol, ratio):
    assert suspected_split(unadjusted(window(symbol), ratio, 125))


@pytest.mark.parametrize("ratio", [2, 3, 7, 1.5, 1 / 2, 1 / 3, 1 / 7, 2 / 3])
@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_a_split_is_found_anywhere_in_a_long_series_that_had_none(symbol, ratio):
    assert not suspected_split(real(symbol))
    assert all(suspected_split(unadjusted(real(symbol), ratio, place)) for place in (1, 1_000, 2_100))


def test_three_for_two_is_found_in_a_calm_market():
    assert suspected_split(unadjusted(window("IBM"), 1.5, 125))


def test_a_crash_within_the_day_is_not_a_split():
    some = bars(waves(200))
    fallen = some.close.copy()
    fallen[150:] /= 2
    opens = np.concatenate([some.open[:151], fallen[150:-1]])
    low = np.minimum(np.minimum(opens, fallen), some.low)
    assert not suspected_split(replace(some, open=opens, close=fallen, low=low))


def test_a_gap_that_is_no_ratio_of_a_split_is_not_one():
    assert not suspected_split(unadjusted(window("IBM"), 1.72, 125))


def test_where_such_moves_are_usual_nothing_is_suspected():
    leaps = bars([100.0 * (2.0 if place % 2 else 1.0) for place in range(100)])
    assert not suspected_split(replace(leaps, open=leaps.close.copy()))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_bars_tell_nothing(count):
    assert not suspected_split(real("IBM").between(0, count))


@given(st.integers(-40, 40), st.sampled_from([1.0, 2.0, 7.0]))
def test_the_unit_of_the_price_plays_no_part(power, ratio):
    some = unadjusted(window("IBM"), ratio, 125)
    assert suspected_split(some) == suspected_split(in_unit(some, 2.0**power))


@pytest.mark.parametrize("interval", ["1m", "1h", "1d"])
def test_bars_are_stale_once_the_last_ended_more_than_three_intervals_ago(interval):
    some = bars(waves(5), interval)
    at_three = from_micros(some.ends_at + 3 * some.interval.micros)
    assert not is_stale(some, from_micros(some.ends_at))
    assert not is_stale(some, at_three)
    assert is_stale(some, at_three + timedelta(microseconds=1))


def test_where_there_is_no_bar_none_is_stale():
    assert not is_stale(bars(waves(5)).between(0, 0), datetime(2026, 1, 1, tzinfo=UTC))
