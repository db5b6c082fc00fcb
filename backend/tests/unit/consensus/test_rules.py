"""The rules one by one: methods, strategies, veto, floor and size, each at its edge."""

from typing import Any

import pytest

from app.consensus.engine import decide
from tests.unit.consensus.builders import METHODS, vote, votes_of

B, S, H = ("BUY", 0.8), ("SELL", 0.8), ("HOLD", 0.8)


def word(*pairs: tuple[str, float], **settings: Any) -> str:
    return decide(votes_of(*pairs), settings).decision


def test_exactly_half_the_ballots_is_not_a_majority() -> None:
    result = decide(votes_of(B, B, H, S), {"method": "majority"})

    assert (result.decision, result.status, result.resolved_by) == ("HOLD", "below_threshold", "conservative")


def test_a_tenth_and_two_tenths_tie_with_three_tenths() -> None:
    assert decide(votes_of(("BUY", 0.1), ("BUY", 0.2), ("SELL", 0.3))).status == "tie"


def test_exactly_half_of_its_mass_does_not_make_a_camp_strong() -> None:
    assert word(("STRONG_BUY", 0.5), ("BUY", 0.5)) == "BUY"
    assert word(("STRONG_BUY", 0.500001), ("BUY", 0.5)) == "STRONG_BUY"


def test_a_moved_share_makes_nothing_strong() -> None:
    settings = {"method": "risk_adjusted", "market_risk": 0.5}

    assert word(("STRONG_BUY", 0.9), ("BUY", 0.2), **settings) == "STRONG_BUY"


@pytest.mark.parametrize(
    ("pairs", "median"),
    [
        ([("STRONG_BUY", 0.5), ("BUY", 0.5)], "BUY"),
        ([("STRONG_SELL", 0.5), ("SELL", 0.5)], "SELL"),
        ([("STRONG_SELL", 0.5), ("BUY", 0.5)], "HOLD"),
        ([("SELL", 0.5), ("HOLD", 0.1), ("STRONG_BUY", 0.5)], "HOLD"),
        ([("STRONG_BUY", 0.6), ("BUY", 0.5)], "STRONG_BUY"),
        ([("HOLD", 0.5), ("STRONG_BUY", 0.5)], "HOLD"),
    ],
)
def test_of_two_median_levels_the_one_nearer_hold_is_taken(pairs: Any, median: str) -> None:
    result = decide(votes_of(*pairs), {"method": "median"})

    assert (result.decision, result.status, result.resolved_by) == (median, "decided", "method")


def test_a_median_of_hold_between_two_camps_has_no_support() -> None:
    result = decide(votes_of(S, B), {"method": "median"})

    assert (result.decision, result.confidence, result.support, result.position_size) == ("HOLD", 0, 0, 0)


def test_one_dissenter_ends_unanimity() -> None:
    result = decide(votes_of(B, B, ("HOLD", 0.0)), {"method": "unanimous"})

    assert (result.decision, result.status) == ("HOLD", "no_agreement")


def test_agreement_is_reached_by_exactly_its_share() -> None:
    assert word(B, B, S, method="unanimous", agreement=0.666666) == "BUY"
    assert word(B, S, method="unanimous", agreement=0.5) == "HOLD"


def test_unanimity_waits_for_everybody() -> None:
    assert decide(votes_of(B), {"method": "unanimous", "roster": ["a", "b"]}).status == "no_quorum"


def test_exactly_two_thirds_of_the_stake_is_not_enough() -> None:
    assert decide(votes_of(B, B, S), {"method": "bft"}).status == "no_agreement"
    assert word(B, B, S, method="bft", weights={"a": 1.1}) == "BUY"


def test_missing_stake_counts_against_a_camp() -> None:
    settings = {"method": "bft", "roster": ["a", "b", "c"], "quorum": 0}
    result = decide(votes_of(B, B), settings)

    assert (result.status, result.support) == ("no_agreement", 0)
    full = decide(votes_of(B, B), settings | {"weights": {"c": 0.5}})
    assert (full.decision, full.confidence, full.support) == ("BUY", 0.64, 1)


