import asyncio

import pytest

from app.domain.events import Event, EventType
from app.events.agent_event_bus import AgentEventBus
from app.messaging.errors import QueueSettingsError
from app.messaging.transports.in_process import InProcessTransport
from app.ports.queues import WorkQueue
from tests.builders import START


def an_event(seq):
    return Event(EventType.MARKET_UPDATE, {"n": seq}, START, "AAPL", seq=seq)


async def test_a_bus_built_bare_carries_events():
    bus = AgentEventBus()
    async with bus.subscribe("market.bar.#") as deliveries:
        await bus.publish(an_event(1), an_event(2))
        assert [(await anext(deliveries)).seq, (await anext(deliveries)).seq] == [1, 2]


async def test_handlers_get_what_fits_their_pattern_and_survive_their_own_errors():
    heard, third = [], asyncio.Event()

    async def handler(event):
        if event.seq == 1:
            raise ValueError("no")
        heard.append(event.seq)
        third.set()

    async with AgentEventBus() as bus:
        await bus.listen([("market.#", handler)])
        await bus.publish(an_event(1), an_event(2))
        await third.wait()
    assert heard == [2]


async def test_a_handler_that_hangs_does_not_hold_up_the_others():
    never, heard = asyncio.Event(), asyncio.Queue()

    async def hang(event):
        await never.wait()

    async with AgentEventBus() as bus:
        await bus.listen([("#", hang), ("#", heard.put_nowait)], capacity=5)
        for seq in range(20):
            await bus.publish(an_event(seq))
            assert (await heard.get()).seq == seq
        assert bus.dropped == 20 - 5 - 1


async def test_after_close_no_handler_runs():
    heard = []
    bus = AgentEventBus()
    await bus.listen([("#", heard.append)])
    await bus.close()
    await bus.publish(an_event(1))
    await bus.close()
    assert heard == []


async def test_work_of_a_shared_queue_is_settled_after_its_effect_in_the_order_of_each_symbol():
    transport, done, handled = InProcessTransport(), asyncio.Event(), []
    queue = WorkQueue("execution", ("market.#",))

    async def handle(event):
        handled.append(event.seq)
        if len(handled) == 20:
            done.set()

    async with AgentEventBus(transport) as bus:
        await bus.serve(queue, handle)
        await bus.publish(*map(an_event, range(20)))
        await done.wait()
    assert handled == list(range(20))


async def test_work_that_nobody_had_time_for_waits_for_the_next_bus():
    transport, queue, done = InProcessTransport(), WorkQueue("execution", ("market.#",)), asyncio.Event()
    async with AgentEventBus(transport) as bus:
        await transport.declare(queue)
        await bus.publish(an_event(1))
    async with AgentEventBus(transport) as bus:
        await bus.serve(queue, lambda event: done.set())
        await done.wait()


async def test_a_queue_that_cannot_be_served_is_told_to_whoever_asks():
    transport = InProcessTransport()
    await transport.declare(WorkQueue("execution", ("market.#",)))
    async with AgentEventBus(transport) as bus:
        with pytest.raises(QueueSettingsError):
            await bus.serve(WorkQueue("execution", ("alert.#",)), print)
        assert bus.state == "up"
