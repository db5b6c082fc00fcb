"""Connections to a PostgreSQL server: how they are made, kept and thrown away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.domain.errors import StoreUnavailableError
from app.storage.server_address import ServerAddress
from app.storage.server_failures import READ_ONLY, server_failures

CONNECT_TIMEOUT_S: Final = 5.0
OLDEST_S: Final = 300
_GRACE_S: Final = 2.0

_NOT_UTF8: Final = "The database does not keep text as UTF-8; create one with ENCODING 'UTF8' for POSTGRES_URL."
_UNREADABLE: Final = "POSTGRES_URL is not understood; write postgresql://user:password@host:5432/database."


def pool_of(address: ServerAddress, size: int, timeout_s: float | None) -> AsyncEngine:
    """Return a pool of at most `size` connections, none of which is opened yet.

    A connection that the server has closed is never handed out, nor one older than five minutes, which something on the
    way may have forgotten: so a server that was restarted is found again without anybody's help.

    Args:
        timeout_s: how long a connection is waited for and a statement may take; None is as long as it takes.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=partial(_connect, address, timeout_s),
        pool_size=size,
        max_overflow=0,
        pool_timeout=timeout_s or CONNECT_TIMEOUT_S,
        pool_recycle=OLDEST_S,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


@asynccontextmanager
async def connected(pool: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection of the pool; one that gave no answer is thrown away.

    Raises:
        StoreUnavailableError, RecordCorruptError: see `server_failures`.
    """
    with server_failures():
        async with pool.connect() as connection:
            try:
                yield connection
            except TimeoutError:
                await connection.invalidate()
                raise


async def _connect(address: ServerAddress, timeout_s: float | None) -> Any:
    """Open one connection, with limits that the server keeps and, should the server vanish, limits that we keep."""
    import asyncpg

    try:
        connection = await asyncpg.connect(
            address.url,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=None if timeout_s is None else timeout_s + _GRACE_S,
            server_settings={"application_name": address.application},
            target_session_attrs="read-write",
        )
    except asyncpg.TargetServerAttributeNotMatched:
        raise StoreUnavailableError(READ_ONLY) from None
    except (asyncpg.InterfaceError, ValueError):
        raise StoreUnavailableError(_UNREADABLE) from None
    if connection.get_settings().server_encoding != "UTF8":
        await connection.close()
        raise StoreUnavailableError(_NOT_UTF8)
    await connection.execute(_settings(timeout_s))
    return connection


def _settings(timeout_s: float | None) -> str:
    """Return the statements that set what holds for every transaction.

    They are said once connected, because poolers refuse most of them as a part of connecting. A process that stops in
    the middle of a transaction holds the lock of the store: the server ends such a transaction.
    """
    most_ms = round((timeout_s or 0) * 1_000)
    limits = f"SET statement_timeout = {most_ms}; SET idle_in_transaction_session_timeout = {most_ms}"
    return f"SET synchronous_commit = on; SET jit = off; {limits}"


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    if connection.driver_connection.is_closed():
        raise DisconnectionError
