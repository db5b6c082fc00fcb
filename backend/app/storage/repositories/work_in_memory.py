"""Accepted work in memory: the promises of the work store without a file, gone with the process."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.domain.decisions import KeyedAnswer
from app.domain.errors import StillRunningError
from app.domain.events import Event
from app.domain.jobs import (
    MOST_TRIES,
    PENDING,
    Claim,
    Claimed,
    Errand,
    Job,
    Lease,
    Standing,
    Task,
    errands_of,
)
from app.domain.letters import Letter
from app.ports.work_store import LetterOf

WAITED_FOR: timedelta = timedelta(seconds=60)


@dataclass(slots=True)
class _Held:
    """A task as it stands."""

    task: Task
    until: datetime
    fence: int = 0
    owner: str | None = None
    contribution: bytes | None = None


@dataclass(slots=True)
class _Kept:
    """A job as it stands."""

    job: Job
    tasks: dict[str, _Held]
    standing: Standing = field(default_factory=lambda: Standing(PENDING))


class InMemoryWorkStore:
    """Keeps jobs in a dictionary.

    Args:
        keep_answer, append_events: of the record that the jobs belong to.
    """

    def __init__(
        self,
        keep_answer: Callable[[KeyedAnswer], Awaitable[None]],
        append_events: Callable[[Sequence[Event]], Awaitable[tuple[Event, ...]]],
    ) -> None:
        self._keep_answer = keep_answer
        self._append_events = append_events
        self._jobs: dict[str, _Kept] = {}

    async def accept(self, job: Job, letters: Sequence[Letter] = (), answer: KeyedAnswer | None = None) -> None:
        """Store a job; nobody else shares this memory, so its letters have nobody to go to.

        Raises:
            StillRunningError: the key of the job or of the answer is taken.
        """
        if job.id in self._jobs:
            return
        if job.key is not None and any(job.key == each.job.key for each in self._pending()):
            raise StillRunningError("The first request with this Idempotency-Key is still running; ask again shortly.")
        if answer is not None:
            await self._keep_answer(answer)
        deadline = job.accepted_at + timedelta(seconds=job.timeout_s) if job.is_awaited else None
        tasks = {task.agent_id: _Held(task, job.accepted_at + WAITED_FOR) for task in job.tasks}
        self._jobs[job.id] = _Kept(replace(job, deadline=deadline), tasks)

    async def job(self, job_id: str) -> Job | None:
        """Return a job that is pending, or None."""
        kept = self._found(job_id)
        return kept.job if kept else None

    async def standing(self, job_id: str) -> Standing | None:
        """Return where a job stands; None when it is complete or never was."""
        return self._jobs[job_id].standing if job_id in self._jobs else None

    async def pending(self, limit: int) -> tuple[str, ...]:
        """Return the ids of at most `limit` pending jobs, oldest first."""
        return tuple(each.job.id for each in self._pending()[:limit])

    async def count_pending(self) -> int:
        """Return how many jobs are pending."""
        return len(self._pending())

    async def claim(self, job_id: str, agents: Sequence[str], lease: Lease) -> Claimed:
        """Take those of a job's tasks that are open and in nobody's hands."""
        kept = self._found(job_id)
        free = [each for agent, each in kept.tasks.items() if agent in agents and _is_free(each, lease)] if kept else []
        if kept is None or not free:
            return Claimed()
        for each in free:
            each.fence, each.owner, each.until = each.fence + 1, lease.owner, lease.until
        deadline = kept.job.deadline or lease.now + timedelta(seconds=kept.job.timeout_s)
        kept.job = replace(kept.job, deadline=deadline)
        return Claimed(tuple(Claim(job_id, each.task.agent_id, each.fence) for each in free), deadline)

    async def renew(self, claims: Sequence[Claim], lease: Lease) -> tuple[Claim, ...]:
        """Hold on to tasks; return those that are still ours."""
        held = {claim: self._held(claim) for claim in claims}
        for task in filter(None, held.values()):
            task.until = lease.until
        return tuple(claim for claim, task in held.items() if task is not None)

    async def release(self, claims: Sequence[Claim], now: datetime) -> None:
        """Give back tasks that will not be finished."""
        for task in filter(None, map(self._held, claims)):
            task.owner, task.until = None, now - timedelta(microseconds=1)

    async def deliver(self, claim: Claim, contribution: bytes) -> int | None:
        """Store what came of a task; return how many tasks of the job are open yet, None when it was refused."""
        kept, task = self._found(claim.job_id), self._held(claim)
        if kept is None or task is None:
            return None
        task.contribution, task.owner = contribution, None
        return sum(each.contribution is None for each in kept.tasks.values())

    async def contributions(self, job_id: str) -> dict[str, bytes]:
        """Return what was delivered for a pending job, by agent."""
        kept = self._found(job_id)
        return {agent: each.contribution for agent, each in kept.tasks.items() if each.contribution} if kept else {}

    async def ripe(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return pending jobs that can be completed now, longest waiting first."""
        return tuple(each.job.id for each in self._pending() if _is_ripe(each, now))[:limit]

    async def hand_out_again(self, lease: Lease, limit: int, letter_of: LetterOf | None = None) -> tuple[Errand, ...]:
        """Free open tasks that have waited or been held for too long, and return them."""
        errands: list[Errand] = []
        for kept in self._pending():
            late = [each for each in kept.tasks.values() if each.contribution is None and each.until < lease.now]
            again = [each.task for each in late[:limit] if _freed(each, lease)]
            limit -= len(again)
            if again and not kept.job.is_awaited:
                kept.job = replace(kept.job, deadline=None)
            errands += errands_of(kept.job.id, kept.job.symbol, again)
        return tuple(errands)

    async def end(self, job_id: str, standing: Standing, told: Sequence[Event]) -> tuple[Event, ...] | None:
        """End a pending job without a decision; return the events that tell of it, None when it was not pending."""
        kept = self._found(job_id)
        if kept is None:
            return None
        kept.standing, kept.tasks = standing, {}
        return await self._append_events(told)

    def complete(self, job_id: str) -> None:
        """Remove a job whose decision is stored."""
        self._jobs.pop(job_id, None)

    def _pending(self) -> list[_Kept]:
        return [each for each in self._jobs.values() if each.standing.status == PENDING]

    def _found(self, job_id: str) -> _Kept | None:
        kept = self._jobs.get(job_id)
        return kept if kept is not None and kept.standing.status == PENDING else None

    def _held(self, claim: Claim) -> _Held | None:
        kept = self._found(claim.job_id)
        task = kept.tasks.get(claim.agent_id) if kept else None
        return task if task and task.owner and task.fence == claim.fence and task.contribution is None else None


def _is_free(task: _Held, lease: Lease) -> bool:
    return task.contribution is None and (task.owner in (None, lease.owner) or task.until < lease.now)


def _is_ripe(kept: _Kept, now: datetime) -> bool:
    is_over = kept.job.deadline is not None and kept.job.deadline < now
    return is_over or all(each.contribution is not None for each in kept.tasks.values())


def _freed(task: _Held, lease: Lease) -> bool:
    """Take a task out of the hands that held it; one that was given out too often is given up."""
    task.owner, task.until = None, lease.until
    if task.fence >= MOST_TRIES:
        task.contribution = b""
    return task.contribution is None
