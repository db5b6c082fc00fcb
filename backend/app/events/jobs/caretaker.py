"""Looks after jobs whose worker died or whose time is over, in every process, so that each comes to an end."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from app.domain.errors import AgentSystemError, StoreError
from app.domain.jobs import errands_of
from app.events.jobs.completion import Completion
from app.events.jobs.desk import JobDesk
from app.events.jobs.dispatch import Dispatch
from app.events.jobs.workshop import Workshop
from app.messaging.repeating import repeat
from app.ports.clock import Clock
from app.ports.work_store import WorkStore

log = structlog.get_logger(__name__)

GRACE: Final = timedelta(seconds=0.5)
"""How long after its deadline a job is left to those who work on it."""

Recovered = Callable[[str, int], None]

HOPELESS: Final = 5
"""How often a job is tried that cannot be decided for a reason nobody foresaw; some of those pass."""

_LEFT_BEHIND: Final = 1_000
_JOBS_AT_ONCE: Final = 50
_TASKS_AT_ONCE: Final = 500


class Caretaker:
    """Finishes what others left, by looking at the store again and again.

    Args:
        recovered: told of what was taken up again, by kind and number.
    """

    def __init__(
        self,
        work: WorkStore,
        desk: JobDesk,
        completion: Completion,
        workshop: Workshop,
        *,
        dispatch: Dispatch,
        clock: Clock,
        recovered: Recovered,
    ) -> None:
        self._work = work
        self._desk = desk
        self._completion = completion
        self._workshop = workshop
        self._dispatch = dispatch
        self._clock = clock
        self._recovered = recovered
        self._tried: Counter[str] = Counter()

    async def begin(self) -> None:
        """Give out what was accepted before this process began; what others have in hand stays theirs.

        Where letters are sent that is done already: they were stored with each job.

        Raises:
            StoreUnavailableError: the store cannot be read.
        """
        if self._dispatch.letter_of is not None:
            return
        for job_id in await self._work.pending(_LEFT_BEHIND):
            job = await self._work.job(job_id)
            if job is not None:
                self._dispatch.give_out(errands_of(job.id, job.symbol, job.tasks))

    async def run(self, every_s: float) -> None:
        """Look every `every_s` seconds until cancelled."""
        await repeat(self.look, every_s, "jobs not looked after")

    async def look(self) -> None:
        """Complete what can be completed, and hand out again what nobody works on.

        Raises:
            StoreUnavailableError: the store cannot be read or written now.
        """
        for job_id in await self._work.ripe(self._clock.now() - GRACE, _JOBS_AT_ONCE):
            await self._complete(job_id)
        errands = await self._work.hand_out_again(self._workshop.lease(), _TASKS_AT_ONCE, self._dispatch.letter_of)
        for errand in errands:
            log.info("handed out again", decision_id=errand.job_id, role=errand.role)
        self._recovered("job", len(errands))
        self._dispatch.give_out(errands)

    async def _complete(self, job_id: str) -> None:
        """Complete a job; one that cannot be decided at all ends as failed, with the reason."""
        try:
            is_ours = await self._completion.complete(job_id) is not None
            self._recovered("request", int(is_ours))
            self._tried.pop(job_id, None)
        except StoreError:
            raise
        except Exception as error:
            log.exception("job cannot be decided", decision_id=job_id)
            self._tried[job_id] += 1
            if self._tried[job_id] < HOPELESS:
                return
            del self._tried[job_id]
            reason = error.public if isinstance(error, AgentSystemError) else type(error).__name__
            await self._desk.fail(job_id, f"It could not be decided: {reason}")
