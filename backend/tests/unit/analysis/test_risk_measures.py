from math import isfinite, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from app.analysis.risk_measures import MINIMUM_BARS, assess, bars_per_year
from app.market_data.sample_bars import SAMPLE_SYMBOLS
from tests.builders import bars, waves
from tests.unit.analysis.real_bars import flat_bars, in_unit, real, window


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_a_year_of_trading_sessions_has_about_252_bars(symbol):
    assert bars_per_year(real(symbol)) == approx(252, abs=2)


@pytest.mark.parametrize(("interval", "count"), [("1d", 365.25), ("1h", 8_766), ("1w", 52.18)])
def test_bars_without_gaps_fill_the_year(interval, count):
    assert bars_per_year(bars(waves(200), interval)) == approx(count, rel=1e-3)


def test_volatility_is_the_deviation_of_the_last_returns_over_a_year():
    some = window()
    returns = np.diff(np.log(some.close))
    year = sqrt(bars_per_year(some))
    measures = assess(some)
    assert measures["volatility_20"] == approx(float(np.std(returns[-20:])) * year)
    assert measures["volatility_100"] == approx(float(np.std(returns[-100:])) * year)
    assert measures["volatility_ratio"] == approx(measures["volatility_20"] / measures["volatility_100"])


def test_the_drawdown_is_counted_from_the_highest_close_so_far():
    measures = assess(bars([100.0] * 50 + [200.0] + [50.0] * 25 + [150.0] * 50))
    assert (measures["drawdown"], measures["max_drawdown"]) == (approx(0.25), approx(0.75))


def test_at_its_high_a_price_has_no_drawdown():
    measures = assess(bars([100 * 1.001**place for place in range(150)]))
    assert (measures["drawdown"], measures["max_drawdown"], measures["loss_95"]) == (0, 0, 0)


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_one_bar_in_twenty_loses_more_than_the_95_percent_loss(symbol):
    some = window(symbol, count=241)
    returns = some.close[1:] / some.close[:-1] - 1
    measures = assess(some)
    assert measures["worst_return"] == approx(float(returns.min()))
    assert int((returns < -measures["loss_95"] - 1e-12).sum()) == 12


@pytest.mark.parametrize("factor", [2.0**-40, 1e-8, 10.0, 1e8])
def test_the_unit_of_the_price_plays_no_part(factor):
    some = window()
    assert assess(in_unit(some, factor)) == approx(assess(some), rel=1e-9)


def test_a_price_that_never_moves_has_no_risk():
    measures = assess(flat_bars(150))
    assert measures.pop("volatility_ratio") == 1
    assert set(measures.values()) == {0.0}


@given(st.lists(st.floats(1e-8, 1e8), min_size=MINIMUM_BARS, max_size=MINIMUM_BARS + 20))
def test_what_is_measured_is_finite_whatever_the_prices(closes):
    measures = assess(bars(closes))
    assert all(isfinite(value) for value in measures.values())
    assert 0 <= measures["drawdown"] <= measures["max_drawdown"] < 1
