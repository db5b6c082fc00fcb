import pytest

from app.ai.analysts.technical_analyst import stretched
from app.domain.votes import BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL
from tests.builders import bars
from tests.unit.ai.asking import ask, ask_with_tools, at
from tests.unit.analysis.real_bars import flat_bars, window, without_volume

BULL, BEAR = {BUY, STRONG_BUY}, {SELL, STRONG_SELL}
NEUTRAL = {"rsi_14": 50.0, "stoch_k": 50.0, "williams_r_14": -50.0, "cci_20": 0.0, "mfi_14": 50.0}
OVERSOLD = {"rsi_14": 18.0, "stoch_k": 6.0, "williams_r_14": -96.0, "cci_20": -220.0, "mfi_14": 12.0}
OVERBOUGHT = {"rsi_14": 82.0, "stoch_k": 94.0, "williams_r_14": -4.0, "cci_20": 220.0, "mfi_14": 88.0}


def ending(step, count=6):
    """A market that went nowhere and then moved by `step` a bar."""
    closes = [100.0 + (1 if place % 2 else -1) for place in range(180)]
    closes.extend(100.0 * (1 + step) ** (place + 1) for place in range(count))
    return at(bars(closes))


def test_what_fell_fast_is_bought_and_what_rose_fast_is_sold():
    assert ask("technical_analyst", ending(-0.02)).decision in BULL
    assert ask("technical_analyst", ending(0.02)).decision in BEAR


def test_a_price_in_the_middle_of_its_range_is_left_alone():
    assert ask("technical_analyst", at(window(), indicators=NEUTRAL, current_price=middle())).decision == HOLD


def middle():
    _, answers = ask_with_tools("technical_analyst", at(window()))
    return answers["compute_indicators"]["values"]["bb_middle"]


@pytest.mark.parametrize(("supplied", "camp"), [(OVERSOLD, BULL), (OVERBOUGHT, BEAR)])
def test_the_callers_own_oscillators_take_effect(supplied, camp):
    assert ask("technical_analyst", at(window(), indicators=supplied, current_price=middle())).decision in camp


def test_the_farther_the_stretch_the_surer_the_vote():
    some = {name: NEUTRAL[name] + 0.7 * (OVERSOLD[name] - NEUTRAL[name]) for name in NEUTRAL}
    mild, deep = (
        ask("technical_analyst", at(window(), indicators=each, current_price=middle())) for each in (some, OVERSOLD)
    )
    assert deep.confidence > mild.confidence


def test_one_wild_oscillator_cannot_outvote_the_others():
    assert set(stretched({"cci_20": -1e9, "rsi_14": 50.0}, 100.0).values()) == {-1.5, 0.0}


def test_without_volume_the_other_oscillators_still_speak():
    opinion, answers = ask_with_tools("technical_analyst", at(without_volume(window())))
    assert "mfi_14" not in answers["compute_indicators"]["values"]
    assert "mfi_14" not in opinion.reasoning
    assert "rsi_14" in opinion.reasoning


def test_where_no_oscillator_is_defined_it_holds_and_says_so():
    opinion = ask("technical_analyst", at(flat_bars(200)))
    assert opinion.decision == HOLD


def test_the_reasoning_is_made_of_the_numbers_used():
    opinion, answers = ask_with_tools("technical_analyst", at(window()))
    for name in NEUTRAL:
        assert f"{name} {answers['compute_indicators']['values'][name]:.1f}" in opinion.reasoning
