from pytest import approx

from app.ai.tools.size_position import SizePosition
from app.analysis.indicators import compute
from app.analysis.risk_measures import assess
from app.risk.sizing import drawdown_scale, stop_and_target, volatility_target_size
from tests.unit.ai.asking import at
from tests.unit.analysis.real_bars import window


def run(side="buy", conviction=1.0, some=None, **others):
    return SizePosition().run(at(window() if some is None else some, **others), side, conviction)


def test_the_size_follows_volatility_and_drawdown_and_shrinks_with_conviction():
    measures = assess(window())
    whole = volatility_target_size(measures["volatility_20"]) * drawdown_scale(measures["drawdown"])
    assert run()["share_of_equity"] == whole
    assert run(conviction=0.25)["share_of_equity"] == approx(whole / 4)
    assert run(conviction=0.0)["share_of_equity"] == 0


def test_a_long_holding_stops_below_the_price_and_a_short_one_above():
    context = at(window())
    atr = compute(window())["atr_14"]
    for side, sign in (("buy", 1), ("sell", -1)):
        told = run(side)
        assert (told["stop_loss"], told["take_profit"]) == stop_and_target(context.price, atr, sign)


def test_the_callers_true_range_takes_the_place_of_the_computed_one():
    price = at(window()).price
    assert run(indicators={"atr_14": price / 10})["stop_loss"] == approx(price * 0.8)


def test_a_short_history_has_no_size_and_a_shorter_one_no_ways_out():
    assert run(some=window(count=100))["share_of_equity"] is None
    assert run(some=window(count=100))["stop_loss"] > 0
    assert run(some=window(count=10)) == {
        "side": "buy",
        "share_of_equity": None,
        "stop_loss": None,
        "take_profit": None,
    }
