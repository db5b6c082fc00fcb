"""Writes to a database server: one transaction after another, none of which is left in doubt while the server lives."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.storage.failures import HELD, StoreUnreachableError
from app.storage.group_commit import Unit
from app.storage.server_connections import connected
from app.storage.server_failures import TOO_LONG, as_store_error, sqlstate

LOCK: Final = 0x636F6E636C617665
"""The advisory lock that every writer of a database holds: "conclave" in ASCII."""

PAUSE_S: Final = 0.1
_TAKE_LOCK: Final = f"SELECT pg_advisory_xact_lock({LOCK})"
_IN_DOUBT: Final = (
    "The connection broke during a commit and the database server has not come back: "
    "whether the decision was stored is not known. Look for it before you ask again."
)


class CommitInDoubtError(Exception):
    """A commit was sent and no answer came back."""

    def __init__(self, results: Sequence[Any]) -> None:
        super().__init__("no answer to a commit")
        self.results = results


class ServerWriter:
    """Runs groups of units, each group in one transaction that holds the lock of the store until it has committed.

    The lock comes first, in a statement of its own, so that whatever is read afterwards includes all that was committed
    before: numbers and links follow the order of the commits. While the server is away a group is tried again. Where
    the answer to a commit was lost, the group asks whether its writes stand before it would write them again.

    Args:
        pool: of connections for writing.
        patience_s: how long a group is tried again.
    """

    def __init__(self, pool: AsyncEngine, patience_s: float) -> None:
        self._pool = pool.execution_options(isolation_level="READ COMMITTED")
        self._patience_s = patience_s

    async def transact(self, units: Sequence[Unit]) -> Sequence[Any]:
        """Run the units in one transaction and commit it.

        Raises:
            StoreUnreachableError: the server stays away; nothing was stored, or the message says that it is not known.
            StoreUnavailableError: it refused; nothing was stored.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience_s
        in_doubt: Sequence[Any] | None = None
        while True:
            try:
                if in_doubt is not None and await self._stand(units, in_doubt):
                    return in_doubt
                in_doubt = None
                return await self._attempt(units)
            except CommitInDoubtError as broken:
                in_doubt = broken.results
            except StoreUnreachableError as error:
                if loop.time() >= deadline:
                    raise error if in_doubt is None else StoreUnreachableError(_IN_DOUBT) from error
            await asyncio.sleep(PAUSE_S)

    async def _attempt(self, units: Sequence[Unit]) -> Sequence[Any]:
        async with connected(self._pool) as connection:
            return await connection.run_sync(_committed, units)

    async def _stand(self, units: Sequence[Unit], results: Sequence[Any]) -> bool:
        async with connected(self._pool) as connection:
            return await connection.run_sync(_found, units, results)


def _committed(connection: Connection, units: Sequence[Unit]) -> Sequence[Any]:
    """Run the units under the lock and commit.

    Raises:
        CommitInDoubtError: no answer came back.
    """
    _lock(connection)
    results = [unit.work(connection) for unit in units]
    try:
        connection.commit()
    except (DBAPIError, OSError) as error:
        if not isinstance(as_store_error(error), StoreUnreachableError):
            raise
        connection.invalidate()
        raise CommitInDoubtError(results) from error
    return results


def _found(connection: Connection, units: Sequence[Unit], results: Sequence[Any]) -> bool:
    """Whether the transaction in which `units` came to `results` was committed; who has its lock knows that it is over.

    One transaction has one fate: the first unit that can tell tells it for all.
    """
    _lock(connection)
    pairs = zip(units, results, strict=True)
    return next((unit.stands(connection, result) for unit, result in pairs if unit.stands is not None), False)


def _lock(connection: Connection) -> None:
    try:
        connection.exec_driver_sql(_TAKE_LOCK)
    except DBAPIError as error:
        if sqlstate(error) == TOO_LONG:
            raise StoreUnreachableError(HELD) from error
        raise
