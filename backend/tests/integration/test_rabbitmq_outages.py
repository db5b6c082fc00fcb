"""The broker dies, comes back, and runs out of memory."""

import asyncio
from urllib.parse import urlsplit

import pytest

from app.messaging.errors import TransportUnavailableError
from app.ports.queues import WorkQueue
from app.ports.transport import TransportState
from tests.integration.rabbitmq_scene import a_transport, an_event, control, until_taken, write_down_queues
from tests.own_servers import own_servers


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with own_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


async def test_nothing_that_was_taken_is_lost_when_the_broker_is_killed_and_consumers_come_back(servers):
    queue, taken, arrived = WorkQueue("survivors", ("market.#",)), set(), set()
    killed = asyncio.Event()
    url = servers.url("rabbitmq")
    async with a_transport(url, "kill", timeout_s=1.0) as ours, a_transport(url, "kill") as theirs:

        async def publish():
            for seq in range(400):
                await until_taken(ours, an_event(seq))
                taken.add(seq)
                if seq == 100:
                    killed.set()

        async def consume():
            async with theirs.consume(queue) as deliveries:
                async for delivery in deliveries:
                    arrived.add(delivery.message.seq)
                    await delivery.ack()
                    if len(arrived) == 400:
                        return

        async def kill():
            await killed.wait()
            servers.kill("rabbitmq")
            await asyncio.to_thread(servers.start)

        await ours.declare(queue)
        write_down_queues(servers)
        async with asyncio.timeout(90), asyncio.TaskGroup() as tasks:
            for work in (publish, consume, kill):
                tasks.create_task(work())
    assert arrived == taken == set(range(400))


async def test_a_subscriber_hears_again_after_the_broker_was_killed_and_knows_that_it_missed_something(servers):
    async with (
        a_transport(servers.url("rabbitmq"), "feed", timeout_s=0.5) as transport,
        transport.subscribe("#") as deliveries,
    ):
        await transport.publish(an_event(1))
        assert (await anext(deliveries)).seq == 1
        servers.kill("rabbitmq")
        with pytest.raises(TransportUnavailableError, match="is down") as refused:
            await transport.publish(an_event(2))
        assert transport.state is TransportState.DOWN
        assert urlsplit(servers.url("rabbitmq")).password not in str(refused.value)
        await asyncio.to_thread(servers.start)
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            heard = tasks.create_task(anext(deliveries))
            while not heard.done():
                await until_taken(transport, an_event(3))
        assert (heard.result().seq, deliveries.interruptions) == (3, 1)
        assert transport.state is TransportState.UP


async def test_a_broker_short_of_memory_is_told_as_blocked_while_consumers_go_on(servers):
    queue = WorkQueue("patient", ("#",), prefetch=1)
    async with (
        a_transport(servers.url("rabbitmq"), "alarm", timeout_s=1.0) as transport,
        transport.consume(queue) as deliveries,
    ):
        await transport.publish(an_event(1), an_event(2), an_event(3))
        control(servers, "set_vm_memory_high_watermark", "absolute", "1MB")
        with pytest.raises(TransportUnavailableError, match="takes no messages"):
            for seq in range(4, 100):
                await transport.publish(an_event(seq))
        assert transport.state is TransportState.BLOCKED
        for seq in (1, 2, 3):
            delivery = await anext(deliveries)
            await delivery.ack()
            assert delivery.message.seq == seq
        control(servers, "set_vm_memory_high_watermark", "absolute", "512MB")
        await until_taken(transport, an_event(100))
        assert transport.state is TransportState.UP
