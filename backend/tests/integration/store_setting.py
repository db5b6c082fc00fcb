"""Stores on files, and processes that write to them."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.domain.decisions import EventFilter, SealedRecord
from app.storage.embedded_database import EmbeddedDatabase
from app.storage.repositories.decisions import SqlDecisionStore
from tests.contracts.decision_drafts import assert_chain

BACKEND = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqlDecisionStore]:
    store = SqlDecisionStore(EmbeddedDatabase(path))
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def an_appender(path: Path, prefix: str, count: int) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.integration.store_appender", str(path), prefix, str(count)),
        cwd=BACKEND,
        env={**os.environ, "PYTHONPATH": str(BACKEND)},
        stdout=PIPE,
    )


async def assert_intact(store: SqlDecisionStore, symbol: str = "AAPL") -> list[SealedRecord]:
    """Every record has its evidence and its two events, and the chain has no gap; return the chain."""
    chain = [record async for record in store.chain(symbol)]
    assert_chain(chain)
    for record in chain:
        assert await store.evidence(record.decision_id) is not None
    happened = await store.events_after(0, 100_000, EventFilter(frozenset({"*"})))
    assert [event.seq for event in happened] == list(range(1, 2 * len(chain) + 1))
    return chain
