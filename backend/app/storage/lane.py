"""A thread with one database connection, on which units of work run one after another."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection

from app.domain.errors import StoreUnavailableError
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

    @property
    def is_open(self) -> bool:
        """Whether there is a thread."""
        return self._executor is not None

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
        return await self._submit(lambda: self._held.transact(work))

    async def _submit(self, job: Callable[[], Result]) -> Result:
        if self._executor is None:
            raise StoreUnavailableError("The store is not open; open it first.")
        return await asyncio.get_running_loop().run_in_executor(self._executor, job)
