import numpy as np
import pytest

from app.ai.analysts.strategy_optimizer import FADED, FOLLOWED
from app.analysis.regimes import LABELS
from app.domain.votes import BUY, HOLD, SELL, STRONG_SELL
from tests.builders import bars
from tests.unit.ai.asking import ask, ask_with_tools, at
from tests.unit.analysis.real_bars import window


def market(*returns):
    return bars(list(100 * np.exp(np.cumsum(np.concatenate(returns)))))


def quiet(count, size=0.004):
    return [size if place % 2 else -size for place in range(count)]


TRENDING = market(quiet(160), [0.004] * 20)
FALLING = market(quiet(160), [-0.003, -0.006] * 10)
CRASHING = market(quiet(160), [-0.05, -0.01] * 10)
TURBULENT = market(quiet(160), quiet(20, 0.02))
SIDEWAYS = market(quiet(180))


@pytest.mark.parametrize(
    ("some", "word"), [(TRENDING, BUY), (FALLING, SELL), (CRASHING, STRONG_SELL), (TURBULENT, HOLD)]
)
def test_regimes_that_go_somewhere_are_followed_and_mere_turbulence_is_left_alone(some, word):
    assert ask("strategy_optimizer", at(some)).decision == word


@pytest.mark.parametrize(("place", "word"), [("bb_upper", SELL), ("bb_middle", HOLD), ("bb_lower", BUY)])
def test_in_a_market_without_direction_the_edges_of_its_range_are_faded(place, word):
    _, answers = ask_with_tools("strategy_optimizer", at(SIDEWAYS))
    price = answers["compute_indicators"]["values"][place]
    assert ask("strategy_optimizer", at(SIDEWAYS, current_price=price)).decision == word


def test_a_regime_is_followed_no_surer_than_the_lower_end_of_its_interval():
    opinion, answers = ask_with_tools("strategy_optimizer", at(TRENDING))
    regime = answers["detect_regime"]
    stay = regime["next"][regime["label"]]
    assert opinion.confidence == stay["low"] < stay["probability"]


def test_a_regime_never_seen_before_is_followed_without_confidence():
    some = market(quiet(179), [0.05])
    opinion, answers = ask_with_tools("strategy_optimizer", at(some))
    assert answers["detect_regime"]["bars_in_label"] == 1
    assert "for 1 bar; it stayed" in opinion.reasoning
    assert opinion.confidence <= 0.5


def test_every_regime_has_one_plan_at_most():
    assert set(FOLLOWED) | FADED | {"high_volatility"} == set(LABELS)
    assert not set(FOLLOWED) & FADED


def test_the_reasoning_is_made_of_the_numbers_used():
    opinion, answers = ask_with_tools("strategy_optimizer", at(window("MSFT")))
    regime = answers["detect_regime"]
    stay = regime["next"][regime["label"]]
    assert regime["label"].replace("_", " ") in opinion.reasoning
    assert f"for {regime['bars_in_label']} bars" in opinion.reasoning
    assert f"{stay['probability']:.0%}" in opinion.reasoning
    assert f"{stay['count']} seen" in opinion.reasoning
