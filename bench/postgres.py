"""Decisions recorded on PostgreSQL against a bare program that makes the same ones and commits them by asyncpg."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from app.config import Settings
from app.desk_store import build_store
from app.domain.identifiers import new_id
from app.domain.questions import Question
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.ports.decision_store import DecisionStore
from bench.floor_postgres import BareDesk
from bench.measure import Row, median, median_ratio
from bench.scenes import question

ROUNDS, TIMES, SYMBOLS = 7, 240, 4
TOGETHER = (1, 16)
BAR = 0.6
WHERE = "CONCLAVE_BENCH_POSTGRES_URL"

Decide = Callable[[Question], Awaitable[object]]


def rows() -> list[Row]:
    """Measure both in turn, one decision at a time and many at once."""
    url = os.environ.get(WHERE)
    if not url:
        return [Row("decisions recorded on PostgreSQL", "not measured", "POSTGRES_URL is not set", "", "≥ 0.6", None)]
    return asyncio.run(_measured(url))


async def _measured(server: str) -> list[Row]:
    async with database_of_its_own(server) as url, _store(url) as store, await BareDesk.at(url) as bare:
        ours = MultiAgentCoordinator(store=store)
        found = [await _compared(ours.decide, bare.decide, together) for together in TOGETHER]
        return [*found, await _read(store, url)]


async def _compared(ours: Decide, floor: Decide, together: int) -> Row:
    taken: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for place, decide in enumerate((ours, floor)):
            taken[place].append(await _per_second(decide, together))
    ratio = median_ratio(*taken)
    mine, bare = (f"{median(values):.0f}/s" for values in taken)
    what = f"decisions recorded on PostgreSQL, {'one at a time' if together == 1 else f'{together} at once'}"
    return Row(what, mine, f"bare asyncpg {bare}", f"{ratio:.2f}", f"≥ {BAR}", ratio >= BAR)


async def _per_second(decide: Decide, together: int) -> float:
    asked = [question(f"SYM{place}") for place in range(SYMBOLS)]
    waiting = iter(range(TIMES))

    async def one_after_another() -> None:
        for number in waiting:
            await decide(replace(asked[number % SYMBOLS], decision_id=new_id()))

    started = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(together)))
    return TIMES / (time.perf_counter() - started)


async def _read(store: DecisionStore, url: str) -> Row:
    """Read the newest records one by one."""
    page = await store.list(limit=200)
    ids = [record.decision_id for record in page.items]
    bare = await asyncpg.connect(url)
    taken: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        taken[0].append(await _each(store.get, ids))
        taken[1].append(await _each(lambda each: bare.fetchrow("SELECT * FROM decisions WHERE id = $1", each), ids))
    await bare.close()
    mine, floor = (f"{1e6 / median(values):.0f} µs" for values in taken)
    return Row("one record read from PostgreSQL", mine, f"bare fetchrow {floor}", "", "reported", None)


async def _each(read: Callable[[str], Awaitable[Any]], ids: list[str]) -> float:
    started = time.perf_counter()
    for each in ids:
        await read(each)
    return len(ids) / (time.perf_counter() - started)


@asynccontextmanager
async def _store(url: str) -> AsyncIterator[DecisionStore]:
    store = build_store(Settings(postgres_url=url))
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def database_of_its_own(server: str) -> AsyncIterator[str]:
    """Yield the URL of a database of its own, dropped afterwards."""
    name = f"conclave_bench_{uuid4().hex[:12]}"
    administrator = await asyncpg.connect(server)
    try:
        await administrator.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await administrator.close()
