"""Transactions that share their commits: while one is on its way to the disk, the next ones gather."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import Connection

from app.domain.errors import StoreUnavailableError
from app.storage.failures import StoreUnreachableError

Result = TypeVar("Result")

MOST_TOGETHER: Final = 64


@dataclass(slots=True, eq=False)
class Unit:
    """One unit of work and whoever waits for it; see `Database.write`."""

    work: Callable[[Connection], Any]
    committed: Callable[[Any], object] | None
    stands: Callable[[Connection, Any], bool | None] | None
    locks: str
    answer: "asyncio.Future[Any]"


Transact: TypeAlias = Callable[[Sequence[Unit]], Awaitable[Sequence[Any]]]
"""Runs the work of units in one transaction, commits and returns what each came to, or undoes all of it and raises."""


class GroupCommit:
    """Hands units of work over in groups: those that arrive while one group is under way are the next.

    If one of a group fails, each is run again in a transaction of its own, so nobody pays for another's fault. If the
    database does, there is no point in that: the group and all who wait are told at once.

    Args:
        name: of the task.
        transact: runs a group.
    """

    def __init__(self, name: str, transact: Transact) -> None:
        self._name = name
        self._transact = transact
        self._is_open = False
        self._waiting: list[Unit] = []
        self._clerk: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Take units from now on."""
        self._is_open = True

    async def close(self) -> None:
        """Take no more, and return when all that were taken have ended."""
        self._is_open = False
        if self._clerk is not None:
            await asyncio.wait([self._clerk])

    async def run(
        self,
        work: Callable[[Connection], Result],
        committed: Callable[[Result], object] | None = None,
        stands: Callable[[Connection, Result], bool | None] | None = None,
        locks: str = "",
    ) -> Result:
        """Run `work` in a transaction and return once it is on the disk; see `Database.write`.

        A caller that is cancelled stops waiting; the unit runs to its end or not at all.
        """
        if not self._is_open:
            raise StoreUnavailableError("The store is not open; open it first.")
        unit = Unit(work, committed, stands, locks, asyncio.get_running_loop().create_future())
        self._waiting.append(unit)
        if self._clerk is None or self._clerk.done():
            self._clerk = asyncio.create_task(self._serve(), name=self._name)
        return await unit.answer  # type: ignore[no-any-return]

    async def _serve(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            taken.sort(key=attrgetter("locks"))
            await self._settle([unit for unit in taken if not unit.answer.done()])

    async def _settle(self, units: Sequence[Unit]) -> None:
        """Commit the units together; where one of them makes that fail, each by itself."""
        try:
            results = await self._transact(units) if units else ()
        except asyncio.CancelledError:
            for unit in units:
                unit.answer.cancel()
            raise
        except StoreUnreachableError as error:
            everybody, self._waiting = [*units, *self._waiting], []
            _refuse(everybody, error)
        except Exception as error:  # noqa: BLE001 - whatever a unit raises belongs to whoever handed it in
            if len(units) == 1:
                _refuse(units, error)
                return
            for unit in units:
                await self._settle([unit])
        else:
            for unit, result in zip(units, results, strict=True):
                _serve_result(unit, result)


def _serve_result(unit: Unit, result: Any) -> None:
    if unit.committed is not None:
        unit.committed(result)
    if not unit.answer.done():
        unit.answer.set_result(result)


def _refuse(units: Sequence[Unit], error: Exception) -> None:
    """Tell everybody, each with an error of their own: a raised one gathers where it has been."""
    for unit in units:
        if not unit.answer.done():
            told = copy(error)
            told.__cause__ = error
            unit.answer.set_exception(told)
