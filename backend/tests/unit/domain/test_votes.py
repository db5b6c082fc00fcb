from math import inf, nan

import pytest

from app.domain.votes import ABSTAIN, BUY, Opinion, Vote, engine_vote, is_usable
from tests.builders import START


def vote(role="market_analyst", **opinion):
    given = Opinion(**{"decision": BUY, "confidence": 0.5, "reasoning": "because", **opinion})
    return Vote(f"{role}_AAPL", role, "AAPL", given, START, 1.5)


@pytest.mark.parametrize(
    "changed",
    [
        {"confidence": 85.0},
        {"confidence": nan},
        {"confidence": None},
        {"decision": "MAYBE"},
        {"risk": -0.1},
        {"position_size": 1.01},
        {"stop_loss": 0.0},
        {"take_profit": inf},
        {"stop_loss": nan},
    ],
)
def test_an_opinion_with_a_number_outside_its_range_is_not_usable(changed):
    assert not is_usable(vote(**changed).opinion)


def test_an_abstention_needs_no_confidence():
    assert is_usable(vote(decision=ABSTAIN, confidence=None).opinion)


def test_absent_options_are_left_out_of_the_record():
    fields = vote().as_dict()
    assert "risk" not in fields
    assert "error_kind" not in fields
    assert fields["lineage"] == "rules:market_analyst"


def test_numbers_stand_on_the_grid_of_the_record():
    assert vote(confidence=1 / 3).as_dict()["confidence"] == 0.333333333


def test_the_risk_advisor_votes_as_risk_manager():
    assert engine_vote(vote("risk_advisor").as_dict())["role"] == "risk_manager"
    assert engine_vote(vote("news_analyst").as_dict())["role"] == "news_analyst"
