"""MockDataGenerator: what its bars, ticks, quotes and headlines promise."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from app.ai.tools.news_lexicon import score
from app.analysis.indicators import INDICATORS
from app.analysis.regimes import current_regime
from app.domain.bar_checks import bars_of
from app.domain.errors import InvalidInputError, UnknownNameError
from app.domain.market import Bars, Interval
from app.domain.times import from_micros
from app.testing.mock_data_generator import REGIMES, MockDataGenerator
from app.testing.mock_market.facts import correlation, log_returns

MINUTE = Interval.parse("1m")
DIGEST = """
from app.testing.mock_data_generator import MockDataGenerator
market = MockDataGenerator(7)
bars = market.generate_bars("AAPL", "regime_switching", 300)
ticks = market.generate_ticks("AAPL", bars.between(0, 3), 50)
print(bars.digest(), float(ticks.price.sum()), [item.title for item in market.generate_news("AAPL", bars)][:3])
"""


def checked(bars: Bars) -> Bars:
    """The same bars, through the checks of a request."""
    times = [from_micros(int(moment)) for moment in bars.times]
    return bars_of(times, [bars.open, bars.high, bars.low, bars.close], bars.volume, bars.interval)


def labels_at_the_end(regime, markets=40):
    """How often a series of this regime ends under each label."""
    series = (MockDataGenerator(seed).generate_bars("AAPL", regime, 250) for seed in range(markets))
    return Counter(current_regime(bars).label for bars in series)


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("interval", ["1d", "1m", "1w"])
def test_bars_of_every_regime_pass_the_checks_of_a_request(regime, interval):
    bars = MockDataGenerator(3).generate_bars("AAPL", regime, 1_500, interval=Interval.parse(interval))

    assert checked(bars).digest() == bars.digest()
    assert (bars.volume >= 1).all()


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("count", [0, 1, 2, 29, 61])
def test_any_number_of_bars_can_be_asked_for(regime, count):
    assert len(MockDataGenerator(3).generate_bars("AAPL", regime, count)) == count


@pytest.mark.parametrize("regime", REGIMES)
def test_prices_stay_finite_and_above_nothing_however_long_a_regime_lasts(regime):
    bars = MockDataGenerator(3).generate_bars("AAPL", regime, 200_000)

    assert np.isfinite(bars.high).all()
    assert (bars.low > 0).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()


def test_every_run_gives_the_same_bytes():
    runs = [subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, check=True).stdout for _ in range(2)]

    assert runs[0] == runs[1] != b""


def test_another_symbol_seed_or_regime_gives_other_bars():
    market = MockDataGenerator(7)
    others = (
        market.generate_bars("MSFT", "sideways", 300),
        MockDataGenerator(8).generate_bars("AAPL", "sideways", 300),
    )
    known = {bars.digest() for bars in (*others, market.generate_bars("AAPL", "low_volatility", 300))}

    assert len(known | {market.generate_bars("AAPL", "sideways", 300).digest()}) == 4


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("shorter", [40, 333])
def test_a_longer_series_begins_like_a_shorter_one(regime, shorter):
    market = MockDataGenerator(7)
    long, short = (market.generate_bars("AAPL", regime, count, lead_in=50) for count in (700, shorter))

    assert long.between(0, shorter).digest() == short.digest()


@pytest.mark.parametrize("regime", [name for name in REGIMES if name != "regime_switching"])
def test_a_series_mostly_ends_in_what_was_asked_for(regime):
    """Labels compare with the last 100 bars, so a change of volatility needs bars of a usual market before it."""
    if regime.endswith("volatility"):
        markets = [MockDataGenerator(seed) for seed in range(40)]
        series = [market.generate_bars("AAPL", regime, 250, lead_in=225) for market in markets]
        found = Counter(current_regime(bars).label for bars in series)
    else:
        found = labels_at_the_end(regime)
    assert found.most_common(1)[0][0] == regime, found


def test_a_market_that_switches_shows_every_label():
    bars = MockDataGenerator(2).generate_bars("AAPL", "regime_switching", 3_000)

    assert min(each["bars"] for each in MockDataGenerator.markov_analysis(bars)["persistence"].values()) > 0


def test_regimes_differ_in_drift_and_in_volatility():
    def typical(regime, figure):
        return np.median([figure(log_returns(each.generate_bars("AAPL", regime, 500))) for each in markets])

    markets = [MockDataGenerator(seed) for seed in range(10)]

    assert typical("trending_bullish", np.sum) > 0.5 > -0.5 > typical("trending_bearish", np.sum)
    assert typical("high_volatility", np.std) > 1.5 * typical("sideways", np.std)
    assert typical("sideways", np.std) > 1.5 * typical("low_volatility", np.std)


def test_a_crash_loses_a_fifth_or_more_and_a_recovery_comes_back_from_one():
    falls, rebounds = [], []
    for seed in range(20):
        crash, recovery = (MockDataGenerator(seed).generate_bars("AAPL", name, 250) for name in ("crash", "recovery"))
        falls.append(crash.close[-1] / crash.close[-31] - 1)
        rebounds.append(recovery.close[-1] / recovery.close[-31] - 1)

    assert np.median(falls) < -0.2
    assert np.median(rebounds) > 0.08


def test_a_regime_begins_after_its_lead_in():
    closes = [MockDataGenerator(seed).generate_bars("AAPL", "crash", 160, lead_in=100).close for seed in range(20)]

    assert 0.8 < np.median([close[99] / close[0] for close in closes]) < 1.25
    assert np.median([close[129] / close[99] for close in closes]) < 0.8


def test_symbols_of_one_market_move_together_as_real_stocks_do():
    found = []
    for seed in range(8):
        pair = MockDataGenerator(seed).generate_market(("AAPL", "MSFT"), "sideways", 2_000)
        found.append(correlation(*map(log_returns, pair.values())))

    assert 0.4 < np.median(found) < 0.6


def test_without_correlation_they_do_not():
    pair = MockDataGenerator(1, correlation=0.0).generate_market(("AAPL", "MSFT"), "sideways", 4_000)

    assert abs(correlation(*map(log_returns, pair.values()))) < 0.1


def test_daily_bars_come_on_weekdays_and_minutes_in_sessions():
    daily = MockDataGenerator().generate_bars("AAPL", "sideways", 30, start=datetime(2024, 1, 6, tzinfo=UTC))
    minutes = MockDataGenerator().generate_bars("AAPL", "sideways", 800, interval=MINUTE)
    days = [from_micros(int(moment)) for moment in daily.times]
    moments = [from_micros(int(moment)) for moment in minutes.times]

    assert days[0] == datetime(2024, 1, 8, tzinfo=UTC)
    assert {day.weekday() for day in days} == set(range(5))
    assert {moment.strftime("%H:%M") for moment in moments[::390]} == {"14:30"}
    assert moments[389].strftime("%H:%M") == "20:59"


def test_around_the_clock_bars_follow_one_another():
    start = datetime(2024, 1, 6, 23, 59, tzinfo=UTC)
    bars = MockDataGenerator().generate_bars("AAPL", "crash", 100, interval=MINUTE, start=start, sessions=False)

    assert from_micros(int(bars.times[0])) == start
    assert set(np.diff(bars.times)) == {MINUTE.micros}


def test_sessions_are_lively_at_both_ends_and_open_with_a_gap():
    bars = MockDataGenerator(4).generate_bars("AAPL", "sideways", 390 * 250, interval=MINUTE)
    sizes = np.log(bars.high / bars.low).reshape(250, 390).mean(axis=0)
    volume = bars.volume.reshape(250, 390).mean(axis=0)
    gaps = np.abs(np.log(bars.open[1:] / bars.close[:-1]))

    assert sizes[:30].mean() > 1.3 * sizes[180:210].mean() < sizes[-30:].mean()
    assert volume[:30].mean() > 1.3 * volume[180:210].mean() < volume[-30:].mean()
    assert gaps[389::390].mean() > 10 * gaps.mean()


def test_days_made_of_minutes_are_as_volatile_as_days():
    closes = MockDataGenerator(4).generate_bars("AAPL", "high_volatility", 390 * 400, interval=MINUTE).close[389::390]
    daily = MockDataGenerator(4).generate_bars("AAPL", "high_volatility", 400)

    assert 0.5 < np.diff(np.log(closes)).std() / log_returns(daily).std() < 2


def test_the_start_price_sets_the_scale():
    cheap, dear = (
        MockDataGenerator(4).generate_bars("AAPL", "sideways", 50, start_price=price) for price in (0.001, 1_000_000)
    )

    assert dear.close / cheap.close == pytest.approx(np.full(50, 1e9), rel=1e-3)


def test_ticks_make_up_their_bars():
    market = MockDataGenerator(4)
    bars = market.generate_bars("AAPL", "crash", 390, interval=MINUTE)
    ticks = market.generate_ticks("AAPL", bars, 20)
    prices, sizes = ticks.price.reshape(390, 20), ticks.size.reshape(390, 20)

    assert np.array_equal(prices[:, 0], bars.open)
    assert np.array_equal(prices[:, -1], bars.close)
    assert np.array_equal(prices.max(axis=1), bars.high)
    assert np.array_equal(prices.min(axis=1), bars.low)
    assert np.array_equal(sizes.sum(axis=1), bars.volume)
    assert (np.diff(ticks.times) >= 0).all()
    assert len(market.generate_ticks("AAPL", bars.between(0, 10))) == 10 * 61


def test_quotes_are_never_crossed_and_stay_near_the_bars():
    market = MockDataGenerator(4)
    bars = market.generate_bars("AAPL", "crash", 390, interval=MINUTE)
    quotes = market.generate_quotes("AAPL", bars, 10)

    assert (quotes.bid < quotes.ask).all()
    assert (quotes.bid > 0).all()
    assert (quotes.ask.reshape(390, 10).min(axis=1) < bars.high * 1.01).all()
    assert (np.diff(quotes.times) >= 0).all()
    assert (np.concatenate((quotes.bid_size, quotes.ask_size)) >= 100).all()
    assert len(market.generate_quotes("AAPL", bars)) == 390 * 53


def test_large_moves_make_headlines_of_their_direction():
    market = MockDataGenerator(4)
    bars = market.generate_bars("AAPL", "crash", 250)
    news = market.generate_news("AAPL", bars)
    ends = {from_micros(int(moment) + bars.interval.micros): place for place, moment in enumerate(bars.times)}
    tones = {ends[item.timestamp]: score(item.title, item.text) for item in news}

    assert any(tone < -0.5 for place, tone in tones.items() if place > 220)
    for place, tone in tones.items():
        assert tone == 0 or (tone > 0) == (bars.close[place] > bars.close[place - 1])


def test_headlines_know_nothing_of_later_bars():
    market = MockDataGenerator(4)
    bars = market.generate_bars("AAPL", "crash", 250)
    prefix = market.generate_news("AAPL", bars.between(0, 200))

    assert len(prefix) > 10
    assert market.generate_news("AAPL", bars)[: len(prefix)] == prefix


def test_indicators_of_a_series_have_a_value_at_every_bar_that_allows_one():
    bars = MockDataGenerator(4).generate_bars("AAPL", "crash", 250)
    columns = MockDataGenerator.technical_indicators(bars)

    assert columns.keys() == {each.name for each in INDICATORS}
    assert all(np.isfinite(columns[each.name][each.minimum_bars :]).all() for each in INDICATORS)


@pytest.mark.parametrize(
    ("refused", "asked"),
    [
        ("count", {"count": -1}),
        ("start_price", {"start_price": 0.0}),
        ("start_price", {"start_price": float("nan")}),
        ("lead_in", {"lead_in": -1}),
        ("9999", {"count": 3_000_000}),
    ],
)
def test_what_cannot_be_is_refused_by_name(refused, asked):
    with pytest.raises(InvalidInputError, match=refused):
        MockDataGenerator().generate_bars("AAPL", "sideways", **{"count": 10, **asked})


@pytest.mark.parametrize(("seed", "correlation"), [(-1, None), (2**64, None), (0, 1.0), (0, -0.1)])
def test_a_market_that_cannot_be_is_refused(seed, correlation):
    with pytest.raises(InvalidInputError):
        MockDataGenerator(seed, correlation=correlation)


def test_an_unknown_regime_is_refused_with_the_known_ones():
    with pytest.raises(UnknownNameError, match="trending_bullish"):
        MockDataGenerator().generate_bars("AAPL", "moon", 10)


def test_too_few_ticks_or_quotes_are_refused():
    bars = MockDataGenerator().generate_bars("AAPL", "sideways", 3)
    with pytest.raises(InvalidInputError, match="per_bar"):
        MockDataGenerator().generate_ticks("AAPL", bars, 3)
    with pytest.raises(InvalidInputError, match="per_bar"):
        MockDataGenerator().generate_quotes("AAPL", bars, 0)
