from uuid import RFC_4122, UUID

from app.domain.events import agent_thinking, coordination, tool_called, vote_cast
from app.domain.tool_calls import ToolCall
from app.domain.votes import BUY, Opinion, Vote
from tests.builders import START

VOTE = Vote("risk_advisor_BRK.B", "risk_advisor", "BRK.B", Opinion(BUY, 0.5, "because"), START, 1.0)
CALL = ToolCall("id", "risk_advisor_BRK.B", "assess_risk", {}, "success", START, 0.5, {"x": 1})


def test_a_vote_answers_to_its_type_symbol_role_and_agent():
    assert set(vote_cast(VOTE.as_dict(), START, "d").subscriptions) == {
        "*",
        "agent_decision",
        "symbol:BRK.B",
        "agent:risk_advisor",
        "agent:risk_advisor_BRK.B",
    }


def test_dots_in_a_symbol_do_not_split_the_words_of_a_topic():
    assert vote_cast(VOTE.as_dict(), START, "d").topic == "agent.vote.BRK-B.risk_advisor"
    assert tool_called(CALL.as_dict(), START, "risk_advisor", "BRK.B", "d").topic == "agent.tool.BRK-B.risk_advisor"


def test_a_coordination_names_its_step_in_the_topic():
    event = coordination("consensus_result", "AAPL", "d", {"final_decision": "HOLD"}, START)
    assert event.topic == "decision.consensus_result.AAPL"
    assert event.data["payload"] == {"final_decision": "HOLD"}


def test_a_coordination_without_a_symbol_answers_to_no_symbol():
    assert coordination("consensus_cancelled", "", "d", {}, START).subscriptions == ("*", "agent_coordination")


def test_an_event_has_one_id_however_often_it_is_asked_for():
    stored = vote_cast(VOTE.as_dict(), START, "d")._replace(seq=3)
    again = vote_cast(VOTE.as_dict(), START, "d")._replace(seq=3)
    assert stored.message_id == again.message_id
    assert UUID(stored.message_id).version == 7
    assert UUID(stored.message_id).variant == RFC_4122
    assert UUID(stored.message_id).int >> 80 == int(START.timestamp() * 1_000)


def test_different_events_have_different_ids_stored_or_not():
    first, second = (agent_thinking("a", "a", "A", "d", text=text, timestamp=START) for text in ("one", "two"))
    stored = [first._replace(seq=seq) for seq in (1, 2)]
    assert len({each.message_id for each in (first, second, *stored)}) == 4
