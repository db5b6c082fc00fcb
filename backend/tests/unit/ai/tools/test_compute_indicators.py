import pytest
from pydantic import ValidationError

from app.ai.tools.compute_indicators import ComputeIndicators, IndicatorNames
from app.analysis.indicators import compute
from tests.unit.ai.asking import at
from tests.unit.analysis.real_bars import window


def run(some, **supplied):
    return ComputeIndicators().run(at(some, indicators=supplied))


def test_without_the_callers_own_values_all_are_computed():
    assert run(window()) == {"values": compute(window()), "overridden": []}


def test_the_callers_value_takes_the_place_of_the_computed_one_and_is_named():
    told = run(window(), sma_20=12.0, rsi_14=91.0)
    assert told["overridden"] == ["rsi_14", "sma_20"]
    assert told["values"] == {**compute(window()), "rsi_14": 91.0, "sma_20": 12.0}


def test_only_the_indicators_asked_for_are_told():
    told = ComputeIndicators().run(at(window(), indicators={"rsi_14": 91.0, "macd": 1.0}), ["rsi_14", "sma_20"])
    assert told == {"values": {"sma_20": compute(window())["sma_20"], "rsi_14": 91.0}, "overridden": ["rsi_14"]}


def test_an_unknown_indicator_is_refused_with_the_choices():
    with pytest.raises(ValidationError, match="choose from sma_20, sma_50"):
        IndicatorNames(names=["rsi_14", "rsi_15"])
    assert IndicatorNames(names=["rsi_14"]).names == ["rsi_14"]


def test_the_caller_may_supply_what_the_history_is_too_short_for():
    assert run(window(count=10), sma_50=31.0)["values"]["sma_50"] == 31.0
