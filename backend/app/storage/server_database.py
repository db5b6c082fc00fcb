"""The record behind any database URL with an asynchronous driver."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.domain.errors import StoreUnavailableError
from app.storage.failures import store_failures
from app.storage.sqlite import WRITES, configure

Result = TypeVar("Result")


class ServerDatabase:
    """A pool of connections to a database server; each unit of work runs on one of them.

    Args:
        url: such as `postgresql+asyncpg://desk@host/conclave`; the driver has to be an asynchronous one.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: AsyncEngine | None = None
        self._running: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Make the pool and try one connection.

        Raises:
            StoreUnavailableError: the server does not answer.
        """
        if self._engine is None:
            self._engine = create_async_engine(self._url)
            if self._engine.dialect.name == "sqlite":
                configure(self._engine.sync_engine)
            try:
                await self.read(lambda _: None)
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Finish the running units and give back the connections; closing twice is fine."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await asyncio.gather(*self._running, return_exceptions=True)
            await engine.dispose()

    async def write(
        self, work: Callable[[Connection], Result], committed: Callable[[Result], object] | None = None
    ) -> Result:
        """Run `work` in a transaction, commit, then call `committed` with the result."""
        return await self._finished(self._transact(self._opened(), work, committed, writes=True))

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` on what is committed."""
        return await self._finished(self._transact(self._opened(), work, None, writes=False))

    async def _finished(self, unit: Coroutine[Any, Any, Result]) -> Result:
        """Await `unit` as a task of its own: a caller that gives up does not break off its statements."""
        task = asyncio.create_task(unit, name="store-unit")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _transact(
        self,
        engine: AsyncEngine,
        work: Callable[[Connection], Result],
        committed: Callable[[Result], object] | None,
        writes: bool,
    ) -> Result:
        with store_failures():
            async with engine.connect() as connection:
                await connection.execution_options(**{WRITES: writes})
                async with connection.begin():
                    result = await connection.run_sync(work)
        if committed is not None:
            committed(result)
        return result

    def _opened(self) -> AsyncEngine:
        if self._engine is None:
            raise StoreUnavailableError("The store is not open; open it first.")
        return self._engine
