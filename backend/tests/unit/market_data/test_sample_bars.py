import pytest

from app.domain.errors import UnknownNameError
from app.domain.times import from_micros, parse_time
from app.market_data.sample_bars import SAMPLE_SYMBOLS, sample_bars, sample_news


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_the_bundled_bars_are_years_of_daily_bars_with_volume(symbol):
    bars = sample_bars(symbol)

    assert len(bars) > 2_000
    assert bars.interval.text == "1d"
    assert bars.has_volume


def test_the_bundled_headlines_lie_within_the_bundled_bars():
    bars = sample_bars("AAPL")
    times = [parse_time(item["timestamp"]) for item in sample_news("AAPL")]

    assert times == sorted(times)
    assert from_micros(int(bars.times[0])) < times[0]
    assert times[-1] < from_micros(bars.ends_at)


def test_a_symbol_without_headlines_has_none():
    assert sample_news("IBM") == []


def test_other_symbols_are_not_bundled():
    with pytest.raises(UnknownNameError, match="Choose AAPL, GOOG, IBM or MSFT"):
        sample_bars("TSLA")
