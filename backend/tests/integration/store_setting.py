"""Stores on files and servers, and processes that write to them."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.domain.decisions import EventFilter, SealedRecord
from app.storage.opening import database_at
from app.storage.repositories.decisions import SqlDecisionStore
from tests.contracts.decision_drafts import a_draft, assert_chain, some_bars

BACKEND = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def opened(target: Path | str, **options: float) -> AsyncIterator[SqlDecisionStore]:
    """The open store of a path or a URL; a server may be given its `timeout_s`."""
    store = SqlDecisionStore(database_at(target, **options))
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def an_appender(target: Path | str, prefix: str, count: int, *symbols: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.integration.store_appender", str(target), prefix, str(count), *symbols),
        cwd=BACKEND,
        env={**os.environ, "PYTHONPATH": str(BACKEND)},
        stdout=PIPE,
    )


async def acknowledged_before_the_kill(target: Path | str) -> list[str]:
    """The decisions that an appender said were stored, until it was killed in the middle of its work."""
    process = await an_appender(target, "d", 1_000_000)
    acknowledged = [(await process.stdout.readline()).decode().strip() for _ in range(40)]
    process.kill()
    rest, _ = await process.communicate()
    return acknowledged + [line for line in rest.decode().split("\n")[:-1] if line]


async def assert_a_series_is_continued(one: SqlDecisionStore, other: SqlDecisionStore) -> None:
    """Two stores of one place write the same series by turns; every bar is kept once."""
    await one.append(a_draft("a", bars=some_bars(0, 30)))
    await other.append(a_draft("b", bars=some_bars(1, 30)))
    await one.append(a_draft("c", bars=some_bars(1, 30)))
    await one.append(a_draft("d", bars=some_bars(2, 32)))
    await other.append(a_draft("e", bars=some_bars(4, 31)))

    await assert_intact(one)
    assert (await other.evidence("e")).bars.digest() == some_bars(4, 31).digest()
    segments = await rows(one, "SELECT series_id, first_index, bar_count FROM bar_segments ORDER BY 1, 2")
    assert segments == [(1, 0, 30), (1, 30, 1), (1, 31, 3), (1, 34, 1)]


async def rows(store: SqlDecisionStore, sql: str) -> list[tuple[Any, ...]]:
    """What the database answers."""
    found = await store.database.read(lambda connection: connection.exec_driver_sql(sql).all())
    return [tuple(row) for row in found]


async def assert_intact(store: SqlDecisionStore, *symbols: str) -> list[SealedRecord]:
    """Every record has its evidence and its two events, and no chain has a gap; return the chains."""
    records = []
    for symbol in symbols or ("AAPL",):
        chain = [record async for record in store.chain(symbol)]
        assert_chain(chain)
        records += chain
    for record in records:
        assert await store.evidence(record.decision_id) is not None
    happened = await store.events_after(0, 100_000, EventFilter(frozenset({"*"})))
    assert [event.seq for event in happened] == list(range(1, 2 * len(records) + 1))
    return records
