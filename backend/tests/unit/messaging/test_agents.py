import pytest

from app.domain.errors import AgentSystemError
from app.messaging.agents import BaseAgent
from app.messaging.errors import AgentCommunicationError, InvalidAgentError
from tests.unit.messaging.scene import Pricer, Quote, QuoteRequest


def handle(self, message, context):
    """Do nothing."""


@pytest.mark.parametrize(
    ("attribute", "fields"),
    [
        ("messages", {"handle_message": handle}),
        ("messages", {"messages": QuoteRequest, "handle_message": handle}),
        ("messages", {"messages": "QuoteRequest", "handle_message": handle}),
        ("messages", {"messages": [QuoteRequest, int], "handle_message": handle}),
        ("messages", {"messages": [QuoteRequest(symbol="A")], "handle_message": handle}),
        ("sending_messages", {"messages": [QuoteRequest], "sending_messages": None, "handle_message": handle}),
        ("handle_message", {"messages": [QuoteRequest]}),
        ("handle_message", {"messages": [QuoteRequest], "handle_message": lambda self, message: None}),
    ],
)
def test_an_agent_whose_declarations_cannot_work_is_refused_when_its_class_is_made(attribute, fields):
    with pytest.raises(InvalidAgentError, match="Broken") as refused:
        type("Broken", (BaseAgent,), fields)
    assert (refused.value.agent_class, refused.value.missing_attribute) == ("Broken", attribute)
    assert refused.value.suggestion in str(refused.value)


def test_a_base_of_several_agents_need_not_declare_anything_yet():
    class Desk(BaseAgent, abstract=True):
        handle_message = handle

    class Trader(Desk):
        messages = (QuoteRequest,)

    assert Trader().validate_incoming_message(QuoteRequest(symbol="A"))


def test_an_agent_takes_and_says_only_what_it_has_declared():
    agent = Pricer()
    request, quote = QuoteRequest(symbol="A"), Quote(symbol="A")
    assert (agent.validate_incoming_message(request), agent.validate_incoming_message(quote)) == (True, False)
    assert (agent.validate_outgoing_message(request), agent.validate_outgoing_message(quote)) == (False, True)


def test_an_agent_that_only_listens_need_not_say_so():
    class Listener(BaseAgent):
        messages = (Quote,)
        handle_message = handle

    assert not Listener().validate_outgoing_message(Quote(symbol="A"))


def test_whatever_goes_wrong_between_agents_can_be_caught_together():
    assert issubclass(InvalidAgentError, AgentCommunicationError)
    assert issubclass(AgentCommunicationError, AgentSystemError)
