from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.domain.bar_checks import bars_of
from app.domain.errors import InvalidMarketDataError
from app.domain.market import MAX_BARS, Interval
from tests.builders import START

DAY = timedelta(days=1)


def columns(count=5):
    return {
        "times": [START + DAY * place for place in range(count)],
        "open": [10.0] * count,
        "high": [11.0] * count,
        "low": [9.0] * count,
        "close": [10.5] * count,
        "volume": [100.0] * count,
    }


def build(**changed):
    raw = {**columns(), **changed}
    prices = [raw[name] for name in ("open", "high", "low", "close")]
    return bars_of(raw["times"], prices, raw["volume"])


def at(place, value, name):
    column = list(columns()[name])
    column[place] = value
    return {name: column}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (at(3, float("nan"), "close"), "bars.3: a price is not a finite number"),
        (at(3, float("inf"), "high"), "bars.3: a price is not a finite number"),
        (at(2, float("inf"), "volume"), "bars.2: the volume is not a finite number"),
        (at(2, START, "times"), "bars.2: its time is before"),
        (at(2, START + DAY, "times"), "bars.2: its time is the same"),
        (at(1, -9.0, "low"), "bars.1: a price is not above 0"),
        (at(1, 0.0, "open"), "bars.1: a price is not above 0"),
        (at(4, -1.0, "volume"), "bars.4: the volume is negative"),
        (at(2, 8.0, "high"), "bars.2: high is below low"),
        (at(2, 12.0, "close"), "bars.2: open or close is above high"),
        (at(2, 8.5, "open"), "bars.2: open or close is below low"),
    ],
)
def test_an_impossible_bar_is_refused_by_place_and_reason(changed, why):
    with pytest.raises(InvalidMarketDataError, match=why):
        build(**changed)


def test_ten_thousand_and_one_bars_are_too_many():
    with pytest.raises(InvalidMarketDataError, match=r"At most 10,000 bars"):
        many = columns(MAX_BARS + 1)
        bars_of(many["times"], [many[name] for name in ("open", "high", "low", "close")], many["volume"])


def test_the_interval_is_the_most_frequent_step_so_that_weekends_do_not_matter():
    times = [START + DAY * day for day in (0, 1, 2, 3, 4, 7, 8)]
    seven = columns(7)
    made = bars_of(times, [seven[name] for name in ("open", "high", "low", "close")], seven["volume"])
    assert made.interval == Interval("1d", 86_400)


def test_one_bar_needs_its_interval_told():
    one = {name: column[:1] for name, column in columns().items()}
    with pytest.raises(InvalidMarketDataError, match="give it, such as 1d"):
        build(**one)


@pytest.mark.parametrize(
    ("step", "text"),
    [(60, "1m"), (900, "15m"), (3_600, "1h"), (14_400, "4h"), (86_400, "1d"), (604_800, "1w"), (7, "7s")],
)
def test_an_inferred_interval_is_told_in_its_largest_unit(step, text):
    stamps = np.arange(4, dtype=np.int64) * step * 1_000_000
    assert Interval.infer(stamps).text == text


@pytest.mark.parametrize("text", ["", "d", "0d", "1y", "-1d", "1.5h", "1d ", "999999d"])
def test_what_is_no_interval_is_refused(text):
    with pytest.raises(InvalidMarketDataError, match="such as 1d or 15m"):
        Interval.parse(text)


def test_a_bar_that_ends_after_the_calendar_is_refused():
    times = [datetime(9999, 12, day, tzinfo=UTC) for day in (29, 30, 31)]
    three = columns(3)
    with pytest.raises(InvalidMarketDataError, match=r"bars\.2: it ends after the year 9999"):
        bars_of(times, [three[name] for name in ("open", "high", "low", "close")], three["volume"])
