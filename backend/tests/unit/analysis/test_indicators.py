from math import isfinite

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from app.analysis.indicators import INDICATORS, check_names, compute
from app.domain.errors import InvalidInputError, UnknownNameError
from app.market_data.sample_bars import SAMPLE_SYMBOLS
from tests.builders import bars, waves
from tests.unit.analysis.real_bars import flat_bars, in_unit, window, without_volume

VOLUME_NAMES = {"obv", "mfi_14"}
OF_A_PRICE = {each.name for each in INDICATORS if each.unit == "price"}


def wilder(values, count):
    """Wilder's average: the plain mean of the first `count` values, then one part in `count` new."""
    average = sum(values[:count]) / count
    for value in values[count:]:
        average = (average * (count - 1) + value) / count
    return average


def true_ranges(some):
    moves = zip(some.high[1:], some.low[1:], some.close[:-1], strict=True)
    return [max(high - low, abs(high - before), abs(low - before)) for high, low, before in moves]


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_the_moving_averages_are_the_means_of_the_last_closes(symbol):
    some = window(symbol)
    values = compute(some)
    assert values["sma_20"] == approx(sum(some.close[-20:]) / 20)
    assert values["sma_50"] == approx(sum(some.close[-50:]) / 50)


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_rsi_weighs_gains_against_losses_by_wilders_smoothing(symbol):
    some = window(symbol)
    moves = [float(move) for move in np.diff(some.close)]
    gain, loss = wilder([max(move, 0) for move in moves], 14), wilder([max(-move, 0) for move in moves], 14)
    assert compute(some)["rsi_14"] == approx(100 * gain / (gain + loss))


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_atr_smooths_the_true_range_by_wilders_method(symbol):
    some = window(symbol)
    assert compute(some)["atr_14"] == approx(wilder(true_ranges(some), 14))


def test_the_bands_lie_two_deviations_from_the_average():
    some = window()
    values = compute(some)
    assert values["bb_middle"] == approx(values["sma_20"])
    assert values["bb_upper"] - values["bb_middle"] == approx(2 * float(np.std(some.close[-20:])))
    assert values["bb_middle"] - values["bb_lower"] == approx(values["bb_upper"] - values["bb_middle"])


def test_williams_r_tells_where_the_close_lies_in_the_range_of_fourteen_bars():
    some = window()
    high, low = max(some.high[-14:]), min(some.low[-14:])
    assert compute(some)["williams_r_14"] == approx(-100 * (high - some.close[-1]) / (high - low))


def test_the_rate_of_change_is_in_percent_over_ten_bars():
    some = window()
    assert compute(some)["roc_10"] == approx(100 * (some.close[-1] / some.close[-11] - 1))


def test_the_histogram_is_the_line_minus_its_signal():
    values = compute(window())
    assert values["macd_histogram"] == approx(values["macd"] - values["macd_signal"])


def test_on_balance_volume_adds_what_was_traded_on_the_way_up_and_takes_off_the_rest():
    some = window()
    signs = np.sign(np.diff(some.close))
    assert compute(some)["obv"] == approx(some.volume[0] + float((signs * some.volume[1:]).sum()))


@pytest.mark.parametrize("each", INDICATORS, ids=lambda each: each.name)
def test_an_indicator_appears_with_its_minimum_of_bars_and_not_one_before(each):
    assert each.name not in compute(window(count=each.minimum_bars - 1))
    assert each.name in compute(window(count=each.minimum_bars))


def test_with_a_long_history_every_indicator_is_there_and_no_other():
    assert set(compute(window())) == {each.name for each in INDICATORS}


def test_without_volume_only_the_indicators_of_volume_are_missing():
    assert {each.name for each in INDICATORS} - set(compute(without_volume(window()))) == VOLUME_NAMES


def test_no_bars_have_no_indicators():
    assert compute(window(count=0)) == {}


def test_a_price_that_never_moves_has_averages_but_no_oscillators():
    values = compute(flat_bars(200))
    assert values["sma_20"] == values["bb_upper"] == 100
    assert not {"rsi_14", "stoch_k", "williams_r_14", "mfi_14"} & set(values)


@given(st.integers(-60, 60), st.integers(0, 3_000))
def test_a_power_of_two_in_the_unit_of_the_price_changes_no_bit(power, start):
    some = window(start=start)
    values, scaled = compute(some), compute(in_unit(some, 2.0**power))
    expected = {name: value * 2.0**power if name in OF_A_PRICE else value for name, value in values.items()}
    assert scaled == expected


@pytest.mark.parametrize("unit", [1e-8, 1e-3, 10.0, 1e8])
def test_any_other_unit_changes_nothing_but_the_last_digits(unit):
    some = window()
    values, scaled = compute(some), compute(in_unit(some, unit))
    assert scaled == approx(
        {name: value * (unit if name in OF_A_PRICE else 1) for name, value in values.items()}, rel=1e-6
    )


@given(st.lists(st.floats(1e-8, 1e8), min_size=1, max_size=120))
def test_what_is_returned_is_finite_whatever_the_prices(closes):
    assert all(isfinite(value) for value in compute(bars(closes)).values())


def test_every_indicator_tells_its_meaning_unit_and_least_history():
    assert len({each.name for each in INDICATORS}) == len(INDICATORS)
    assert all(each.meaning and each.unit and each.minimum_bars > 0 for each in INDICATORS)


def test_computing_twice_gives_the_same_values():
    some = bars(waves(200))
    assert compute(some) == compute(some)


def test_names_of_indicators_may_be_supplied():
    check_names({"rsi_14": 71.0, "sma_50": 12})


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(UnknownNameError, match=r"Unknown indicator 'rsi_41'\. Choose .*rsi_14"):
        check_names({"rsi_41": 71.0})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_supplied_value_must_be_finite(value):
    with pytest.raises(InvalidInputError, match=r"technical_indicators\.rsi_14 must be a finite number"):
        check_names({"rsi_14": value})
