"""Processes that share one store and one post, all in one event loop."""

import asyncio
from contextlib import asynccontextmanager

from app.domain.identifiers import new_id
from app.domain.letters import Letter
from app.domain.requests import read_request
from app.events.jobs.assembly import Working
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from tests.builders import ScriptedAnalyst, request_fields
from tests.unit.events.virtual_time import LoopClock

LEASE_S = 10.0


class Post:
    """Carries errands from whoever hands them out to whoever takes them."""

    def __init__(self):
        self.errands = asyncio.Queue()

    def letter_of(self, errand):
        return Letter("AskAnalysts", "", new_id(), errand.job_id, b"{}", errand.role)

    def give_out(self, errands):
        for errand in errands:
            self.errands.put_nowait(errand)

    def tell_of_ends(self):
        """Everybody looks for themselves."""

    async def close(self):
        """It belongs to everybody."""


class CountingAnalyst(ScriptedAnalyst):
    """Remembers how often it was asked."""

    def __init__(self, role, opinion=None):
        super().__init__(role, opinion)
        self.asked = 0

    async def analyse(self, context, tools):
        self.asked += 1
        return await super().analyse(context, tools)


class GatedAnalyst(CountingAnalyst):
    """Answers when the test opens the gate."""

    def __init__(self, role, opinion=None):
        super().__init__(role, opinion)
        self.was_asked, self.gate, self.was_cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def analyse(self, context, tools):
        self.was_asked.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise
        return await super().analyse(context, tools)


def panel(*analysts):
    return {each.role: each for each in analysts}


def question(**others):
    return read_request(request_fields(30, **others)).to_question()


@asynccontextmanager
async def process(store, post, analysts, **terms):
    """A process that accepts and looks after jobs, and does no errands of itself."""
    working = Working(lambda _work: post, LEASE_S, **terms)
    coordinator = MultiAgentCoordinator(store=store, clock=LoopClock(), analysts=analysts, working=working)
    async with coordinator:
        yield coordinator


class Worker:
    """A worker that may die, or be paused, which to the others is the same."""

    def __init__(self, coordinator, serving, errands):
        self._coordinator, self._serving, self._errands = coordinator, serving, errands

    def dies(self):
        """Be heard of no more: take nothing, renew nothing, look after nothing; what it runs runs on."""
        for task in (self._serving, *self._coordinator.jobs._background):
            task.cancel()

    async def comes_to_its_end(self):
        """Return when what it ran has ended."""
        await asyncio.gather(*self._errands, return_exceptions=True)


@asynccontextmanager
async def worker(store, post, analysts):
    """A process that also does every errand it can get."""
    async with process(store, post, analysts) as coordinator:
        errands = set()

        async def serve():
            while True:
                task = asyncio.create_task(coordinator.jobs.workshop.work(await post.errands.get()))
                errands.add(task)
                task.add_done_callback(errands.discard)

        serving = asyncio.create_task(serve(), name="serving")
        try:
            yield Worker(coordinator, serving, errands)
        finally:
            for task in (serving, *errands):
                task.cancel()
            await asyncio.gather(serving, *errands, return_exceptions=True)
