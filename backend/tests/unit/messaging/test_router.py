import asyncio

import pytest

from app.messaging.agents import BaseAgent
from app.messaging.envelopes import Envelope
from app.messaging.errors import InvalidAgentError, InvalidChannelFormat, NoAgentFoundError
from app.messaging.router import MessageRouter, registry_of
from app.messaging.transports.in_process import InProcessTransport
from tests.unit.messaging.scene import Pricer, Quote, QuoteRequest


class Buyer(BaseAgent):
    """Says requests, takes quotes."""

    messages = (Quote,)
    sending_messages = (QuoteRequest,)

    def __init__(self):
        self.quotes = asyncio.Queue()

    def handle_message(self, message, context):
        """Keep what came, with its session."""
        self.quotes.put_nowait((message, context["session_id"]))


class QuotingPricer(Pricer):
    """Answers each request with a quote."""

    def __init__(self):
        super().__init__()
        self.router = None

    async def handle_message(self, message, context):
        """Answer in the same conversation."""
        quote = Quote.following(message, symbol=message.symbol, price=7)
        await self.router.send(self, quote, "reply", context["session_id"])


async def test_agents_talk_through_a_router_in_one_conversation():
    buyer, pricer = Buyer(), QuotingPricer()
    async with MessageRouter(InProcessTransport(), (buyer, pricer)) as router:
        pricer.router = router
        request = QuoteRequest(symbol="AAPL")
        await router.send(buyer, request, "request", "session 1")
        quote, session_id = await buyer.quotes.get()
    assert (quote.symbol, quote.price, session_id) == ("AAPL", 7, "session 1")
    assert (quote.correlation_id, quote.causation_id) == (request.message_id, request.message_id)


async def test_an_agent_cannot_say_what_it_has_not_declared():
    buyer = Buyer()
    async with MessageRouter(InProcessTransport(), (buyer,)) as router:
        with pytest.raises(InvalidAgentError, match="Add Quote to it"):
            await router.send(buyer, Quote(symbol="A"), "reply", "1")


async def test_what_no_agent_takes_is_told_to_the_sender():
    buyer = Buyer()
    async with MessageRouter(InProcessTransport(), (buyer,)) as router:
        with pytest.raises(NoAgentFoundError, match="QuoteRequest") as refused:
            await router.send(buyer, QuoteRequest(symbol="A"), "request", "1")
        assert refused.value.message_type == "QuoteRequest"
        with pytest.raises(InvalidChannelFormat):
            await router.send(buyer, QuoteRequest(symbol="A"), "", "1")


async def test_what_was_sent_to_the_wrong_agents_queue_becomes_a_dead_letter():
    transport = InProcessTransport()
    async with MessageRouter(transport, (Pricer(),)), transport.dead_letters("agent.Pricer") as letters:
        await transport.send("agent.Pricer", Envelope.to("reply", "1", Quote(symbol="A")))
        letter = (await anext(letters)).message
    assert letter.reason == "No agent takes Quote. Register one that lists it in its `messages`."


def test_the_registry_of_agents_knows_what_they_take_and_say():
    assert registry_of((Buyer, Pricer())).names == ("Quote", "QuoteRequest")
