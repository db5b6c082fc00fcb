"""The bus and typed agents over a real RabbitMQ, and a worker process that is killed."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from app.events.agent_event_bus import AgentEventBus
from app.messaging.agents import BaseAgent
from app.messaging.codecs import EnvelopeCodec
from app.messaging.errors import NoAgentFoundError
from app.messaging.messages import BaseMessage
from app.messaging.router import MessageRouter, registry_of
from app.messaging.transports.rabbitmq import RabbitMqTransport
from app.ports.queues import WorkQueue
from tests.integration.rabbitmq_scene import a_transport, an_event

WORKER = Path(__file__).with_name("rabbitmq_worker.py")
BACKEND = WORKER.parents[2]


@pytest.fixture
def namespace(rabbitmq_prefix):
    return f"{rabbitmq_prefix}conclave"


async def test_two_buses_are_one(rabbitmq_url, namespace):
    heard, worked = asyncio.Queue(), asyncio.Queue()
    async with (
        a_transport(rabbitmq_url, namespace) as here,
        a_transport(rabbitmq_url, namespace) as there,
        AgentEventBus(here) as ours,
        AgentEventBus(there) as theirs,
    ):
        await theirs.listen([("market.#", heard.put_nowait), ("alert", heard.put_nowait)])
        await theirs.serve(WorkQueue("execution", ("market.#",)), worked.put_nowait)
        await ours.publish(*map(an_event, range(5)))
        assert [(await heard.get()).seq for _ in range(5)] == list(range(5))
        assert [(await worked.get()).seq for _ in range(5)] == list(range(5))
        assert (ours.state, ours.dropped, theirs.hears("anything")) == ("up", 0, True)


async def test_work_in_the_hands_of_a_process_that_is_killed_comes_to_another(rabbitmq_url, namespace):
    queue = WorkQueue("work", ("#",))
    async with a_transport(rabbitmq_url, namespace) as transport:
        await transport.declare(queue)
        await transport.publish(an_event(7))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(WORKER), rabbitmq_url, namespace, "work"),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(BACKEND)},
        )
        assert await process.stdout.readline() == b"7\n"
        process.kill()
        await process.wait()
        async with transport.consume(queue) as deliveries:
            delivery = await anext(deliveries)
            assert (delivery.message.seq, delivery.redelivered) == (7, True)
            await delivery.ack()


class PriceAsked(BaseMessage, frozen=True):
    """Asks for a price."""

    symbol: str


class PriceTold(BaseMessage, frozen=True):
    """Tells a price."""

    price: float


class Buyer(BaseAgent):
    """Asks, and keeps what it is told."""

    messages = (PriceTold,)
    sending_messages = (PriceAsked,)

    def __init__(self):
        self.told = asyncio.Queue()

    def handle_message(self, message, context):
        """Keep it."""
        self.told.put_nowait((message, context["session_id"]))


class Pricer(BaseAgent):
    """Tells the price of everything."""

    messages = (PriceAsked,)
    sending_messages = (PriceTold,)
    router = None

    async def handle_message(self, message, context):
        """Answer in the same session."""
        await self.router.send(self, PriceTold.following(message, price=7), "reply", context["session_id"])


async def test_agents_in_two_processes_talk_in_typed_messages(rabbitmq_url, namespace):
    buyer, pricer = Buyer(), Pricer()
    codec = EnvelopeCodec(registry_of((buyer, pricer)))
    async with (
        RabbitMqTransport(rabbitmq_url, codec, namespace=namespace) as here,
        RabbitMqTransport(rabbitmq_url, codec, namespace=namespace) as there,
        MessageRouter(here, (buyer,)) as buying,
    ):
        with pytest.raises(NoAgentFoundError, match="PriceAsked"):
            await buying.send(buyer, PriceAsked(symbol="AAPL"), "request", "a.session: 1")
        async with MessageRouter(there, (pricer,)) as pricing:
            pricer.router = pricing
            asked = PriceAsked(symbol="AAPL")
            await buying.send(buyer, asked, "request", "a.session: 1")
            told, session_id = await buyer.told.get()
    assert (told.price, told.causation_id, session_id) == (7, asked.message_id, "a.session: 1")
