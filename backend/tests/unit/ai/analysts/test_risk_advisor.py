from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.ai.analysts.risk_advisor import risk_score
from app.domain.market import Account, Position
from app.domain.votes import BUY, HOLD, SELL, STRONG_SELL
from tests.builders import bars
from tests.unit.ai.asking import ask, ask_with_tools, at
from tests.unit.analysis.real_bars import window

BEAR = {SELL, STRONG_SELL}


def swings(early, late, drift=0.0005):
    """160 bars that swing by `early` a bar, then 20 that swing by `late`."""
    price, closes = 100.0, []
    for place in range(180):
        size = early if place < 160 else late
        price *= 1 + drift + (size if place % 2 else -size)
        closes.append(price)
    return bars(closes)


def holding(share, some):
    equity = Decimal(1_000)
    quantity = equity * Decimal(repr(share)) / Decimal(repr(float(some.close[-1])))
    return at(some, account=Account(equity=equity, positions={"AAPL": Position(quantity)}))


def test_calm_near_the_high_is_bought_with_modest_confidence():
    opinion = ask("risk_advisor", at(swings(0.01, 0.003)))
    assert opinion.decision == BUY
    assert 0 < opinion.confidence <= 0.6


def test_the_usual_amount_of_risk_is_held():
    assert ask("risk_advisor", at(swings(0.01, 0.01))).decision == HOLD


def test_volatility_far_above_its_long_run_is_sold():
    assert ask("risk_advisor", at(swings(0.004, 0.02))).decision in BEAR


def test_a_deep_fall_is_sold_though_each_day_was_like_the_others():
    highs = [100 * 1.004 ** min(place, 140) for place in range(200)]
    closes = [high * 0.99 ** max(place - 140, 0) * (1.01 if place % 2 else 1) for place, high in enumerate(highs)]
    assert ask("risk_advisor", at(bars(closes))).decision in BEAR


def test_an_account_that_holds_more_than_there_is_room_for_should_sell():
    some = swings(0.02, 0.015)
    assert ask("risk_advisor", at(some)).decision not in BEAR
    opinion = ask("risk_advisor", holding(1.0, some))
    assert opinion.decision in BEAR
    assert "holds 100.0% of equity" in opinion.reasoning


def test_the_farther_above_its_room_the_holding_the_surer_the_sale():
    some = swings(0.02, 0.015)
    assert ask("risk_advisor", holding(1.5, some)).confidence > ask("risk_advisor", holding(1.0, some)).confidence


def test_a_small_holding_changes_no_opinion():
    some = swings(0.01, 0.003)
    assert ask("risk_advisor", holding(0.01, some)).decision == ask("risk_advisor", at(some)).decision


@given(st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1e3))
def test_more_volatility_or_a_deeper_fall_never_lowers_the_score(ratio, fall, more, deeper):
    calm = risk_score({"volatility_ratio": ratio, "drawdown_in_deviations": fall})
    wild = risk_score({"volatility_ratio": ratio + more, "drawdown_in_deviations": fall + deeper})
    assert 0 <= calm <= wild <= 1


def test_the_reasoning_is_made_of_the_numbers_used():
    opinion, answers = ask_with_tools("risk_advisor", at(window()))
    measures = answers["assess_risk"]
    assert f"Volatility is {measures['volatility_20']:.1%} a year" in opinion.reasoning
    assert f"{measures['volatility_ratio']:.2f} times its long run" in opinion.reasoning
    assert f"{measures['drawdown']:.1%} below its high" in opinion.reasoning
