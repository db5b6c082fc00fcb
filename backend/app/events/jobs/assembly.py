"""The parts that accepted work needs, put together."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.domain.decisions import SealedRecord
from app.domain.errors import ConflictError, StoreUnavailableError
from app.domain.events import Event
from app.domain.jobs import COMPLETE, PENDING
from app.domain.questions import Question
from app.events.announcer import Announcer
from app.events.asking import Asking
from app.events.conclusion import Conclusion
from app.events.jobs.caretaker import GRACE, Caretaker, Recovered
from app.events.jobs.completion import Completion
from app.events.jobs.desk import MOST_PENDING, ConsensusStatus, JobDesk
from app.events.jobs.dispatch import Dispatch, LocalDispatch, Work
from app.events.jobs.endings import Endings
from app.events.jobs.workshop import LEASE_S, Workshop
from app.messaging.starting import stop
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.seating import Seating

LOOKS_IN_A_LEASE: Final = 5
MOST_AT_ONCE: Final = 500


def _nobody_counts(_kind: str, _count: int) -> None:
    """What was recovered is logged, too."""


@dataclass(frozen=True, slots=True)
class Working:
    """Who does accepted work, and on which terms.

    Args:
        dispatch: gives out errands, given who does one here; None lets this process do its own.
        lease_s: how long a worker that is not heard of keeps a task.
        most_pending: how many jobs may be pending before new ones are refused.
        most_at_once: how many questions are decided in this process at once before more are refused.
        recovered: told of what others had left and was taken up again, by kind (`request`, `job`) and number.
    """

    dispatch: Callable[[Work], Dispatch] | None = None
    lease_s: float = LEASE_S
    most_pending: int = MOST_PENDING
    most_at_once: int = MOST_AT_ONCE
    recovered: Recovered = _nobody_counts


class Jobs:
    """Decisions that were accepted and are made by whoever finds the time."""

    def __init__(
        self,
        store: DecisionStore,
        asking: Asking,
        conclusion: Conclusion,
        *,
        announcer: Announcer,
        clock: Clock,
        seating: Seating,
        working: Working,
    ) -> None:
        self._background: list[asyncio.Task[None]] = []
        self._clock = clock
        self._look_every_s = working.lease_s / LOOKS_IN_A_LEASE
        endings = self._endings = Endings()
        self.on_event: Callable[[Event], None] = endings.on_event
        completion = Completion(store.work, conclusion, clock, seating, self._has_ended)
        self._completion = completion
        self.workshop = Workshop(store.work, asking, completion, clock, seating, lease_s=working.lease_s)
        endings.listen(self.workshop.stop)
        self._dispatch = (working.dispatch or LocalDispatch)(self.workshop.work)
        self.desk = JobDesk(
            store,
            asking,
            announcer,
            clock,
            completion=completion,
            dispatch=self._dispatch,
            endings=endings,
            ended=self._has_ended,
            most_pending=working.most_pending,
        )
        self.caretaker = Caretaker(
            store.work,
            self.desk,
            completion,
            self.workshop,
            dispatch=self._dispatch,
            clock=clock,
            recovered=working.recovered,
        )

    def _has_ended(self, job_id: str) -> None:
        """Tell whoever waits here, and have the letters sent that tell others."""
        self._endings.tell(job_id)
        self._dispatch.tell_of_ends()

    @property
    def are_shared(self) -> bool:
        """Whether workers of other processes do the work."""
        return self._dispatch.letter_of is not None

    async def decide(self, question: Question) -> SealedRecord:
        """Have a question decided by the workers and return the decision; see `MultiAgentCoordinator.decide`."""
        started = self._clock.monotonic()
        job_id = await self.desk.accept(question, is_awaited=True)
        left_s = question.timeout_s + GRACE.total_seconds() / 2 - (self._clock.monotonic() - started)
        status = await self.desk.status(job_id, max(left_s, 0))
        if status.status == PENDING:
            await self._completion.complete(job_id)
            status = await self.desk.status(job_id)
        if status.status == COMPLETE and status.record is not None:
            return status.record
        if status.status == PENDING:
            raise StoreUnavailableError("The decision is accepted but not stored yet; ask for it by its id.")
        raise ConflictError(f"The decision was {status.status}: {status.reason or 'somebody stopped it'}")

    async def cancel(self, job_id: str) -> ConsensusStatus:
        """Cancel a job; return once nothing is under way for it in this process. See `JobDesk.cancel`."""
        status = await self.desk.cancel(job_id)
        await self.workshop.stopped(job_id)
        return status

    async def start(self) -> None:
        """Hold on to what is under way here, and finish what other processes left, until `close`.

        Raises:
            StoreUnavailableError: the store cannot be read.
        """
        await self.caretaker.begin()
        self._background = [
            asyncio.create_task(self.workshop.beat(), name="leases"),
            asyncio.create_task(self.caretaker.run(self._look_every_s), name="caretaker"),
        ]

    async def close(self) -> None:
        """Let go of what is under way here; closing twice is fine."""
        await stop(*self._background)
        await self._dispatch.close()
