"""Where a store can be kept: `store` and `second` are open, on the same empty place; a memory is its own second."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.observability.metrics.decisions import metered_store
from app.observability.metrics.registry import Metrics
from app.ports.decision_store import DecisionStore
from app.storage.embedded_database import EmbeddedDatabase
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.repositories.in_memory import InMemoryDecisionStore
from app.storage.server_database import ServerDatabase


@asynccontextmanager
async def opened(store: DecisionStore) -> AsyncIterator[DecisionStore]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


class InMemory:
    @pytest.fixture
    async def store(self) -> AsyncIterator[DecisionStore]:
        async with opened(InMemoryDecisionStore()) as store:
            yield store

    @pytest.fixture
    async def second(self, store: DecisionStore) -> DecisionStore:
        return store


class Metered(InMemory):
    @pytest.fixture
    async def store(self) -> AsyncIterator[DecisionStore]:
        async with opened(metered_store(InMemoryDecisionStore(), Metrics())) as store:
            yield store


class Embedded:
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[DecisionStore]:
        async with opened(SqlDecisionStore(EmbeddedDatabase(tmp_path / "conclave.db"))) as store:
            yield store

    @pytest.fixture
    async def second(self, store: DecisionStore, tmp_path: Path) -> AsyncIterator[DecisionStore]:
        async with opened(SqlDecisionStore(EmbeddedDatabase(tmp_path / "conclave.db"))) as second:
            yield second


class Server:
    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[DecisionStore]:
        async with opened(SqlDecisionStore(ServerDatabase(postgres_url))) as store:
            yield store

    @pytest.fixture
    async def second(self, store: DecisionStore, postgres_url: str) -> AsyncIterator[DecisionStore]:
        async with opened(SqlDecisionStore(ServerDatabase(postgres_url))) as second:
            yield second
