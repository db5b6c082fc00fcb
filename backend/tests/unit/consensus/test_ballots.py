"""Which votes are ballots, and what is said about those that are not."""

from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.consensus.ballots import read_ballots
from app.consensus.config import ConsensusConfig
from app.consensus.engine import decide
from app.domain.errors import InvalidInputError
from tests.unit.consensus.builders import configs, vote


def codes(votes: Any, **settings: Any) -> list[list[str]]:
    return decide(votes, settings).as_dict()["rejected"]


@pytest.mark.parametrize(
    ("agent_id", "text"),
    [
        (None, "null"),
        (7, "7"),
        (7.5, "7.5"),
        (True, "true"),
        (nan, "NaN"),
        (["a", 1], '["a",1]'),
        ({"a": None}, '{"a":null}'),
        ("", ""),
        (object(), "null"),
        pytest.param(10**5000, "null", id="huge"),
        (Decimal(1), "null"),
    ],
)
def test_an_id_that_is_no_string_is_reported_as_its_json_text(agent_id: Any, text: str) -> None:
    assert codes([vote(agent_id, "BUY")]) == [[text, "bad_agent_id"]]


@pytest.mark.parametrize("sent", [None, 7, "BUY", [], ["a", "BUY", 0.8]])
def test_a_vote_that_is_no_mapping_has_no_id(sent: Any) -> None:
    assert codes([sent]) == [["null", "bad_agent_id"]]


@pytest.mark.parametrize(
    ("confidence", "code"),
    [
        (None, "confidence_missing"),
        ("0.8", "confidence_not_number"),
        (True, "confidence_not_number"),
        ([0.8], "confidence_not_number"),
        (nan, "confidence_not_finite"),
        (inf, "confidence_not_finite"),
        (-inf, "confidence_not_finite"),
        (Decimal("sNaN"), "confidence_not_finite"),
        (85, "confidence_out_of_range"),
        (10**400, "confidence_out_of_range"),
        (-1e-12, "confidence_out_of_range"),
        (1.0000000000000002, "confidence_out_of_range"),
        (Decimal("1.0000000000000000000000000000000000000000001"), "confidence_out_of_range"),
    ],
)
def test_an_unreadable_confidence_is_named_and_never_guessed(confidence: Any, code: str) -> None:
    assert codes([vote("a", "BUY", confidence)]) == [["a", code]]


@pytest.mark.parametrize("confidence", [0, 1, 0.0, -0.0, 1.0, Decimal("0.3"), 5e-324])
def test_every_number_from_zero_to_one_is_a_confidence(confidence: Any) -> None:
    assert codes([vote("a", "BUY", confidence)]) == []


def test_a_vote_without_confidence_misses_it() -> None:
    assert codes([{"agent_id": "a", "decision": "BUY"}]) == [["a", "confidence_missing"]]


@pytest.mark.parametrize("word", ["buy", " BUY\t", "strong buy", "Strong-Sell", "hold\n", "STRONG_BUY"])
def test_decision_words_are_trimmed_upper_cased_and_joined(word: str) -> None:
    assert codes([vote("a", word)]) == []


@pytest.mark.parametrize(
    "word", ["", "NO_DECISION", "BUY!", "strong  buy", "ſell", "BUY\u00a0", "-buy", None, 1, ["BUY"], True, {}]
)
def test_other_words_are_no_decision_and_never_a_hold(word: Any) -> None:
    assert codes([vote("a", word)]) == [["a", "bad_decision"]]


def test_the_first_broken_rule_is_the_reason() -> None:
    """Each vote repairs the fault that was reported for the one before it."""
    settings: dict[str, Any] = {"roster": ["a"], "timeout_ms": 100}
    faults: dict[str, Any] = {"agent_id": 7, "decision": "?", "latency_ms": 101}
    repairs = [
        ({}, "bad_agent_id"),
        ({"agent_id": "stranger"}, "unknown_agent"),
        ({"agent_id": "a"}, "late"),
        ({"latency_ms": 100}, "bad_decision"),
        ({"decision": "BUY"}, "confidence_missing"),
        ({"confidence": "high"}, "confidence_not_number"),
        ({"confidence": nan}, "confidence_not_finite"),
        ({"confidence": 85}, "confidence_out_of_range"),
    ]
    for repair, code in repairs:
        faults |= repair
        assert [found for _, found in codes([faults], **settings)] == [code]


def test_an_abstention_needs_no_confidence_and_is_no_ballot() -> None:
    result = decide([vote("a", "abstain", 85)])

    assert (result.status, result.rejected, result.missing) == ("no_votes", (("a", "abstain"),), ("a",))


