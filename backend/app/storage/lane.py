"""A thread with one database connection, on which units of work run one after another."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection

from app.domain.errors import StoreUnavailableError
from app.storage.failures import store_failures
from app.storage.held_connection import HeldConnection

Result = TypeVar("Result")


class Lane:
    """Hands units of work to its thread: one change of threads per transaction, not one per statement.

    Args:
        name: of the thread.
        connect: opens the connection, in the thread.
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
            await self._submit(self._held.get)

    async def close(self) -> None:
        """Finish what was handed over, disconnect, end the thread."""
        if self._executor is not None:
            executor, self._executor = self._executor, None
            try:
                await asyncio.get_running_loop().run_in_executor(executor, self._held.give_up)
            finally:
                executor.shutdown()

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction of its own."""
        return await self._submit(lambda: self._transact(work))

    async def _submit(self, job: Callable[[], Result]) -> Result:
        if self._executor is None:
            raise StoreUnavailableError("The store is not open; open it first.")
        return await asyncio.get_running_loop().run_in_executor(self._executor, job)

    def _transact(self, work: Callable[[Connection], Result]) -> Result:
        connection = self._held.get()
        try:
            with store_failures(), connection.begin():
                return work(connection)
        except BaseException:
            if connection.in_transaction() or connection.invalidated:
                self._held.give_up()
            raise
