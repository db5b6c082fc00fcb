from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.indicators import INDICATORS, check_names, compute
from app.domain.errors import InvalidInputError, UnknownNameError
from tests.builders import bars
from tests.unit.analysis.by_hand import by_hand
from tests.unit.analysis.scenes import at_level, awkward, motionless, real, spiky, walk, with_volume

MINIMUM = {each.name: each.minimum_bars for each in INDICATORS}
UNIT = {each.name: each.unit for each in INDICATORS}
BOUNDS = {name: (0, 100) for name in ("rsi_14", "stoch_k", "stoch_d", "adx_14", "plus_di_14", "minus_di_14", "mfi_14")}
BOUNDS["williams_r_14"] = (-100, 0)


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG", "IBM", "MSFT"])
@pytest.mark.parametrize("end", [250, 1_000, 2_100])
def test_every_indicator_is_what_its_formula_says(symbol, end):
    window = real(symbol, 250, end)
    assert compute(window) == pytest.approx(by_hand(window), rel=1e-9, abs=1e-9)


def test_every_indicator_is_checked_by_hand():
    assert set(by_hand(real())) == set(MINIMUM)


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda each: each.name)
def test_an_indicator_appears_with_its_minimum_of_bars_and_not_before(indicator):
    assert indicator.name not in compute(real(count=indicator.minimum_bars - 1))
    assert indicator.name in compute(real(count=indicator.minimum_bars))


def test_names_are_told_once_with_a_meaning_and_a_known_unit():
    assert len(MINIMUM) == len(INDICATORS)
    assert all(each.meaning for each in INDICATORS)
    assert set(UNIT.values()) == {"price", "percent", "index", "shares", "none"}


def test_without_bars_nothing_is_defined():
    assert compute(real(count=0)) == {}


def test_one_bar_defines_the_volume_balance_alone():
    one = real(count=1)
    assert compute(one) == {"obv": float(one.volume[0])}


@pytest.mark.parametrize("count", [1, 2, 14, 34, 100, 250])
def test_whatever_the_series_a_value_is_finite_and_within_its_bounds(count):
    for name, series in awkward(count).items():
        values = compute(series)
        assert all(np.isfinite(value) for value in values.values()), name
        for indicator, (low, high) in BOUNDS.items():
            assert low - 1e-9 <= values.get(indicator, low) <= high + 1e-9, (name, indicator)


def test_ten_thousand_bars_are_taken():
    assert set(compute(walk(10_000))) == set(MINIMUM)


@pytest.mark.parametrize("price", [0.1, 1 / 3, 100.0, 1e-8, 1e9])
def test_an_oscillator_of_a_price_that_never_moves_is_not_defined(price):
    values = compute(motionless(250, price))
    assert not {"rsi_14", "stoch_k", "stoch_d", "williams_r_14", "cci_20", "mfi_14"} & set(values)
    assert values["sma_20"] == pytest.approx(price)
    assert values["bb_upper"] - values["bb_lower"] == pytest.approx(0, abs=1e-9 * price)
    assert (values["roc_10"], values["atr_14"], values["adx_14"]) == (0, 0, 0)


def test_a_price_that_stopped_moving_long_ago_has_no_strength():
    moved = [100.0, 110.0, 95.0, 105.0] * 10
    assert "rsi_14" not in compute(bars([*moved, *[100.0] * 600]))


@pytest.mark.parametrize("volume", [0.0, float("nan")])
def test_without_known_volume_what_needs_it_is_absent(volume):
    assert set(compute(real())) - set(compute(with_volume(real(), volume))) == {"obv", "mfi_14"}


def test_money_flow_of_a_thinly_traded_end_is_not_lost_beside_a_busy_past():
    window = real()
    thin = replace(window, volume=np.where(np.arange(250) < 50, window.volume * 1e9, window.volume))
    assert compute(thin)["mfi_14"] == pytest.approx(compute(window)["mfi_14"], abs=1e-4)


@pytest.mark.parametrize("power", [-40, -3, 1, 10, 30])
def test_doubling_the_price_scales_what_is_a_price_exactly_and_leaves_the_rest(power):
    scaled = compute(at_level(real(), 2.0**power))
    assert scaled == {
        name: value * 2.0**power if UNIT[name] == "price" else value for name, value in compute(real()).items()
    }


@given(st.floats(1e-8, 1e9))
def test_at_any_price_level_the_values_are_the_same_up_to_rounding(factor):
    scaled, plain = compute(at_level(real(), factor)), compute(real())
    assert set(scaled) == set(plain)
    for name, value in scaled.items():
        unit = factor if UNIT[name] == "price" else 1
        assert value / unit == pytest.approx(plain[name], rel=1e-8, abs=1e-8), name


@given(st.floats(1e-9, 1e9))
def test_counting_shares_in_other_lots_changes_only_the_volume_balance(factor):
    window = real()
    scaled = compute(with_volume(window, window.volume * factor))
    expected = compute(window)
    expected["obv"] *= factor
    assert scaled == pytest.approx(expected, rel=1e-8)


def test_a_giant_spike_leaves_the_short_indicators_of_later_bars_alone():
    values = compute(spiky(250))
    assert 0 < values["atr_14"] and 0 < values["sma_20"] < 1_000
    assert values["williams_r_14"] == pytest.approx(compute(spiky(250).between(210, 250))["williams_r_14"])


def test_later_bars_do_not_reach_back():
    window, longer = real(count=250, end=1_250), real(count=400, end=1_400)
    assert compute(longer.between(0, 250)) == compute(window)


def test_a_supplied_name_that_is_no_indicator_is_refused_with_the_known_ones():
    with pytest.raises(UnknownNameError, match="rsi_14"):
        check_names({"rsi": 50.0})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_supplied_value_that_is_no_number_is_refused(value):
    with pytest.raises(InvalidInputError, match=r"technical_indicators\.rsi_14"):
        check_names({"rsi_14": value})


def test_supplied_values_under_known_names_are_accepted():
    check_names({"rsi_14": 21.5, "obv": -3e9})