@pytest.mark.parametrize("latency", [None, -1, nan, inf, "slow", True, 10])
def test_a_latency_that_is_none_or_within_the_deadline_is_not_late(latency: Any) -> None:
    assert codes([vote("a", "BUY", latency_ms=latency)], timeout_ms=10) == []


def test_without_a_deadline_nothing_is_late() -> None:
    assert codes([vote("a", "BUY", latency_ms=10**9)]) == []


def test_identical_copies_count_once() -> None:
    result = decide([vote("a", "BUY"), vote("a", "buy"), vote("a", "BUY", 0.8000000001)], {"method": "majority"})

    assert (result.n_valid, result.tally.bull) == (1, 1)
    assert result.rejected == (("a", "duplicate"),) * 2


def test_identical_abstentions_abstain_once() -> None:
    assert codes([vote("a", "ABSTAIN", 0.1), vote("a", "ABSTAIN", 0.9)]) == [["a", "abstain"], ["a", "duplicate"]]


@pytest.mark.parametrize("other", [("SELL", 0.8), ("STRONG_BUY", 0.8), ("BUY", 0.7), ("ABSTAIN", 0.8)])
def test_copies_that_differ_are_all_dropped(other: tuple[str, float]) -> None:
    result = decide([vote("a", "BUY"), vote("a", *other), vote("a", "BUY"), vote("b", "HOLD")])

    assert result.rejected == (("a", "equivocation"),) * 3
    assert (result.n_valid, result.missing) == (1, ("a",))


def test_an_unacceptable_copy_does_not_make_an_equivocation() -> None:
    result = decide([vote("a", "BUY"), vote("a", "SELL", 85), vote("a", "SELL", latency_ms=11)], {"timeout_ms": 10})

    assert (result.decision, result.rejected) == ("BUY", (("a", "confidence_out_of_range"), ("a", "late")))


def test_a_kept_copy_takes_the_most_careful_optional_fields() -> None:
    copies = [
        vote("a", "BUY", risk=0.2, position_size=0.4),
        vote("a", "BUY", risk=0.6, role="risk_manager"),
        vote("a", "BUY", position_size=0.3),
    ]

    (ballot,) = read_ballots(copies, ConsensusConfig()).ballots

    assert (ballot.risk, ballot.size, ballot.is_risk_manager) == (600_000, 300_000, True)


@pytest.mark.parametrize("bad", [-0.1, 1.1, nan, inf, True, "0.5", [], {}, 10**400])
def test_an_invalid_optional_field_is_treated_as_absent(bad: Any) -> None:
    sent = vote("a", "BUY", risk=bad, position_size=bad, role=bad, latency_ms=bad)

    (ballot,) = read_ballots([sent], ConsensusConfig()).ballots

    assert (ballot.risk, ballot.size, ballot.is_risk_manager) == (0, None, False)


def test_only_the_exact_role_makes_a_risk_manager() -> None:
    sent = [vote("a", "BUY", role="Risk_Manager"), vote("b", "BUY", role="risk_manager ")]

    assert not any(ballot.is_risk_manager for ballot in read_ballots(sent, ConsensusConfig()).ballots)


def test_without_a_roster_whoever_sent_anything_is_expected() -> None:
    result = decide([vote("a", "BUY"), vote("b", "?"), vote(7, "BUY"), vote("c", "BUY", 85)], {"quorum": 0})

    assert (result.n_valid, result.n_expected, result.missing) == (1, 3, ("b", "c"))


def test_lone_surrogates_and_blanks_are_names_like_any_other() -> None:
    result = decide([vote("\ud800", "BUY"), vote(" ", "BUY"), vote("\U0001f600", "?")])

    assert (result.decision, result.n_valid, result.missing) == ("BUY", 2, ("\U0001f600",))


@pytest.mark.parametrize("votes", [None, 7, "votes", {"agent_id": "a"}, b"votes"])
def test_votes_that_are_no_list_are_an_input_error(votes: Any) -> None:
    with pytest.raises(InvalidInputError, match="must be a list"):
        decide(votes)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
HOSTILE = st.fixed_dictionaries(
    {},
    optional={
        "agent_id": st.sampled_from(["a", "b"]) | ANYTHING,
        "decision": st.sampled_from(["BUY", "SELL", "ABSTAIN"]) | ANYTHING,
        "confidence": st.floats(0, 1) | ANYTHING,
        "role": st.just("risk_manager") | ANYTHING,
        "risk": ANYTHING,
        "position_size": ANYTHING,
        "latency_ms": ANYTHING,
    },
)


@given(st.lists(HOSTILE | ANYTHING, max_size=5), configs(timeout_ms=5))
@settings(max_examples=150, deadline=None)
def test_no_vote_whatever_its_shape_makes_the_engine_fail(votes: list[Any], config: dict[str, Any]) -> None:
    result = decide(votes, config)

    assert result.n_valid + len(result.rejected) == len(votes)
