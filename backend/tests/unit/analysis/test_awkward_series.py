"""Series on which a careless formula divides by zero, overflows or loses its digits."""

from dataclasses import replace

import numpy as np
import pytest

from app.analysis.data_quality import suspected_split
from app.analysis.indicators import compute
from app.analysis.regimes import LABELS, current_regime
from app.analysis.risk_measures import MINIMUM_BARS, assess
from tests.builders import bars
from tests.unit.analysis.scenes import awkward, motionless, steady

INDEXES = ("rsi_14", "stoch_k", "stoch_d", "adx_14", "plus_di_14", "minus_di_14", "mfi_14")
BOUNDS = {**dict.fromkeys(INDEXES, (0, 100)), "williams_r_14": (-100, 0)}
OSCILLATORS = {"rsi_14", "stoch_k", "stoch_d", "williams_r_14", "cci_20", "mfi_14"}

every_series = pytest.mark.parametrize("name", awkward(1))


@every_series
@pytest.mark.parametrize("count", [1, 2, 14, 34, 100, 250])
def test_an_indicator_is_finite_and_within_its_bounds(name, count):
    with np.errstate(all="raise"):
        values = compute(awkward(count)[name])
    assert np.isfinite(list(values.values())).all()
    for indicator, (low, high) in BOUNDS.items():
        assert low - 1e-9 <= values.get(indicator, low) <= high + 1e-9


@every_series
@pytest.mark.parametrize("count", [MINIMUM_BARS, 250])
def test_a_measure_of_risk_is_finite_and_within_its_bounds(name, count):
    with np.errstate(all="raise"):
        measures = assess(awkward(count)[name])
    assert np.isfinite(list(measures.values())).all()
    assert 0 <= measures["drawdown"] <= measures["max_drawdown"] < 1
    assert measures["worst_return"] > -1
    assert 0 <= measures["loss_95"] < 1


@every_series
def test_there_is_a_regime(name):
    with np.errstate(all="raise"):
        assert current_regime(awkward(250)[name]).label in LABELS


@every_series
@pytest.mark.parametrize("count", [1, 2, 3, 250])
def test_no_split_is_seen_where_there_was_none(name, count):
    with np.errstate(all="raise"):
        assert not suspected_split(awkward(count)[name])


@pytest.mark.parametrize("price", [0.1, 1 / 3, 100.0, 1e-8, 1e9])
def test_an_oscillator_of_a_price_that_never_moves_is_not_defined(price):
    values = compute(motionless(250, price))
    assert not OSCILLATORS & set(values)
    assert values["sma_20"] == pytest.approx(price)
    assert (values["roc_10"], values["atr_14"], values["adx_14"]) == (0, 0, 0)


def test_a_price_that_stopped_moving_long_ago_is_neither_strong_nor_weak():
    assert "rsi_14" not in compute(bars([*[100.0, 110.0, 95.0, 105.0] * 10, *[100.0] * 600]))


def test_a_stochastic_is_not_defined_while_a_window_it_averages_stood_still():
    thin = motionless(250, 10.0)
    woken = replace(thin, high=np.append(thin.high[:-1], 11.0), close=np.append(thin.close[:-1], 11.0))
    assert not {"stoch_k", "stoch_d"} & set(compute(woken))
    assert compute(woken)["williams_r_14"] == 0
    assert {"stoch_k", "stoch_d"} <= set(compute(bars([10.0] * 8 + [11.0])))


def test_where_every_bar_moves_alike_there_is_no_volatility():
    measures = assess(steady(250, 0.01))
    assert (measures["volatility_20"], measures["volatility_100"], measures["volatility_ratio"]) == (0, 0, 1)


@pytest.mark.parametrize(("rate", "label"), [(0.01, "trending_bullish"), (-0.01, "trending_bearish")])
def test_where_every_bar_moves_alike_there_is_a_trend(rate, label):
    assert current_regime(steady(250, rate)).label == label
