"""Who is given the tasks of a job: analysts of this process, or those of any worker."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import structlog

from app.domain.errors import AgentSystemError
from app.domain.jobs import Errand
from app.messaging.errands import errand_letter
from app.ports.work_store import LetterOf

log = structlog.get_logger(__name__)

AT_ONCE: Final = 256

Work = Callable[[Errand], Awaitable[bool]]
"""Does an errand; returns whether there was anything left to do."""


class Dispatch(Protocol):
    """Gives out the tasks of accepted jobs."""

    @property
    def letter_of(self) -> LetterOf | None:
        """Writes what other processes are sent for an errand, stored with the job; None when nobody else works."""

    def give_out(self, errands: Sequence[Errand]) -> None:
        """See to it that somebody begins with errands that are stored."""

    def tell_of_ends(self) -> None:
        """See to it that other processes hear soon of jobs that have ended."""

    async def close(self) -> None:
        """Give out nothing any more and let go of what is under way here."""


class LocalDispatch:
    """Lets this process do its own errands, in the order in which they come.

    Args:
        work: does one errand.
        at_once: how many are under way at most.
    """

    letter_of: LetterOf | None = None

    def __init__(self, work: Work, at_once: int = AT_ONCE) -> None:
        self._work = work
        self._slots = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[None]] = set()

    def give_out(self, errands: Sequence[Errand]) -> None:
        """Begin with errands as soon as there is room."""
        for errand in errands:
            task = asyncio.create_task(self._do(errand), name=f"errand {errand.role} {errand.job_id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def tell_of_ends(self) -> None:
        """Nobody else works."""

    async def close(self) -> None:
        """Cancel what is under way; its tasks are given back."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _do(self, errand: Errand) -> None:
        async with self._slots:
            try:
                await self._work(errand)
            except AgentSystemError as error:
                log.warning("errand put off", job_id=errand.job_id, role=errand.role, error=error.public)
            except Exception:
                log.exception("errand failed", job_id=errand.job_id, role=errand.role)


class SharedDispatch:
    """Leaves errands to workers in whatever process: letters to them are stored with the job.

    Args:
        nudge: told that letters were written, and whether they have an order.
    """

    letter_of: LetterOf | None = staticmethod(errand_letter)

    def __init__(self, nudge: Callable[[bool], None]) -> None:
        self._nudge = nudge

    def give_out(self, errands: Sequence[Errand]) -> None:
        """See to it that the letters to workers are sent soon."""
        self._nudge(False)

    def tell_of_ends(self) -> None:
        """See to it that word of decisions is sent soon."""
        self._nudge(True)

    async def close(self) -> None:
        """Nothing is under way here."""