def test_stake_counts_in_millionths() -> None:
    assert decide(votes_of(B), {"method": "bft"}).tally.bull == 10**6


@pytest.mark.parametrize("method", METHODS)
def test_ballots_without_mass_are_still_ballots(method: str) -> None:
    result = decide(votes_of(("BUY", 0.0), ("BUY", 0.0)), {"method": method, "weights": {"a": 0, "b": 0}})

    expected = "decided" if method in {"majority", "unanimous"} else "zero_mass"
    assert (result.decision, result.status, result.n_valid) == ("HOLD", expected, 2)


def test_a_quorum_of_exactly_its_share_is_enough() -> None:
    assert word(B, quorum=0.5, roster=["a", "b"]) == "BUY"
    assert word(B, quorum=0.500001, roster=["a", "b"]) == "NO_DECISION"


def test_no_votes_have_a_tally_of_zeros() -> None:
    result = decide([], {"roster": ["b", "a"]}).as_dict()

    assert result == {
        "decision": "NO_DECISION",
        "status": "no_votes",
        "resolved_by": "fallback",
        "confidence": 0,
        "support": 0,
        "n_valid": 0,
        "n_expected": 2,
        "missing": ["a", "b"],
        "rejected": [],
        "tally": {"BEAR": "0", "HOLD": "0", "BULL": "0"},
        "position_size": 0,
    }


def test_the_highest_confidence_speaks_at_its_mildest_level() -> None:
    pairs = [("STRONG_BUY", 0.9), ("BUY", 0.9), ("SELL", 0.8), ("SELL", 0.8), ("HOLD", 0.1)]

    assert word(*pairs, method="majority", strategy="highest_confidence") == "BUY"


def test_the_highest_confidence_holds_when_shared_by_two_camps() -> None:
    assert word(B, S, strategy="highest_confidence") == "HOLD"


def test_only_contending_camps_are_heard() -> None:
    pairs = [("BUY", 0.6), ("BUY", 0.5), ("SELL", 0.4), ("SELL", 0.3), ("HOLD", 0.9)]

    assert word(*pairs, method="majority", strategy="highest_confidence") == "BUY"


def test_the_risk_managers_break_a_tie_at_their_mildest() -> None:
    sent = [vote("a", "STRONG_SELL", role="risk_manager"), vote("b", "SELL", role="risk_manager")]
    tie = [vote("c", "BUY"), vote("d", "BUY")]
    result = decide(sent + tie, {"strategy": "risk_manager"})

    assert (result.decision, result.status, result.resolved_by) == ("SELL", "tie", "risk_manager")


@pytest.mark.parametrize("roles", [(), ("a", "b"), ("e",)])
def test_risk_managers_that_are_none_divided_or_outside_the_contest_hold(roles: tuple[str, ...]) -> None:
    sent = votes_of(B, S, B, S, ("HOLD", 0.9))
    for one in sent:
        one["role"] = "risk_manager" if one["agent_id"] in roles else "trader"

    assert decide(sent, {"method": "majority", "strategy": "risk_manager"}).decision == "HOLD"


@pytest.mark.parametrize(
    ("pairs", "decision"),
    [
        ([("BUY", 0.5), ("HOLD", 0.5)], "HOLD"),
        ([("STRONG_BUY", 0.5), ("BUY", 0.4), ("HOLD", 0.9)], "BUY"),
        ([("STRONG_BUY", 0.5), ("STRONG_BUY", 0.4), ("HOLD", 0.1), ("SELL", 0.1)], "STRONG_BUY"),
        ([("STRONG_BUY", 0.5), ("BUY", 0.5)], "BUY"),
    ],
)
def test_the_average_needs_more_than_half_a_level(pairs: Any, decision: str) -> None:
    assert word(*pairs, method="bft", strategy="weighted_average", weights={"a": 1}, roster=[*"abcdefghijk"],
                quorum=0) in {decision, "HOLD"}  # fmt: skip
    assert word(*pairs, method="weighted", threshold=1, strategy="weighted_average") == decision


def test_any_opposition_asks_the_strategy_although_the_method_has_settled() -> None:
    result = decide(votes_of(B, B, ("SELL", 0.0)), {"conflict_trigger": "any_opposition"})

    assert (result.decision, result.status, result.resolved_by) == ("HOLD", "decided", "conservative")


