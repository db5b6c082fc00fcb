"""How the store reaches its database: units of work, each in one transaction."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection

Result = TypeVar("Result")

TIMEOUT_S: Final = 10.0

LAST: Final = "\U0010ffff"
"""Comes after every name of something that is locked."""


class Database(Protocol):
    """Runs synchronous units of work; what is written is durable when `write` returns.

    Building one touches nothing. A caller that is cancelled stops waiting; the unit runs to its end or not at all.
    Every method may raise StoreUnavailableError, and RecordCorruptError when the database cannot be read any more.
    """

    async def open(self) -> None:
        """Connect; an embedded database that does not exist is created empty."""

    async def close(self) -> None:
        """Finish the running units and disconnect; closing twice is fine."""

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections to a server are idle and in use; none where the database is embedded."""

    async def write(
        self,
        work: Callable[[Connection], Result],
        committed: Callable[[Result], object] | None = None,
        stands: Callable[[Connection, Result], bool | None] | None = None,
        *,
        in_order: bool = True,
        locks: str = "",
    ) -> Result:
        """Run `work` in a transaction that no other writer disturbs, and commit; an exception rolls it back.

        Args:
            work: may run in another thread, and again after what it wrote was undone.
            committed: called with the result after the commit, before this process writes again.
            stands: tells, asked in a later transaction with the result, whether what `work` wrote is there: how a
                commit ended whose answer was lost on the way. None is that it cannot tell, such as when it wrote
                nothing.
            in_order: False lets other transactions write meanwhile where the database can; `work` locks the rows it
                needs, and doing it twice must come to the same.
            locks: names what `work` waits for. Units that share a transaction run in the order of these names: if all
                did as they came, two transactions could each wait for what the other has. A unit that waits for
                nobody, but has much, is `LAST`.
        """

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` on one consistent view of what is committed, not waiting for writers."""

    async def find(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` that looks up a few rows by an index; it may be run a second time.

        What it sees is committed, but if it asks twice the answers may be of different moments.
        """
