"""SQLite set up to keep a record: a commit is on the disk, readers and the writer do not wait for one another."""

from typing import Any, Final

from sqlalchemy import Connection, Engine, event

WRITES: Final = "conclave_writes"

BUSY_TIMEOUT_MS: Final = 5_000

_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


def configure(engine: Engine) -> None:
    """Give every new connection of `engine` the settings above, and transactions that begin when they say so.

    A connection with the execution option WRITES takes the write lock at the beginning, so two writers queue instead
    of failing half-way.
    """
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)


def without_waiting(connection: Connection) -> Connection:
    """Return a connection that says at once when another process has what it needs."""
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    connection.rollback()
    return connection


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    cursor = connection.connection.cursor()
    cursor.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    cursor.close()
