"""Transactions that share their commits: while one is on its way to the disk, the next ones gather."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import DBAPIError

from app.domain.errors import StoreUnavailableError
from app.storage.failures import store_failures
from app.storage.held_connection import HeldConnection
from app.storage.sqlite import BUSY_TIMEOUT_MS

Result = TypeVar("Result")

MOST_TOGETHER: Final = 64
PAUSE_S: Final = 0.005
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@dataclass(slots=True, eq=False)
class _Unit:
    """One unit of work and whoever waits for it."""

    work: Callable[[Connection], Any]
    committed: Callable[[Any], object] | None
    answer: "asyncio.Future[Any]"


class GroupCommit:
    """Runs units of work on the event loop and only their commit, which waits for the disk, on a thread.

    Statements take microseconds, and handing the interpreter from thread to thread around each of them costs more than
    they do. Units that arrive during a commit share the next transaction; if one of them fails, each is run again in a
    transaction of its own, so nobody pays for another's fault.

    Args:
        name: of the thread.
        connect: opens the connection.
    """

    def __init__(self, name: str, connect: Callable[[], Connection]) -> None:
        self._name = name
        self._held = HeldConnection(connect)
        self._executor: ThreadPoolExecutor | None = None
        self._waiting: list[_Unit] = []
        self._clerk: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start the thread and connect.

        Raises:
            StoreUnavailableError, RecordCorruptError: there is no connection to be had.
        """
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, self._name)
            await asyncio.get_running_loop().run_in_executor(self._executor, self._held.get)

    async def close(self) -> None:
        """Finish what was handed over, disconnect, end the thread."""
        executor, self._executor = self._executor, None
        if self._clerk is not None:
            await asyncio.wait([self._clerk])
        self._held.give_up()
        if executor is not None:
            executor.shutdown()

    async def run(
        self, work: Callable[[Connection], Result], committed: Callable[[Result], object] | None = None
    ) -> Result:
        """Run `work` in a transaction and return once it is on the disk; `committed` is told before the next begins.

        A caller that is cancelled stops waiting; the unit runs to its end or not at all.
        """
        if self._executor is None:
            raise StoreUnavailableError("The store is not open; open it first.")
        unit = _Unit(work, committed, asyncio.get_running_loop().create_future())
        self._waiting.append(unit)
        if self._clerk is None or self._clerk.done():
            self._clerk = asyncio.create_task(self._serve(self._executor), name=self._name)
        return await unit.answer  # type: ignore[no-any-return]

    async def _serve(self, executor: ThreadPoolExecutor) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            await self._settle([unit for unit in taken if not unit.answer.done()], executor)

    async def _settle(self, units: Sequence[_Unit], executor: ThreadPoolExecutor) -> None:
        """Commit the units together; where that fails, each by itself."""
        try:
            results = await self._transact(units, executor)
        except asyncio.CancelledError:
            for unit in units:
                unit.answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever a unit raises belongs to whoever handed it in
            if len(units) > 1:
                for unit in units:
                    await self._settle([unit], executor)
            elif units and not units[0].answer.done():
                units[0].answer.set_exception(error)
            return
        for unit, result in zip(units, results, strict=True):
            if unit.committed is not None:
                unit.committed(result)
            if not unit.answer.done():
                unit.answer.set_result(result)

    async def _transact(self, units: Sequence[_Unit], executor: ThreadPoolExecutor) -> list[Any]:
        if not units:
            return []
        connection = self._held.get()
        with store_failures():
            transaction = await _begin(connection)
            try:
                results = [unit.work(connection) for unit in units]
                await asyncio.get_running_loop().run_in_executor(executor, transaction.commit)
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
        sqlite3.OperationalError: the lock is not to be had in time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            return connection.begin()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _BUSY or loop.time() >= deadline:
                raise
        await asyncio.sleep(PAUSE_S)
