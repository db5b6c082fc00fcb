"""What all analysts of bars promise alike."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import plugins
from app.domain.times import from_micros
from app.domain.votes import ABSTAIN, BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL, is_usable
from app.market_data.sample_bars import SAMPLE_SYMBOLS
from tests.builders import bars
from tests.unit.ai.asking import BAR_ROLES, analyst, ask, at, verdict
from tests.unit.analysis.real_bars import flat_bars, in_unit, real, window, without_volume

WILDER_SETTLES = 150
SIDE = {STRONG_SELL: -1, SELL: -1, HOLD: 0, BUY: 1, STRONG_BUY: 1}

every_analyst = pytest.mark.parametrize("role", BAR_ROLES)
starts = st.integers(0, 1_890)


def leaps(count, factor, place):
    """A market that hardly moves but for one leap."""
    quiet = [100 + 0.1 * (step % 7) for step in range(count)]
    quiet[place] *= factor
    return bars(quiet)


HOSTILE = {
    "flat": flat_bars(200),
    "flat and tiny": flat_bars(200, 1e-8),
    "flat and huge": flat_bars(200, 1e12),
    "no volume": without_volume(window()),
    "nothing traded": replace(window(), volume=np.zeros(250)),
    "hardly anything traded": replace(window(), volume=np.full(250, 1e-9)),
    "tiny prices": in_unit(window(), 1e-10),
    "huge prices": in_unit(window(), 1e10),
    "a leap at the end": leaps(200, 1e7, -1),
    "a leap midway": leaps(200, 1e7, 120),
    "a fall to nothing": leaps(200, 1e-7, -1),
    "a straight climb": bars([1.0 + place for place in range(200)]),
    "a straight fall": bars([201.0 - place for place in range(200)]),
    "two prices in turn": bars([100.0 + place % 2 for place in range(200)]),
    "one step after a standstill": bars([100.0] * 199 + [100.0000001]),
    "standing still after a market": bars([*window(count=100).close, *[50.0] * 150]),
    "ten thousand bars": bars([100 + 20 * np.sin(place / 50) + place % 5 for place in range(10_000)]),
}


@every_analyst
def test_an_analyst_of_bars_needs_what_wilders_smoothing_takes_to_settle(role):
    assert analyst(role).needs.bars == WILDER_SETTLES
    assert analyst(role).needs.unmet(at(window(count=149)))
    assert analyst(role).needs.unmet(at(window(count=150))) is None


@every_analyst
def test_the_least_history_is_enough_for_an_opinion(role):
    assert is_usable(ask(role, at(window(count=150))))


@pytest.mark.parametrize("role", plugins.names("analyst"))
def test_every_analyst_says_what_it_asks_and_cites_the_source_of_its_rule(role):
    one = analyst(role)
    assert one.role == role
    assert one.question.endswith("?")
    assert re.search(r"(19|20)\d\d", one.rule)
    assert set(one.tools) <= set(plugins.names("tool"))


def test_only_the_reader_of_news_may_score_headlines():
    assert [role for role in plugins.names("analyst") if "score_news" in analyst(role).tools] == ["news_analyst"]


@every_analyst
@pytest.mark.parametrize("scene", HOSTILE)
def test_no_market_that_can_be_makes_an_analyst_fail_or_warn(role, scene):
    with np.errstate(all="raise"):
        opinion = ask(role, at(HOSTILE[scene]))
    assert is_usable(opinion)
    assert opinion.decision != ABSTAIN


@every_analyst
@pytest.mark.parametrize("scene", ["flat", "flat and tiny", "flat and huge"])
def test_a_price_that_never_moved_is_no_reason_to_act(role, scene):
    assert ask(role, at(HOSTILE[scene])).decision == HOLD


@every_analyst
@given(start=starts, power=st.integers(-40, 40))
@settings(max_examples=25)
def test_a_power_of_two_in_the_unit_of_the_price_changes_no_opinion(role, start, power):
    some = window(start=start)
    assert verdict(ask(role, at(in_unit(some, 2.0**power)))) == verdict(ask(role, at(some)))


@every_analyst
@pytest.mark.parametrize("unit", [1e-7, 0.1, 10.0, 1e7])
@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_nor_does_any_other_unit(role, symbol, unit):
    some = window(symbol)
    assert verdict(ask(role, at(in_unit(some, unit)))) == verdict(ask(role, at(some)))


@every_analyst
@given(start=starts, ahead=st.integers(1, 60))
@settings(max_examples=25)
def test_bars_that_had_not_ended_change_nothing(role, start, ahead):
    past = window(start=start)
    as_of = from_micros(past.ends_at)
    with_future = real("AAPL").between(start, start + 250 + ahead)
    assert ask(role, replace(at(with_future.until(as_of)), as_of=as_of)) == ask(role, at(past))


@every_analyst
def test_the_same_context_gives_the_same_opinion(role):
    assert ask(role, at(window())) == ask(role, at(window()))


@every_analyst
@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_who_holds_asks_for_no_size_and_no_way_out_and_who_acts_names_both(role, symbol):
    for start in range(0, 1_890, 90):
        context = at(window(symbol, start))
        opinion = ask(role, context)
        side = SIDE[opinion.decision]
        if side == 0:
            assert (opinion.position_size, opinion.stop_loss, opinion.take_profit) == (0, None, None)
        else:
            assert (context.price - opinion.stop_loss) * side > 0
            assert (opinion.take_profit - context.price) * side > 0


@every_analyst
def test_no_analyst_says_one_word_only(role):
    contexts = [at(window(symbol, start)) for symbol in SAMPLE_SYMBOLS for start in range(0, 1_890, 30)]
    said = [SIDE[ask(role, context).decision] for context in contexts]
    assert set(said) == {-1, 0, 1}
    assert max(said.count(side) for side in (-1, 0, 1)) <= 0.65 * len(said)


@every_analyst
def test_confidence_and_shares_are_rounded_to_four_decimals(role):
    for start in range(0, 1_890, 210):
        opinion = ask(role, at(window(start=start)))
        for value in (opinion.confidence, opinion.risk, opinion.position_size):
            assert value == round(value, 4)


def test_the_panel_disagrees_at_times():
    contexts = [at(window(start=start)) for start in range(0, 1_890, 30)]
    camps = [{SIDE[ask(role, context).decision] for role in BAR_ROLES} for context in contexts]
    assert sum({-1, 1} <= sides for sides in camps) >= 5
    assert any(len(sides) == 1 for sides in camps)
