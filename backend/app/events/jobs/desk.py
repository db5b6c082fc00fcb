"""Takes jobs on and tells how they stand: accept one, wait for its end, cancel it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from app.domain.decisions import KeyedAnswer, SealedRecord
from app.domain.errors import ConflictError, NotFoundError, OverloadedError
from app.domain.jobs import CANCELLED, COMPLETE, FAILED, PENDING, Job, Standing, Task, errands_of
from app.domain.questions import Question
from app.events import announcements
from app.events.announcer import Announcer
from app.events.asking import Asking
from app.events.intake import Case
from app.events.jobs import case_file, contributions
from app.events.jobs.completion import Completion
from app.events.jobs.dispatch import Dispatch
from app.events.jobs.endings import Endings
from app.events.road import with_correlation
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.seating import Seats

MOST_PENDING: Final = 1_000
LOOK_AGAIN_S: Final = 2.0
"""How long a wait relies on being told; then it looks for itself."""


@dataclass(frozen=True, slots=True)
class ConsensusStatus:
    """Where a request stands: `pending`, `complete`, `cancelled` or `failed`.

    Args:
        record: the decision, once complete.
        reason: why it failed.
    """

    consensus_id: str
    status: str
    record: SealedRecord | None = None
    reason: str | None = None


class JobDesk:
    """Accepts jobs durably; who does them is another's business.

    Args:
        ended: told of each job that is ended here.
        most_pending: how many may be pending in the whole store before new ones are refused.
    """

    def __init__(
        self,
        store: DecisionStore,
        asking: Asking,
        announcer: Announcer,
        clock: Clock,
        *,
        completion: Completion,
        dispatch: Dispatch,
        endings: Endings,
        ended: Callable[[str], None],
        most_pending: int = MOST_PENDING,
    ) -> None:
        self._store = store
        self._asking = asking
        self._announcer = announcer
        self._clock = clock
        self._completion = completion
        self._dispatch = dispatch
        self._endings = endings
        self._ended = ended
        self._most_pending = most_pending

    async def accept(self, question: Question, *, is_awaited: bool = False, answer: KeyedAnswer | None = None) -> str:
        """Store a question as a job and have it given out; return its id once that cannot be lost any more.

        Args:
            is_awaited: somebody waits, so the time of the panel runs from now.
            answer: kept under its Idempotency-Key together with the job.

        Raises:
            InvalidInputError: the question cannot be used.
            OverloadedError: too many are pending.
            StillRunningError: the Idempotency-Key is taken.
        """
        if await self._store.work.count_pending() >= self._most_pending:
            raise OverloadedError(f"{self._most_pending} decisions are pending; wait for some to end.")
        case, seats = await self._asking.open(with_correlation(question))
        job = await self._job(case, seats, is_awaited)
        errands = errands_of(job.id, job.symbol, job.tasks)
        letter_of = self._dispatch.letter_of
        letters = tuple(map(letter_of, errands)) if letter_of else ()
        await self._store.work.accept(job, letters, answer)
        if not errands:
            await self._completion.complete(job.id)
        self._dispatch.give_out(errands)
        return job.id

    async def _job(self, case: Case, seats: Seats, is_awaited: bool) -> Job:
        question = case.question
        file = case_file.write(case, self._asking.models(case.seats), seats.resolved, await self._asking.tool_policy())
        return Job(
            question.decision_id,
            question.symbol,
            tuple(Task(agent, analyst.role) for agent, analyst in case.seats.items()),
            file,
            self._clock.now(),
            question.timeout_s,
            is_awaited,
            key=question.keyed.key if question.keyed else None,
        )

    async def status(self, job_id: str, timeout_s: float | None = 0) -> ConsensusStatus:
        """Return where a job stands, after waiting up to `timeout_s` for its end (None: as long as it takes).

        Raises:
            NotFoundError: there is no such job.
        """
        ends_at = None if timeout_s is None else self._clock.monotonic() + timeout_s
        while True:
            with self._endings.awaited(job_id) as ended:
                status = await self._status(job_id)
                left_s = LOOK_AGAIN_S if ends_at is None else ends_at - self._clock.monotonic()
                if status.status != PENDING or left_s <= 0:
                    return status
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left_s, LOOK_AGAIN_S)):
                        await ended.wait()

    async def _status(self, job_id: str) -> ConsensusStatus:
        standing = await self._store.work.standing(job_id)
        if standing is not None:
            return ConsensusStatus(job_id, standing.status, reason=standing.reason)
        record = await self._store.get(job_id)
        if record is None:
            raise NotFoundError("There is no consensus request with this id.")
        return ConsensusStatus(job_id, COMPLETE, record)

    async def cancel(self, job_id: str) -> ConsensusStatus:
        """End a pending job and tell the feed; whoever works on it is stopped.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it has already ended otherwise.
        """
        job = await self._store.work.job(job_id)
        if job is None or not await self._end(job, Standing(CANCELLED)):
            ended = await self._status(job_id)
            if ended.status != CANCELLED:
                raise ConflictError(f"The consensus request is already {ended.status}; it cannot be cancelled.")
        return ConsensusStatus(job_id, CANCELLED)

    async def fail(self, job_id: str, reason: str) -> None:
        """End a pending job that cannot be decided, with the reason, and tell the feed."""
        job = await self._store.work.job(job_id)
        if job is not None:
            await self._end(job, Standing(FAILED, reason))

    async def _end(self, job: Job, how: Standing) -> bool:
        told = announcements.ended(job.symbol, job.id, how, self._clock.now())
        stored = await self._store.work.end(job.id, how, (told,), contributions.paid_for)
        if stored is None:
            return False
        await self._announcer.announce(stored)
        self._ended(job.id)
        return True
