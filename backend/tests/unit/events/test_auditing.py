import asyncio
import dataclasses

import pytest

from app.domain.errors import StoreUnavailableError
from app.domain.questions import Question
from app.events.auditing import Auditor
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.observability.system_clock import SystemClock
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.builders import START, bars, waves


class Watch:
    """A clock that moves on by `step_s` with every look."""

    def __init__(self, step_s):
        self.step_s, self.time_s = step_s, 0.0

    def now(self):
        return START

    def monotonic(self):
        self.time_s += self.step_s
        return self.time_s


@pytest.fixture
async def store():
    store = InMemoryDecisionStore()
    async with MultiAgentCoordinator(store=store) as coordinator:
        for symbol in ("AAPL", "MSFT", "AAPL"):
            await coordinator.decide(Question(symbol=symbol, bars=bars(waves(40)), agents=("risk_advisor",)))
    return store


class Changed(InMemoryDecisionStore):
    """A store one of whose records reads otherwise than it was written."""

    def __init__(self, inner, change=lambda body: body.replace(b'"confidence":0', b'"confidence":1', 1)):
        super().__init__()
        self.inner, self.change = inner, change

    async def heads(self):
        return await self.inner.heads()

    async def evidence(self, decision_id):
        return await self.inner.evidence(decision_id)

    async def chain(self, symbol):
        async for record in self.inner.chain(symbol):
            changed = dataclasses.replace(record, body=self.change(record.body))
            yield changed if record.sequence == 2 else record


async def test_a_whole_record_is_found_whole(store):
    auditor = Auditor(store, SystemClock())
    assert auditor.last is None

    look = await auditor.look()

    assert (look.is_whole, auditor.last) == (True, look)
    assert [head.symbol for head in look.found.heads] == ["AAPL", "MSFT"]


async def test_a_changed_record_is_found_broken(store):
    look = await Auditor(Changed(store), SystemClock()).look()
    assert not look.is_whole
    assert look.found.problems[0].startswith("AAPL #2: ")


DEEP = b"[" * 500 + b"]" * 500


@pytest.mark.parametrize(
    "change",
    [
        lambda _body: b"[]",
        lambda _body: b"null",
        lambda _body: b"{",
        lambda _body: b'{"deep":' + DEEP + b"}",
        lambda body: body[:-1] + b',"deep":' + DEEP + b"}",
    ],
)
async def test_a_record_that_is_none_any_more_is_found_broken_whatever_took_its_place(store, change):
    look = await Auditor(Changed(store, change), SystemClock()).look()
    assert {problem.split(": ")[0] for problem in look.found.problems} == {"AAPL #2"}


@pytest.mark.parametrize(("step_s", "rests"), [(1e-6, []), (0.1, [1.9] * 3)])
async def test_a_look_takes_a_twentieth_of_the_time(store, step_s, rests):
    rested = []

    async def sleep(seconds):
        rested.append(round(seconds, 6))

    await Auditor(store, Watch(step_s), share=0.05, sleep=sleep).look()
    assert rested == rests


async def test_it_looks_again_and_what_was_found_stands_while_the_store_cannot_be_read(store):
    looks, enough = [], asyncio.Event()

    class Flaky(InMemoryDecisionStore):
        async def heads(self):
            looks.append(1)
            if len(looks) == 2:
                raise StoreUnavailableError("away")
            return await store.heads()

        async def evidence(self, decision_id):
            return await store.evidence(decision_id)

        def chain(self, symbol):
            return store.chain(symbol)

    async def sleep(seconds):
        if len(looks) == 3:
            enough.set()
            await asyncio.Event().wait()

    auditor = Auditor(Flaky(), SystemClock(), sleep=sleep)
    running = asyncio.create_task(auditor.run(60))
    async with asyncio.timeout(20):
        await enough.wait()
    running.cancel()
    await asyncio.wait([running])
    assert auditor.last is not None
    assert auditor.last.is_whole
