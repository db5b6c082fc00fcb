"""The record on a PostgreSQL server, which many processes may share."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, QueuePool
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.errors import StoreUnavailableError
from app.storage.group_commit import GroupCommit
from app.storage.server_address import ServerAddress
from app.storage.server_connections import CONNECT_TIMEOUT_S, connected, pool_of
from app.storage.server_failures import ServerAwayError
from app.storage.server_writer import ServerWriter
from app.storage.session import TIMEOUT_S

Result = TypeVar("Result")

CONNECTIONS: Final = 6


@dataclass(frozen=True, slots=True)
class _Opened:
    """What an open database has: who writes in order, who writes at any time, and who reads.

    Args:
        finders: the connections of the readers, used without transactions.
    """

    readers: AsyncEngine
    finders: AsyncEngine
    writers: AsyncEngine
    ordered: ServerWriter
    free: ServerWriter
    writes: GroupCommit
    free_writes: GroupCommit


class ServerDatabase:
    """A PostgreSQL database: one connection writes what has an order, one what has none, the others read.

    Args:
        url: such as `postgresql://desk:secret@host:5432/conclave`.
        connections: how many there are at most, 3 or more; two of them are for writing.
        timeout_s: how long a statement may take, and how long a write is tried again while the server is away; None is
            as long as it takes, for statements.

    Raises:
        InvalidInputError: the URL is none of a PostgreSQL database.
    """

    def __init__(self, url: str, connections: int = CONNECTIONS, timeout_s: float | None = TIMEOUT_S) -> None:
        self.address = ServerAddress.parse(url)
        self._connections = connections
        self._timeout_s = timeout_s
        self._opened: _Opened | None = None
        self._running: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Make the pool and try one connection.

        Raises:
            StoreUnavailableError: the server does not let us in.
        """
        if self._opened is not None:
            return
        patience_s = self._timeout_s or CONNECT_TIMEOUT_S
        writers = pool_of(self.address, 2, self._timeout_s)
        ordered, free = ServerWriter(writers, patience_s), ServerWriter(writers, patience_s, takes_lock=False)
        reading = pool_of(self.address, self._connections - 2, self._timeout_s)
        # Both from the pool itself: options that are put on top of others do not replace them.
        readers = reading.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        finders = reading.execution_options(isolation_level="AUTOCOMMIT")
        writes, free_writes = GroupCommit("store-writes", ordered.transact), GroupCommit("free-writes", free.transact)
        self._opened = _Opened(readers, finders, writers, ordered, free, writes, free_writes)
        writes.open()
        free_writes.open()
        try:
            await ordered.open()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish the running units and give back the connections; closing twice is fine."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.writes.close()
            await opened.free_writes.close()
            await opened.ordered.close()
            await opened.free.close()
            await asyncio.gather(*self._running, return_exceptions=True)
            await opened.readers.dispose()
            await opened.writers.dispose()

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections are idle and in use; see `Database.connections`."""
        if self._opened is None:
            return 0, 0
        pools = [cast(QueuePool, each.sync_engine.pool) for each in (self._opened.readers, self._opened.writers)]
        return sum(pool.checkedin() for pool in pools), sum(pool.checkedout() for pool in pools)

    async def write(
        self,
        work: Callable[[Connection], Result],
        committed: Callable[[Result], object] | None = None,
        stands: Callable[[Connection, Result], bool | None] | None = None,
        *,
        in_order: bool = True,
        locks: str = "",
    ) -> Result:
        """Run `work` in a transaction and commit it; in order, no other such writer of the database disturbs it."""
        opened = self._pools()
        return await (opened.writes if in_order else opened.free_writes).run(work, committed, stands, locks)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` on one consistent view of what is committed.

        It runs as a task of its own: a caller that gives up does not break off a statement.
        """
        return await self._to_its_end(_read(self._pools().readers, work))

    async def find(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` without a transaction: to begin and to end one would be two journeys more."""
        return await self._to_its_end(_read(self._pools().finders, work))

    async def _to_its_end(self, reading: Coroutine[Any, Any, Result]) -> Result:
        task = asyncio.create_task(reading, name="store-read")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    def _pools(self) -> _Opened:
        if self._opened is None:
            raise StoreUnavailableError("The store is not open; open it first.")
        return self._opened


async def _read(pool: AsyncEngine, work: Callable[[Connection], Result]) -> Result:
    """Run `work`, once more where the connection was lost under it: reading twice does no harm."""
    try:
        return await _read_once(pool, work)
    except ServerAwayError:
        return await _read_once(pool, work)


async def _read_once(pool: AsyncEngine, work: Callable[[Connection], Result]) -> Result:
    async with connected(pool) as connection:
        result = await connection.run_sync(work)
        await connection.commit()
        return result
