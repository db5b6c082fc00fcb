"""Whether a tool moved a decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.tool_influence import DECISIONS_KEPT, DecisionLog, Influence, moved, side
from app.analysis.tool_users import AGENT, EVERYBODY, ROLE
from tests.unit.analysis.tool_scenes import a_call, a_step, a_vote, plain

WORDS = ["STRONG_BUY", "BUY", "HOLD", "SELL", "STRONG_SELL"]


def log_of(*events):
    log = DecisionLog()
    for each in plain(*events):
        log.add(each)
    return log


ALL = ("get_bars", EVERYBODY, "")


def influence(*events, key=ALL):
    return log_of(*events).summary()[1].get(key)


@pytest.mark.parametrize(
    ("ballots", "wanted"),
    [
        ([("BUY", 0.5), ("SELL", 0.4)], "BULL"),
        ([("BUY", 0.5), ("STRONG_SELL", 0.3), ("SELL", 0.3)], "BEAR"),
        ([("HOLD", 0.6), ("BUY", 0.5)], "HOLD"),
        ([("BUY", 0.3), ("SELL", 0.1), ("SELL", 0.2)], None),
        ([("BUY", 0.0)], None),
        ([], None),
    ],
)
def test_the_side_is_the_one_with_the_most_confidence(ballots, wanted):
    assert side(ballots) == wanted


def test_a_tool_moved_the_vote_when_it_would_have_gone_elsewhere_without_its_users():
    ballots = {"a": ("BUY", 0.9), "b": ("SELL", 0.5)}
    assert moved(ballots, ["a"]) is True
    assert moved(ballots, ["b"]) is False
    assert moved(ballots, ["somebody who did not vote"]) is False
    assert moved(ballots, ["a", "b"]) is None


cast = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.sampled_from(WORDS), st.floats(0, 1)))


@given(cast, st.randoms())
def test_the_order_of_the_ballots_changes_nothing(ballots, random):
    agents = list(ballots)
    random.shuffle(agents)
    users = agents[: len(agents) // 2]
    assert moved({agent: ballots[agent] for agent in agents}, users) == moved(ballots, sorted(users))


@given(cast, st.sets(st.sampled_from("abcdef")))
def test_nobody_moves_what_all_agree_on(ballots, users):
    unanimous = {agent: ("BUY", 0.5 + confidence / 2) for agent, (_, confidence) in ballots.items()}
    assert moved(unanimous, users) in (False, None)


def test_a_decision_counts_for_each_tool_that_was_heard_in_it():
    events = [
        a_call("get_bars", role="risk_advisor"),
        a_call("get_bars", "cached", role="news_analyst"),
        a_call("score_news", "error", role="news_analyst"),
        a_vote("risk_advisor", "BUY", 0.4),
        a_vote("news_analyst", "BUY", 0.4),
        a_vote("market_analyst", "SELL", 0.5),
        a_step(),
    ]
    assert influence(*events) == Influence(informed=1, decidable=1, moved=1)
    assert influence(*events, key=("get_bars", ROLE, "risk_advisor")) == Influence(1, 1, 1)
    assert influence(*events, key=("get_bars", AGENT, "news_analyst")) == Influence(1, 1, 1)
    assert influence(*events, key=("score_news", EVERYBODY, "")) is None
    assert log_of(*events).summary()[0] == 1


def test_where_all_voters_used_it_nothing_can_be_told():
    events = [a_call(), a_vote(), a_vote("news_analyst", "ABSTAIN", None), a_step()]
    assert influence(*events) == Influence(informed=1, decidable=0, moved=0)


@given(st.permutations([a_call(), a_vote(), a_vote("market_analyst", "SELL", 0.9), a_step()]))
def test_events_of_a_decision_may_come_in_any_order(events):
    assert influence(*events) == Influence(1, 1, 0)


@pytest.mark.parametrize("step", ["consensus_requested", "consensus_cancelled"])
def test_a_decision_that_was_not_reached_does_not_count(step):
    assert log_of(a_call(), a_vote(), a_step(step)).summary() == (0, {})


def test_what_comes_late_still_counts():
    log = log_of(a_call(), a_vote(), a_step())
    assert log.summary()[1][ALL].decidable == 0
    for each in plain(a_vote("market_analyst", "SELL", 0.9)):
        log.add(each)
    assert log.summary()[1][ALL].decidable == 1


def test_the_oldest_decisions_are_forgotten():
    events = [
        event
        for number in range(DECISIONS_KEPT + 7)
        for event in (a_call(decision=f"d{number}"), a_step(decision=f"d{number}"))
    ]
    decisions, influences = log_of(*events).summary()
    assert (decisions, influences[ALL].informed) == (DECISIONS_KEPT, DECISIONS_KEPT)