def test_bulls_beside_holders_are_no_opposition() -> None:
    assert word(B, B, H, conflict_trigger="any_opposition") == "BUY"


def veto(decision: str, position: float, **risk_manager: Any) -> str:
    sent = [vote(name, decision) for name in "ab"]
    sent.append(vote("rm", "HOLD", **({"role": "risk_manager", "confidence": 0.5} | risk_manager)))
    return decide(sent, {"risk_veto": True, "position": position}).resolved_by


@pytest.mark.parametrize(("decision", "position"), [("BUY", 0), ("BUY", 2), ("SELL", 0), ("STRONG_SELL", -1e-9)])
def test_opening_or_growing_exposure_can_be_vetoed(decision: str, position: float) -> None:
    assert veto(decision, position) == "risk_veto"


@pytest.mark.parametrize(("decision", "position"), [("SELL", 1e-9), ("BUY", -2)])
def test_reducing_exposure_is_never_vetoed(decision: str, position: float) -> None:
    assert veto(decision, position) == "method"


@pytest.mark.parametrize("changed", [{"confidence": 0.499999}, {"role": "analyst"}, {"decision": "STRONG_BUY"}])
def test_a_veto_takes_a_sure_risk_manager_in_another_camp(changed: dict[str, Any]) -> None:
    sent = [vote("a", "BUY"), vote("b", "BUY"), vote("rm", "HOLD", 0.5, role="risk_manager") | changed]

    assert decide(sent, {"risk_veto": True}).resolved_by == "method"


def test_a_risk_manager_without_weight_can_veto() -> None:
    sent = [vote("a", "BUY"), vote("rm", "SELL", 0.5, role="risk_manager")]

    assert decide(sent, {"risk_veto": True, "weights": {"rm": 0}}).resolved_by == "risk_veto"


def test_the_floor_must_be_exceeded() -> None:
    result = decide(votes_of(("BUY", 0.6)), {"min_confidence": 0.6})

    assert (result.decision, result.status, result.resolved_by) == ("HOLD", "decided", "min_confidence")
    assert (result.confidence, result.support, result.position_size) == (0, 0, 0)
    assert word(("BUY", 0.600001), min_confidence=0.6) == "BUY"


def test_hold_needs_no_confidence() -> None:
    assert decide(votes_of(("HOLD", 0.1)), {"min_confidence": 0.6}).resolved_by == "method"


def sized(*sizes: float | None, **settings: Any) -> float | None:
    sent = [vote(name, "BUY", position_size=size) for name, size in zip("abcde", sizes, strict=False)]
    return decide(sent, settings).position_size


def test_the_size_is_the_lower_median_of_those_that_were_given() -> None:
    assert sized(0.4, 0.1, 0.2, None) == 0.2
    assert sized(0.4, 0.1) == 0.1
    assert sized(None, None) is None


def test_the_size_is_weighed_by_mass() -> None:
    assert sized(0.4, 0.1, weights={"a": 3}) == 0.4


def test_the_whole_camp_has_a_say_in_the_size() -> None:
    sent = [
        vote("a", "STRONG_BUY", position_size=0.5),
        vote("b", "BUY", 0.1, position_size=0.1),
        vote("c", "BUY", position_size=0.2),
        vote("d", "SELL", 0.1, position_size=0.9),
    ]

    assert decide(sent).position_size == 0.2


def test_sizes_of_supporters_without_mass_give_the_smallest() -> None:
    sent = [
        vote("a", "BUY", position_size=0.3),
        vote("b", "BUY", position_size=0.2),
        vote("c", "BUY"),
    ]

    assert decide(sent, {"weights": {"a": 0, "b": 0}}).position_size == 0.2


def test_what_risk_takes_away_does_not_change_what_full_agreement_would_be() -> None:
    result = decide([vote("a", "BUY", 0.8, risk=0.5)], {"method": "risk_adjusted", "risk_aversion": 0.5})

    assert (result.decision, result.confidence, result.support) == ("BUY", 0.6, 0.75)
