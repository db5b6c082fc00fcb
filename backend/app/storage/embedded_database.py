"""The record in one SQLite file: nothing to install, nothing to start."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine

from app.domain.errors import StoreUnavailableError
from app.storage.embedded_writer import EmbeddedWriter
from app.storage.failures import store_failures
from app.storage.group_commit import GroupCommit
from app.storage.held_connection import HeldConnection
from app.storage.lane import Lane
from app.storage.sqlite import WRITES, configure, without_waiting

Result = TypeVar("Result")


class EmbeddedDatabase:
    """A SQLite file whose writers share commits; several processes may share it.

    What reads much has a thread. What looks up a few rows is done at once: that takes less than the change of threads.

    Args:
        path: of the file; its folder is created with access for this user alone.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path).absolute()
        self._engine: Engine | None = None
        self._writer = EmbeddedWriter("store-writer", self._connect_writer)
        self._writes = GroupCommit("store-writes", self._writer.transact)
        self._reader = Lane("store-reader", self._connect)
        self._finder = HeldConnection(lambda: without_waiting(self._connect()))

    async def open(self) -> None:
        """Create folder and file where they are missing, and connect.

        Raises:
            StoreUnavailableError: the folder or the file cannot be created, opened or written.
            RecordCorruptError: the file is no SQLite database.
        """
        try:
            await self._writer.open()
            await self._reader.open()
            self._writes.open()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish the running units and let go of the file; closing twice is fine."""
        try:
            await self._reader.close()
        finally:
            await self._writes.close()
            self._writer.close()
            self._finder.give_up()

    @property
    def connections(self) -> tuple[int, int]:
        """None: there is no server; see `Database.connections`."""
        return 0, 0

    async def write(
        self,
        work: Callable[[Connection], Result],
        committed: Callable[[Result], object] | None = None,
        stands: Callable[[Connection, Result], bool | None] | None = None,
        *,
        in_order: bool = True,
        locks: str = "",
    ) -> Result:
        """Run `work` in a transaction that no other process disturbs, then commit it to the disk."""
        return await self._writes.run(work, committed, stands)

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` on one consistent view of what is committed."""
        return await self._reader.run(work)

    async def find(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` here and now, or on the reader's thread where it would have to wait."""
        if self._reader.is_open:
            with suppress(StoreUnavailableError):
                return self._finder.transact(work)
        return await self.read(work)

    def _connect_writer(self) -> Connection:
        return without_waiting(self._connect()).execution_options(**{WRITES: True})

    def _connect(self) -> Connection:
        with store_failures():
            _create(self._path)
        if self._engine is None:
            url = URL.create("sqlite", database=str(self._path))
            self._engine = create_engine(
                url,
                poolclass=NullPool,
                connect_args={"check_same_thread": False},
                hide_parameters=True,
            )
            configure(self._engine)
        return self._engine.connect()


def _create(path: Path) -> None:
    """Create an empty file that only this user may read; SQLite's own files beside it take over its permissions."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
