"""Writes to the embedded store: statements on the event loop, commits on a thread."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import DBAPIError

from app.domain.errors import StoreUnavailableError
from app.storage.failures import HELD, StoreUnreachableError, store_failures
from app.storage.group_commit import Unit
from app.storage.held_connection import HeldConnection
from app.storage.sqlite import BUSY_TIMEOUT_MS
from app.storage.transactions import run_together

PAUSE_S: Final = 0.005
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class EmbeddedWriter:
    """Runs groups of units on the event loop and only their commit, which waits for the disk, on a thread.

    Statements take microseconds, and handing the interpreter from thread to thread around each of them costs more than
    they do.

    Args:
        name: of the thread.
        connect: opens the connection.
    """

    def __init__(self, name: str, connect: Callable[[], Connection]) -> None:
        self._name = name
        self._held = HeldConnection(connect)
        self._executor: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Start the thread and connect.

        Raises:
            StoreUnavailableError, RecordCorruptError: there is no connection to be had.
        """
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, self._name)
            await asyncio.get_running_loop().run_in_executor(self._executor, self._held.get)

    def close(self) -> None:
        """Disconnect and end the thread."""
        executor, self._executor = self._executor, None
        self._held.give_up()
        if executor is not None:
            executor.shutdown()

    async def transact(self, units: Sequence[Unit]) -> Sequence[Any]:
        """Run the units in one transaction and commit it to the disk.

        Raises:
            StoreUnavailableError: another process holds the store, or it did not take the writes; nothing was stored.
        """
        if self._executor is None:
            raise StoreUnavailableError("The store is not open; open it first.")
        connection = self._held.get()
        with store_failures():
            transaction = await _begin(connection)
            try:
                results = run_together(connection, (unit.work for unit in units))
                await asyncio.get_running_loop().run_in_executor(self._executor, transaction.commit)
            except BaseException:
                self._undo(connection)
                raise
        return results

    def _undo(self, connection: Connection) -> None:
        """Roll back; a connection that cannot even do that is given up."""
        try:
            connection.rollback()
        except DBAPIError:
            self._held.give_up()
        if connection.invalidated:
            self._held.give_up()


async def _begin(connection: Connection) -> RootTransaction:
    """Take the write lock, waiting for another process without holding up this one.

    Raises:
        StoreUnreachableError: the lock is not to be had in time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            return connection.begin()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _BUSY:
                raise
            if loop.time() >= deadline:
                raise StoreUnreachableError(HELD) from error
        await asyncio.sleep(PAUSE_S)
