"""Earlier votes against what the bars did after them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from app.ai.tools.get_analyst_track_record import GetAnalystTrackRecord
from app.ai.tools.track_record import HORIZON_BARS
from app.domain.market import AnalysisContext, PastVote
from app.domain.votes import ABSTAIN, BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL
from tests.builders import START, bars, waves
from tests.unit.ai.asking import at

RISING = [100.0 * 1.01**day for day in range(30)]


def end_of(bar):
    """The instant from which that bar exists."""
    return START + timedelta(days=bar + 1)


def vote(decision, bar, confidence=0.8, role="risk_advisor"):
    return PastVote(f"{role}_AAPL", role, end_of(bar), decision, confidence)


def told(*votes, closes=RISING, **arguments):
    return GetAnalystTrackRecord().run(at(bars(closes), past_votes=votes), **arguments)


def record(*votes, **others):
    return told(*votes, **others)["roles"]["risk_advisor"]


def test_a_vote_is_scored_by_the_five_bars_after_it():
    some = record(vote(BUY, 10), vote(STRONG_SELL, 12, confidence=0.6))
    gain = 1.01**HORIZON_BARS - 1
    assert (some["votes"], some["scored"], some["hit_rate"]) == (2, 2, 0.5)
    assert some["mean_forward_return_in_its_direction"] == approx(0, abs=1e-12)
    assert some["brier"] == approx((0.2**2 + 0.6**2) / 2)
    assert record(vote(STRONG_BUY, 10))["mean_forward_return_in_its_direction"] == approx(gain)
    assert record(vote(SELL, 10))["mean_forward_return_in_its_direction"] == approx(-gain)


def test_the_fifth_bar_must_exist_and_so_must_one_before_the_vote():
    last = len(RISING) - 1
    assert record(vote(BUY, last - HORIZON_BARS))["scored"] == 1
    assert record(vote(BUY, last - HORIZON_BARS + 1))["scored"] == 0
    early = replace(vote(BUY, 0), as_of=end_of(0) - timedelta(seconds=1))
    assert record(early)["scored"] == 0


@pytest.mark.parametrize("word", [HOLD, ABSTAIN])
def test_who_names_no_side_is_counted_but_not_scored(word):
    assert record(vote(word, 10)) == {
        "votes": 1,
        "scored": 0,
        "hit_rate": None,
        "mean_forward_return_in_its_direction": None,
        "brier": None,
    }


def test_a_vote_without_confidence_has_no_brier_score():
    some = record(vote(BUY, 10, confidence=None))
    assert (some["hit_rate"], some["brier"]) == (1.0, None)


def test_a_price_that_stands_still_proves_nobody_right():
    flat = [100.0] * 20
    assert record(vote(BUY, 5), closes=flat)["hit_rate"] == 0.0


def test_roles_are_told_apart_and_one_can_be_asked_for():
    both = (vote(BUY, 10), vote(SELL, 10, role="news_analyst"))
    assert set(told(*both)["roles"]) == {"risk_advisor", "news_analyst"}
    assert set(told(*both, role="news_analyst")["roles"]) == {"news_analyst"}
    assert told(*both, role="nobody")["roles"] == {}


def test_without_earlier_votes_there_is_nothing_to_tell():
    assert told() == {"horizon_bars": HORIZON_BARS, "roles": {}}


cast = st.lists(st.tuples(st.sampled_from([BUY, STRONG_SELL, HOLD]), st.integers(0, 79), st.floats(0, 1)), max_size=12)


@given(cast, st.integers(1, 79), st.floats(0.1, 10))
def test_bars_and_votes_of_later_than_as_of_change_nothing(votes, now, factor):
    closes = waves(80)
    later = [*closes[: now + 1], *(close * factor for close in closes[now + 1 :])]
    made = [vote(word, bar, confidence) for word, bar, confidence in votes]
    as_of = end_of(now)

    def seen(prices, some):
        return GetAnalystTrackRecord().run(AnalysisContext("AAPL", bars(prices), as_of, past_votes=tuple(some)))

    known = seen(closes, made)
    assert known == seen(later, made)
    assert known == seen(closes[: now + 1], [each for each in made if each.as_of < as_of])


@given(cast, st.integers(0, 30))
def test_bars_beyond_the_horizon_change_nothing(votes, more):
    """A score, once known, never changes."""
    closes = waves(100)
    enough = max((bar for _, bar, _ in votes), default=0) + HORIZON_BARS + 1
    made = [vote(word, bar, confidence) for word, bar, confidence in votes]

    def seen(count):
        some = bars(closes[:count])
        return GetAnalystTrackRecord().run(AnalysisContext("AAPL", some, end_of(99), past_votes=tuple(made)))

    assert seen(enough) == seen(min(100, enough + more))
