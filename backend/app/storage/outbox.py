"""The outbox of a database server: letters locked while they are sent, gone once they were."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.domain.letters import Letter
from app.storage import outbox_rows
from app.storage.server_address import ServerAddress
from app.storage.server_connections import connected, pool_of

IN_ORDER_LOCK: Final = 0x6F7574626F7831
"""The advisory lock of whoever sends the letters that have an order: "outbox1" in ASCII."""

CONNECTIONS: Final = 2
_TRY_LOCK: Final = select(func.pg_try_advisory_xact_lock(IN_ORDER_LOCK))


class ServerOutbox:
    """Letters in a PostgreSQL database, shared by the senders of all processes.

    Args:
        url: as in POSTGRES_URL.
        timeout_s: how long a statement, and the sending of one batch, may take.

    Raises:
        InvalidInputError: the URL is none of a PostgreSQL database.
    """

    def __init__(self, url: str, timeout_s: float | None = 10.0) -> None:
        self._pool: AsyncEngine = pool_of(ServerAddress.parse(url), CONNECTIONS, timeout_s)

    async def close(self) -> None:
        """Give back the connections."""
        await self._pool.dispose()

    @asynccontextmanager
    async def batch(self, in_order: bool, most: int) -> AsyncIterator[Sequence[Letter]]:
        """Yield the oldest letters that nobody else is sending; see `Outbox.batch`.

        What goes wrong in the block is the sender's affair and passes as it is.
        """
        trouble: BaseException | None = None
        async with connected(self._pool) as connection, connection.begin() as transaction:
            rows = await _taken(connection, in_order, most)
            try:
                yield tuple(map(outbox_rows.letter_of, rows))
            except BaseException as error:  # noqa: BLE001 - raised again below, where it is not told as the database's
                trouble = error
                with suppress(DBAPIError, OSError):
                    await transaction.rollback()
            else:
                await connection.execute(outbox_rows.REMOVE, {"ids": [row.id for row in rows]})
        if trouble is not None:
            raise trouble

    async def waiting(self) -> tuple[int, datetime | None]:
        """Return how many letters wait, and since when the oldest does."""
        async with connected(self._pool) as connection:
            return await connection.run_sync(outbox_rows.waiting)


async def _taken(connection: AsyncConnection, in_order: bool, most: int) -> Sequence[Row[Any]]:
    """Lock the oldest letters that nobody else is sending."""
    if in_order and not (await connection.execute(_TRY_LOCK)).scalar():
        return ()
    oldest = outbox_rows.OLDEST_IN_ORDER if in_order else outbox_rows.OLDEST_IN_ANY_ORDER
    rows: Sequence[Row[Any]] = (await connection.execute(oldest, {"most": most})).all()
    return rows
