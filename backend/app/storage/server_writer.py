"""Writes to a database server: one transaction after another, none of which is left in doubt while the server lives."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import await_only

from app.domain.errors import StoreUnavailableError
from app.storage.failures import HELD, StoreUnreachableError
from app.storage.group_commit import Unit
from app.storage.server_connections import OLDEST_S
from app.storage.server_failures import (
    REFUSED,
    TOO_LONG,
    ServerAwayError,
    as_store_error,
    is_confused,
    server_failures,
    sqlstate,
)
from app.storage.transactions import run_together

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

LOCK: Final = 0x636F6E636C617665
"""The advisory lock that every writer of a database holds: "conclave" in ASCII."""

PAUSE_S: Final = 0.1
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_BEGIN_LOCKED: Final = f"{_BEGIN}; SELECT pg_advisory_xact_lock({LOCK})"
_IN_DOUBT: Final = (
    "The connection broke during a commit and the database server has not come back: "
    "whether it was stored is not known. Look for it before you ask again."
)


class CommitInDoubtError(Exception):
    """A commit was sent and no answer came back."""

    def __init__(self, results: Sequence[Any]) -> None:
        super().__init__("no answer to a commit")
        self.results = results


@dataclass(frozen=True, slots=True)
class _Line:
    """A connection for writing, its driver, and when it was made (loop time)."""

    connection: AsyncConnection
    driver: Any
    since: float

    def is_free(self) -> bool:
        """Whether a transaction can be begun: it is open, and not in the middle of one."""
        return not (self.driver.is_closed() or self.driver.is_in_transaction())


class _Outage:
    """How long the server has been away, from when it was first noticed."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._ends_at: float | None = None

    def is_over_the_limit(self) -> bool:
        """Whether that is longer than anybody waits."""
        now = asyncio.get_running_loop().time()
        if self._ends_at is None:
            self._ends_at = now + self._patience_s
            log.warning("database server away", waiting_s=self._patience_s)
        return now > self._ends_at


class ServerWriter:
    """Runs groups of units, each group in one transaction that holds the lock of the store until it has committed.

    The lock comes first, in a statement of its own, so that whatever is read afterwards includes all that was committed
    before: numbers and links follow the order of the commits. While the server is away a group is tried again. Where
    the answer to a commit was lost, the group asks whether its writes stand before it would write them again.

    Args:
        pool: of connections for writing; one is held.
        patience_s: how long a group is tried again.
        takes_lock: False is for units that lock what they need themselves, and that come to the same when done twice.
    """

    def __init__(self, pool: AsyncEngine, patience_s: float, *, takes_lock: bool = True) -> None:
        # To begin and to commit is this module's business: one message each, whose answer is read.
        self._pool = pool.execution_options(isolation_level="AUTOCOMMIT")
        self._patience_s = patience_s
        self._begin = _BEGIN_LOCKED if takes_lock else _BEGIN
        self._line: _Line | None = None

    async def open(self) -> None:
        """Connect.

        Raises:
            StoreUnavailableError: the server does not let us in.
        """
        with server_failures():
            await self._connected()

    async def close(self) -> None:
        """Disconnect."""
        line, self._line = self._line, None
        if line is not None:
            await line.connection.close()

    async def transact(self, units: Sequence[Unit]) -> Sequence[Any]:
        """Run the units in one transaction and commit it.

        Raises:
            StoreUnreachableError: the server stays away; nothing was stored, or the message says that it is not known.
            StoreUnavailableError: it refused; nothing was stored.
        """
        commit = partial(_committed, begin=self._begin, units=units)
        stand = partial(_stand, begin=self._begin, units=units)
        in_doubt: Sequence[Any] | None = None
        outage = _Outage(self._patience_s)
        while True:
            try:
                if in_doubt is not None and await self._run(partial(stand, results=in_doubt)):
                    return in_doubt
                in_doubt = None
                return await self._run(commit)
            except (CommitInDoubtError, StoreUnreachableError) as error:
                in_doubt = error.results if isinstance(error, CommitInDoubtError) else in_doubt
                if not isinstance(error, CommitInDoubtError | ServerAwayError) or outage.is_over_the_limit():
                    raise error if in_doubt is None else StoreUnreachableError(_IN_DOUBT) from error
            await asyncio.sleep(PAUSE_S)

    async def _run(self, work: Callable[[Connection, Any], Result]) -> Result:
        """Run `work` on the connection and its driver; one that is left in the middle of something is thrown away."""
        with server_failures():
            line = await self._connected()
            try:
                return await line.connection.run_sync(work, line.driver)
            except BaseException as error:
                if is_confused(error) or not line.is_free():
                    self._line = None
                    await line.connection.invalidate()
                    await line.connection.close()
                raise

    async def _connected(self) -> _Line:
        """Return the connection that is held, or another in place of one that is closed or old."""
        now = asyncio.get_running_loop().time()
        if self._line is not None and (now > self._line.since + OLDEST_S or not self._line.is_free()):
            await self.close()
        if self._line is None:
            connection = await self._pool.connect()
            driver = (await connection.get_raw_connection()).driver_connection
            self._line = _Line(connection, driver, now)
        return self._line


def _committed(connection: Connection, driver: Any, begin: str, units: Sequence[Unit]) -> Sequence[Any]:
    """Run the units under the lock and commit.

    Raises:
        CommitInDoubtError: no answer came back.
    """
    _begin(driver, begin)
    try:
        results = run_together(connection, (unit.work for unit in units))
    except BaseException:
        _send(driver, "ROLLBACK")
        raise
    try:
        answer = _send(driver, "COMMIT")
    except Exception as error:
        if isinstance(as_store_error(error), StoreUnreachableError):
            raise CommitInDoubtError(results) from error
        raise
    if answer != "COMMIT":
        raise StoreUnavailableError(REFUSED)
    return results


def _stand(connection: Connection, driver: Any, begin: str, units: Sequence[Unit], results: Sequence[Any]) -> bool:
    """Whether the transaction in which `units` came to `results` was committed; who has its lock knows that it is over.

    One transaction has one fate. What is missing tells it for all; what is there could be another writer's like work.
    """
    _begin(driver, begin)
    pairs = zip(units, results, strict=True)
    found = [unit.stands(connection, result) for unit, result in pairs if unit.stands is not None]
    _send(driver, "ROLLBACK")
    return True in found and False not in found


def _begin(driver: Any, words: str) -> None:
    try:
        _send(driver, words)
    except Exception as error:
        if sqlstate(error) == TOO_LONG:
            raise StoreUnreachableError(HELD) from error
        raise


def _send(driver: Any, words: str) -> str:
    """Send statements without parameters in one message; return the server's word for the last."""
    return str(await_only(driver.execute(words)))
