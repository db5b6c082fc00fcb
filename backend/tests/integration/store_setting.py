"""Stores on files and servers, and processes that write to them."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.domain.decisions import EventFilter, SealedRecord
from app.storage.opening import database_at
from app.storage.repositories.decisions import SqlDecisionStore
from tests.contracts.decision_drafts import assert_chain

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
