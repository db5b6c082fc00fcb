"""The wire to the broker: delayed, half open, cut; what was confirmed is there, and nobody has to help."""

import asyncio

import pytest

from app.domain.errors import TransportError
from app.ports.queues import WorkQueue
from tests.integration.rabbitmq_scene import a_transport, an_event, until_taken
from tests.integration.wire import wire_to

WORK = WorkQueue("work", ("market.#",))
PATIENCE_S = 60


@pytest.fixture
async def wire(rabbitmq_url):
    async with wire_to(rabbitmq_url) as wire:
        yield wire


async def numbers_until(deliveries, last):
    """Take and settle what comes until the event of this number has come; return the numbers."""
    seen = []
    async with asyncio.timeout(PATIENCE_S):
        while last not in seen:
            delivery = await anext(deliveries)
            seen.append(delivery.message.seq)
            await delivery.ack()
    return seen


async def test_what_is_delayed_on_the_way_arrives_once(wire, rabbitmq_prefix):
    async with (
        a_transport(wire.url, rabbitmq_prefix, timeout_s=PATIENCE_S) as transport,
        transport.consume(WORK) as deliveries,
    ):
        await transport.publish(an_event(1), required=True)
        wire.hold()
        publishing = asyncio.create_task(transport.publish(an_event(2), an_event(3)))
        assert await asyncio.wait([publishing], timeout=0.5) == (set(), {publishing})
        wire.release()
        await publishing
        assert await numbers_until(deliveries, 3) == [1, 2, 3]


async def test_a_half_open_connection_is_told_in_time_and_loses_nothing_that_was_confirmed(wire, rabbitmq_prefix):
    async with (
        a_transport(wire.url, rabbitmq_prefix, timeout_s=1) as transport,
        transport.consume(WORK) as deliveries,
    ):
        await until_taken(transport, an_event(1))
        wire.hold()
        with pytest.raises(TransportError, match="Not taken within 1 s"):
            await transport.publish(an_event(2))
        wire.release()
        await until_taken(transport, an_event(3))
        seen = await numbers_until(deliveries, 3)
    assert seen[0] == 1
    assert set(seen) <= {1, 2, 3}


async def test_a_connection_that_is_cut_comes_back_by_itself_for_those_who_send_and_those_who_take(
    wire, rabbitmq_prefix
):
    async with (
        a_transport(wire.url, rabbitmq_prefix, timeout_s=1) as transport,
        transport.consume(WORK) as deliveries,
    ):
        await until_taken(transport, an_event(1))
        await wire.deafen()
        with pytest.raises(TransportError):
            await transport.publish(an_event(2))
        await wire.listen()
        await until_taken(transport, an_event(3))
        seen = await numbers_until(deliveries, 3)
    assert {1, 3} <= set(seen) <= {1, 2, 3}
