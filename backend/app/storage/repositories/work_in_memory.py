"""Accepted work in memory: the promises of the work store without a file, gone with the process."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.domain.decisions import KeyedAnswer
from app.domain.errors import StillRunningError
from app.domain.events import Event
from app.domain.jobs import Claim, Claimed, Errand, Job, Lease, Standing
from app.domain.letters import Letter
from app.ports.decision_store import DecisionStore
from app.ports.work_store import LetterOf, PaidFor
from app.storage.kept_jobs import KeptJob, KeptTask
from app.storage.refusals import KEY_TAKEN, STILL_RUNNING


class InMemoryWorkStore:
    """Keeps jobs in a dictionary.

    Nothing here waits for anything, so no other task of the process sees a change that is half made.

    Args:
        record: that the jobs belong to.
    """

    def __init__(self, record: DecisionStore) -> None:
        self._record = record
        self._jobs: dict[str, KeptJob] = {}

    async def accept(self, job: Job, letters: Sequence[Letter] = (), answer: KeyedAnswer | None = None) -> None:
        """Store a job; nobody else shares this memory, so its letters have nobody to go to.

        Raises:
            StillRunningError: the key of the job or of the answer is taken.
        """
        if job.id in self._jobs or await self._record.get(job.id) is not None:
            return
        for key in (job.key, answer.key if answer else None):
            await self._refuse_taken(key)
        if answer is not None:
            await self._record.keep_answer(answer)
        self._jobs[job.id] = KeptJob(job)

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
        return kept.claim(agents, lease) if kept else Claimed()

    async def renew(self, claims: Sequence[Claim], lease: Lease) -> tuple[Claim, ...]:
        """Hold on to tasks; return those that are still ours."""
        held = [(claim, task) for claim in claims if (task := self._held(claim))]
        for _, task in held:
            task.until = lease.until
        return tuple(claim for claim, _ in held)

    async def release(self, claims: Sequence[Claim], now: datetime) -> None:
        """Give back tasks that will not be finished."""
        for task in filter(None, map(self._held, claims)):
            task.free(now - timedelta(microseconds=1))

    async def deliver(self, claim: Claim, contribution: bytes) -> int | None:
        """Store what came of a task; return how many tasks of the job are open yet, None when it was refused."""
        kept = self._found(claim.job_id)
        return kept.deliver(claim, contribution) if kept else None

    async def contributions(self, job_id: str) -> dict[str, bytes]:
        """Return what was delivered for a pending job, by agent."""
        kept = self._found(job_id)
        return {agent: task.contribution for agent, task in kept.tasks.items() if task.contribution} if kept else {}

    async def ripe(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return pending jobs that can be completed now, oldest first."""
        return tuple(each.job.id for each in self._pending() if each.is_ripe(now))[:limit]

    async def hand_out_again(self, lease: Lease, limit: int, letter_of: LetterOf | None = None) -> tuple[Errand, ...]:
        """Free open tasks that have waited or been held for too long, and return them."""
        errands: list[Errand] = []
        for kept in self._pending():
            count, again = kept.hand_out_again(lease, limit)
            limit -= count
            errands += again
        return tuple(errands)

    async def end(
        self, job_id: str, standing: Standing, told: Sequence[Event], paid_for: PaidFor | None = None
    ) -> tuple[Event, ...] | None:
        """End a pending job without a decision; return the events that tell of it, None when it was not pending."""
        kept = self._found(job_id)
        if kept is None:
            return None
        if paid_for is not None:
            for calls, exchanges in map(paid_for, (await self.contributions(job_id)).values()):
                await self._record.append_model_calls(job_id, calls, exchanges)
        kept.end(standing)
        return await self._record.append_events(told)

    def complete(self, job_id: str) -> None:
        """Remove a job whose decision is stored."""
        self._jobs.pop(job_id, None)

    def _pending(self) -> list[KeptJob]:
        found = (each for each in self._jobs.values() if each.is_pending)
        return sorted(found, key=lambda each: (each.job.accepted_at, each.job.id))

    def _found(self, job_id: str) -> KeptJob | None:
        kept = self._jobs.get(job_id)
        return kept if kept is not None and kept.is_pending else None

    def _held(self, claim: Claim) -> KeptTask | None:
        kept = self._found(claim.job_id)
        return kept.held(claim) if kept else None

    async def _refuse_taken(self, key: str | None) -> None:
        if key is not None and any(each.job.key == key for each in self._pending()):
            raise StillRunningError(STILL_RUNNING)
        if key is not None and await self._record.answer(key) is not None:
            raise StillRunningError(KEY_TAKEN)
