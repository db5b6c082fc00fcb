"""The worked examples of the engine's specification, one test each."""

from app.consensus.engine import decide
from tests.unit.consensus.builders import vote, votes_of

UNDECIDED = votes_of(("BUY", 0.5), ("HOLD", 0.3), ("SELL", 0.4))


def test_two_buyers_outvote_one_seller_by_majority() -> None:
    result = decide(votes_of(("BUY", 0.8), ("BUY", 0.6), ("SELL", 0.9)), {"method": "majority"})

    assert (result.decision, result.status, result.resolved_by) == ("BUY", "decided", "method")
    assert (result.confidence, result.support) == (0.466666667, 0.666666667)
    assert result.as_dict()["tally"] == {"BEAR": "1", "HOLD": "0", "BULL": "2"}


def test_equal_bulls_and_bears_tie_and_hold() -> None:
    result = decide(votes_of(("BUY", 0.8), ("SELL", 0.8)))

    assert (result.decision, result.status, result.resolved_by) == ("HOLD", "tie", "conservative")
    assert (result.confidence, result.support) == (0, 0)


def test_the_surer_of_two_wins_by_weight() -> None:
    result = decide(votes_of(("BUY", 0.8), ("SELL", 0.6)))

    assert (result.decision, result.confidence, result.support) == ("BUY", 0.4, 0.571428571)


def test_a_split_panel_is_below_the_threshold_and_holds() -> None:
    result = decide(UNDECIDED)

    assert (result.decision, result.status, result.resolved_by) == ("HOLD", "below_threshold", "conservative")
    assert (result.confidence, result.support) == (0.1, 0.25)


def test_the_highest_confidence_breaks_the_same_split() -> None:
    result = decide(UNDECIDED, {"strategy": "highest_confidence"})

    assert (result.decision, result.status, result.resolved_by) == ("BUY", "below_threshold", "highest_confidence")


def test_a_third_of_the_camp_does_not_make_it_strong() -> None:
    assert decide(votes_of(("STRONG_BUY", 0.9), ("BUY", 0.9), ("BUY", 0.9))).decision == "BUY"


def test_market_risk_moves_mass_from_buy_to_hold() -> None:
    result = decide(votes_of(("BUY", 0.8), ("HOLD", 0.6)), {"method": "risk_adjusted", "market_risk": 0.9})

    assert (result.decision, result.status) == ("HOLD", "decided")
    assert (result.tally.bull, result.tally.hold) == (44 * 10**22, 96 * 10**22)
    assert result.confidence == 0.48


def test_closing_a_long_position_is_not_discounted() -> None:
    settings = {"method": "risk_adjusted", "market_risk": 0.9, "position": 1}

    assert decide(votes_of(("SELL", 0.8)), settings).decision == "SELL"


def test_an_unreadable_vote_and_an_abstention_leave_no_quorum() -> None:
    sent = [vote("a", "BUY", 0.8), vote("b", "BUY", 85), {"agent_id": "c", "decision": "ABSTAIN"}]
    result = decide(sent, {"method": "majority", "roster": ["a", "b", "c", "d"], "quorum": 0.5})

    assert (result.decision, result.status, result.resolved_by) == ("NO_DECISION", "no_quorum", "fallback")
    assert result.missing == ("b", "c", "d")
    assert result.rejected == (("b", "confidence_out_of_range"), ("c", "abstain"))
    assert result.as_dict()["tally"] == {"BEAR": "0", "HOLD": "0", "BULL": "1"}


def test_a_tie_with_the_risk_manager_needs_no_veto() -> None:
    sent = [vote("a", "BUY", 0.9), vote("rm", "HOLD", 0.7, role="risk_manager")]
    result = decide(sent, {"method": "majority", "threshold": 0, "risk_veto": True})

    assert (result.decision, result.status, result.resolved_by) == ("HOLD", "tie", "conservative")


def test_a_risk_manager_who_holds_vetoes_a_buying_majority() -> None:
    sent = [vote("a", "BUY", 0.9), vote("b", "BUY", 0.8), vote("rm", "HOLD", 0.7, role="risk_manager")]
    result = decide(sent, {"method": "majority", "risk_veto": True})

    assert (result.decision, result.status, result.resolved_by) == ("HOLD", "decided", "risk_veto")
    assert (result.confidence, result.support, result.position_size) == (0.233333333, 0.333333333, 0)
