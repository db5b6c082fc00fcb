"""Closing early is sound: no completion of the missing votes, each tried on a grid, changes the word."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.consensus.config import ConsensusConfig
from app.consensus.early_close import can_close
from app.consensus.engine import decide
from tests.unit.consensus.builders import AGENTS, METHODS, WORDS, configs, single_votes, vote, votes_of

SILENCE = None
ROSTER = list(AGENTS)


def completions(agent: str, *, as_risk_manager: bool) -> list[dict[str, Any] | None]:
    """What a missing agent may still do, at the ends and in the middle of every range."""
    roles = ("analyst", "risk_manager") if as_risk_manager else ("analyst",)
    said = product(WORDS, (0.0, 0.5, 1.0), (0.0, 1.0), roles)
    return [SILENCE, vote(agent, "ABSTAIN")] + [
        vote(agent, word, confidence, risk=risk, role=role) for word, confidence, risk, role in said
    ]


def words_still_possible(sent: list[Any], config: ConsensusConfig, *, risk_managers: bool = True) -> set[str]:
    pending = sorted(config.expected - {one["agent_id"] for one in sent})
    ways = product(*(completions(agent, as_risk_manager=risk_managers) for agent in pending))
    return {decide([*sent, *(one for one in way if one is not SILENCE)], config).decision for way in ways}


@st.composite
def partial_panels(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Five agents are expected, one is missing."""
    return [draw(single_votes(agent)) for agent in AGENTS[:4]]


@given(partial_panels(), configs(roster=ROSTER, quorum=0.5), st.booleans())
@settings(max_examples=120, deadline=None)
def test_what_may_be_closed_with_one_vote_missing_cannot_change(
    sent: list[Any], wire: dict[str, Any], known: bool
) -> None:
    config = ConsensusConfig.of(wire)

    if can_close(sent, config, risk_managers=["a", "b"] if known else None):
        assert words_still_possible(sent, config, risk_managers=not known) == {decide(sent, config).decision}


@given(st.lists(st.sampled_from(WORDS), min_size=2, max_size=2), configs(roster=["a", "b", "c", "d"], quorum=0.25))
@settings(max_examples=12, deadline=None)
def test_what_may_be_closed_with_two_votes_missing_cannot_change(words: list[str], wire: dict[str, Any]) -> None:
    heavy = wire["weights"] | {"a": 3, "b": 3}
    config = ConsensusConfig.of(wire | {"risk_veto": False, "weights": heavy})
    sent = votes_of(*[(word, 1.0) for word in words])

    if can_close(sent, config):
        assert words_still_possible(sent, config, risk_managers=False) == {decide(sent, config).decision}


UNANIMOUS_SO_FAR = votes_of(*[("BUY", 1.0)] * 4)


@pytest.mark.parametrize("method", METHODS)
def test_four_sure_buyers_of_five_need_not_wait(method: str) -> None:
    assert can_close(UNANIMOUS_SO_FAR, {"method": method, "roster": ROSTER, "quorum": 0.5, "agreement": 0.6})


def test_a_hopeless_split_need_not_wait() -> None:
    sent = votes_of(("BUY", 1.0), ("SELL", 1.0), ("HOLD", 1.0), ("HOLD", 1.0))

    assert can_close(sent, {"roster": ROSTER, "threshold": 0.9})


def test_one_vote_that_could_turn_the_word_is_waited_for() -> None:
    sent = votes_of(("BUY", 1.0), ("BUY", 1.0), ("SELL", 1.0), ("HOLD", 1.0))

    assert not can_close(sent, {"method": "majority", "roster": ROSTER})


def test_one_vote_that_could_make_it_strong_is_waited_for() -> None:
    sent = votes_of(("STRONG_BUY", 1.0), ("STRONG_BUY", 1.0), ("BUY", 1.0), ("BUY", 1.0))

    assert not can_close(sent, {"method": "majority", "roster": ROSTER})


def test_one_vote_that_could_sink_the_confidence_is_waited_for() -> None:
    settings = {"roster": ROSTER, "min_confidence": 0.8}

    assert not can_close(UNANIMOUS_SO_FAR, settings)
    assert can_close(UNANIMOUS_SO_FAR, settings | {"min_confidence": 0.79})


def test_with_the_veto_on_the_risk_managers_are_waited_for() -> None:
    settings = {"roster": ROSTER, "risk_veto": True}

    assert not can_close(UNANIMOUS_SO_FAR, settings)
    assert not can_close(UNANIMOUS_SO_FAR, settings, risk_managers=["e"])
    assert can_close(UNANIMOUS_SO_FAR, settings, risk_managers=["a"])


def test_possible_opposition_is_waited_for_and_present_opposition_is_not() -> None:
    settings = {"roster": ROSTER, "conflict_trigger": "any_opposition"}

    assert not can_close(UNANIMOUS_SO_FAR, settings)
    assert can_close([*UNANIMOUS_SO_FAR[:3], vote("d", "SELL", 0.1)], settings)


def test_without_a_roster_nobody_knows_who_is_missing() -> None:
    assert not can_close(UNANIMOUS_SO_FAR, {})


def test_when_all_have_spoken_there_is_nothing_to_wait_for() -> None:
    assert can_close([*UNANIMOUS_SO_FAR, vote("e", "?")], {"roster": ROSTER, "risk_veto": True})


def test_a_quorum_that_is_not_there_is_waited_for_unless_out_of_reach() -> None:
    sent = [vote("a", "BUY"), vote("b", "ABSTAIN"), vote("c", "?")]

    assert not can_close(sent, {"roster": ROSTER, "quorum": 0.6})
    assert can_close(sent, {"roster": ROSTER, "quorum": 0.8})


def test_nothing_said_yet_is_waited_for() -> None:
    assert not can_close([], {"roster": ROSTER, "quorum": 0})
