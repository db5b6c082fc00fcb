from app.ai.tools.compute_indicators import ComputeIndicators
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


def test_the_caller_may_supply_what_the_history_is_too_short_for():
    assert run(window(count=10), sma_50=31.0)["values"]["sma_50"] == 31.0
