"""Two desks on one store, as two processes have it: each hears every event once, in the order of the numbers."""

import asyncio
from contextlib import AsyncExitStack

from app.agent_system import AgentSystem
from app.config import Settings
from tests.builders import rows

ROUNDS = 6


async def heard(deliveries, count):
    async with asyncio.timeout(20):
        return [(await anext(deliveries)).seq for _ in range(count)]


async def test_each_desk_hears_every_event_once_and_in_order(tmp_path):
    settings = Settings(home=tmp_path, panel="rules", follow_seconds=0.05)
    async with AsyncExitStack() as stack:
        systems = [await stack.enter_async_context(AgentSystem(settings)) for _ in range(2)]
        desks = [await system.start() for system in systems]
        feeds = [await stack.enter_async_context(desk.bus.subscribe("#", 10_000)) for desk in desks]
        asked = [
            system.run_real_time_analysis(symbol, {"bars": rows(20), "interval": "1d"}, agents=["risk_advisor"])
            for _ in range(ROUNDS)
            for system, symbol in zip(systems, ("AAPL", "MSFT"), strict=True)
        ]
        await asyncio.gather(*asked)
        newest = await desks[0].store.last_seq()
        told = await asyncio.gather(*(heard(feed, newest) for feed in feeds))
    assert told == [list(range(1, newest + 1))] * 2
    assert newest >= 2 * ROUNDS
