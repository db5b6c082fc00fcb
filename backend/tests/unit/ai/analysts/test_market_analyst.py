import pytest

from app.ai.analysts.market_analyst import momentum
from app.domain.votes import BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL
from tests.builders import bars
from tests.unit.ai.asking import ask, ask_with_tools, at
from tests.unit.analysis.real_bars import window


def drift(rate, noise=0.01, count=200):
    """A market that drifts by `rate` a bar between equal steps up and down."""
    price, closes = 100.0, []
    for place in range(count):
        price *= 1 + rate + (noise if place % 2 else -noise)
        closes.append(price)
    return at(bars(closes))


@pytest.mark.parametrize(
    ("rate", "word"), [(0.004, STRONG_BUY), (0.001, BUY), (0.0, HOLD), (-0.001, SELL), (-0.004, STRONG_SELL)]
)
def test_the_vote_goes_with_the_trend_and_is_strong_in_a_strong_one(rate, word):
    assert ask("market_analyst", drift(rate)).decision == word


def test_the_steeper_the_trend_the_surer_the_vote():
    sure = [ask("market_analyst", drift(rate)).confidence for rate in (0.001, 0.002, 0.004)]
    assert sure == sorted(sure)
    assert len(set(sure)) == 3


def test_momentum_of_the_same_move_counts_less_in_a_wilder_market():
    assert momentum(drift(0.002, noise=0.02))[0] < momentum(drift(0.002, noise=0.01))[0]


def test_averages_that_disagree_with_the_momentum_halve_it():
    context = drift(0.001)
    against = at(context.bars, indicators={"sma_20": 1.0, "sma_50": 2.0})
    assert ask("market_analyst", context).decision == BUY
    assert ask("market_analyst", against).decision == HOLD


def test_without_a_high_adx_no_vote_is_strong():
    weak = at(drift(0.004).bars, indicators={"adx_14": 12.0})
    assert ask("market_analyst", weak).decision == BUY


def test_the_reasoning_is_made_of_the_numbers_used():
    opinion, answers = ask_with_tools("market_analyst", at(window()))
    assert f"ADX {answers['compute_indicators']['values']['adx_14']:.1f}" in opinion.reasoning
    for move in momentum(at(window())):
        assert f"{move:+.2f}" in opinion.reasoning
