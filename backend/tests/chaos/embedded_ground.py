"""One process that does everything, on SQLite."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from tests.chaos.checker import Found, decisions_of
from tests.chaos.processes import BACKEND
from tests.system.command_line import conclave


class EmbeddedGround:
    """A folder."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def commands(self, ports: list[int]) -> dict[str, list[str]]:
        """See `Ground`."""
        (port,) = ports
        return {"api": ["-m", "app.cli.main", "serve", "--port", str(port)]}

    def variables(self) -> dict[str, str]:
        """See `Ground`."""
        rules = {"CONCLAVE_PROVIDER": "rules", "CONCLAVE_PANEL": "rules"}
        paths = {"PYTHONPATH": f"{BACKEND}:{BACKEND.parent}", "CONCLAVE_HOME": str(self._home)}
        return {**paths, **rules, "CONCLAVE_LEASE_SECONDS": "3", "LOG_LEVEL": "WARNING"}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The process makes what it needs."""
        yield

    async def settled(self) -> None:
        """There is nothing else."""

    async def struck(self, what: str) -> bool:
        """There is nothing else to kill."""
        return False

    async def unfinished(self) -> int:
        """Count pending jobs."""
        with self._store() as store:
            return int(store.execute("SELECT count(*) FROM jobs WHERE status = 'pending'").fetchone()[0])

    async def look(self) -> Found:
        """See `Ground`.

        Raises:
            AssertionError: the file itself is damaged.
        """
        with self._store() as store:
            assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            store.row_factory = sqlite3.Row
            rows = store.execute("SELECT id, symbol, sequence, previous_hash, hash, body FROM decisions").fetchall()
            jobs = store.execute("SELECT id, status, reason FROM jobs").fetchall()
        return Found(decisions_of(rows), {row["id"]: (row["status"], row["reason"]) for row in jobs})

    async def verified(self) -> int:
        """See `Ground`."""
        return (await asyncio.to_thread(conclave, "verify", home=self._home)).code

    def _store(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self._home / "conclave.db", timeout=30))
