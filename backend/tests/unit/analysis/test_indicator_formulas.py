"""Every indicator against its formula worked out slowly, on real bars and where digits get lost."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.indicators import INDICATORS, compute
from tests.unit.analysis.by_hand import by_hand
from tests.unit.analysis.real_bars import in_unit, window
from tests.unit.analysis.scenes import spiky, walk

UNIT = {each.name: each.unit for each in INDICATORS}


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG", "IBM", "MSFT"])
@pytest.mark.parametrize("start", [0, 750, 1_850])
def test_every_indicator_is_what_its_formula_says(symbol, start):
    some = window(symbol, start)
    assert compute(some) == pytest.approx(by_hand(some), rel=1e-9, abs=1e-9)


def test_no_indicator_goes_without_being_checked():
    assert set(by_hand(window())) == set(UNIT)


def test_the_longest_history_changes_no_formula():
    assert compute(walk(10_000)) == pytest.approx(by_hand(walk(10_000)), rel=1e-6, abs=1e-6)


def test_the_units_are_those_the_docstring_knows():
    assert set(UNIT.values()) == {"price", "percent", "index", "shares", "none"}


def test_one_bar_defines_the_volume_balance_alone():
    one = window(count=1)
    assert compute(one) == {"obv": float(one.volume[0])}


def test_a_spike_long_past_leaves_the_range_of_fourteen_bars_alone():
    assert compute(spiky(250))["williams_r_14"] == pytest.approx(by_hand(spiky(250))["williams_r_14"])


def test_money_flow_of_a_thinly_traded_end_is_not_lost_beside_a_busy_past():
    some = window()
    thin = replace(some, volume=np.where(np.arange(250) < 50, some.volume * 1e9, some.volume))
    assert compute(thin)["mfi_14"] == pytest.approx(by_hand(some)["mfi_14"], abs=1e-4)


@given(st.floats(1e-8, 1e9))
def test_at_any_price_level_only_what_is_a_price_changes(factor):
    scaled, plain = compute(in_unit(window(), factor)), compute(window())
    for name, value in scaled.items():
        unit = factor if UNIT[name] == "price" else 1
        assert value / unit == pytest.approx(plain[name], rel=1e-8, abs=1e-8), name


@given(st.floats(1e-9, 1e9))
def test_counting_shares_in_other_lots_changes_only_the_volume_balance(factor):
    some = window()
    expected = compute(some)
    expected["obv"] *= factor
    assert compute(replace(some, volume=some.volume * factor)) == pytest.approx(expected, rel=1e-8)
