import asyncio
from contextlib import suppress

from app.domain.errors import StoreUnavailableError
from app.events.agent_event_bus import AgentEventBus
from app.events.announcer import Announcer
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.contracts.decision_drafts import a_step, a_vote


class Listener:
    """Everything the bus was told, in order; `numbers` waits for as many."""

    def __init__(self, deliveries):
        self._deliveries = deliveries

    async def numbers(self, count):
        async with asyncio.timeout(5):
            return [(await anext(self._deliveries)).seq for _ in range(count)]


async def told_of(store, act, count):
    bus = AgentEventBus()
    async with bus.subscribe("#") as deliveries:
        await act(Announcer(store, bus))
        return await Listener(deliveries).numbers(count)


async def test_what_others_stored_before_is_told_first():
    store = InMemoryDecisionStore()

    async def act(announcer):
        await announcer.announce(await store.append_events([a_step()]))
        await store.append_events([a_vote(), a_vote()])
        await announcer.announce(await store.append_events([a_step()]))

    assert await told_of(store, act, 4) == [1, 2, 3, 4]


async def test_whoever_announces_late_tells_nothing_twice():
    store = InMemoryDecisionStore()

    async def act(announcer):
        first = await store.append_events([a_step()])
        second = await store.append_events([a_vote(), a_vote()])
        third = await store.append_events([a_step()])
        for events in (first, third, second):
            await announcer.announce(events)
        await announcer.announce(await store.append_events([a_vote()]))

    assert await told_of(store, act, 5) == [1, 2, 3, 4, 5]


async def test_what_others_store_is_told_while_nothing_is_stored_here():
    store = InMemoryDecisionStore()
    following = set()

    async def act(announcer):
        await announcer.announce(await store.append_events([a_step()]))
        following.add(asyncio.create_task(announcer.follow(60)))
        await store.append_events([a_vote(), a_step()])

    assert await told_of(store, act, 3) == [1, 2, 3]
    for task in following:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Failing(InMemoryDecisionStore):
    """A store that cannot be read until it is mended."""

    broken = True

    async def events_after(self, *given):
        if self.broken:
            raise StoreUnavailableError("gone")
        return await super().events_after(*given)


async def test_what_cannot_be_read_now_is_told_later_and_in_order():
    store = Failing()

    async def act(announcer):
        await announcer.announce(await store.append_events([a_step()]))
        await store.append_events([a_vote()])
        await announcer.announce(await store.append_events([a_step()]))
        store.broken = False
        await announcer.announce(await store.append_events([a_vote()]))

    assert await told_of(store, act, 4) == [1, 2, 3, 4]
