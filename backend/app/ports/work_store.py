"""Accepted work: jobs, who does which task, what came of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.decisions import KeyedAnswer
from app.domain.events import Event
from app.domain.jobs import Claim, Claimed, Errand, Job, Lease, Standing
from app.domain.letters import Letter
from app.domain.model_calls import Exchange, ModelCall

LetterOf = Callable[[Errand], Letter]
PaidFor = Callable[[bytes], tuple[Sequence[ModelCall], Sequence[Exchange]]]


class WorkStore(Protocol):
    """Keeps jobs until they are decided; every method may raise StoreUnavailableError, after which nothing was stored.

    A job is completed by storing its decision (`DecisionDraft.job`), which removes it in the same transaction.
    """

    async def accept(self, job: Job, letters: Sequence[Letter] = (), answer: KeyedAnswer | None = None) -> None:
        """Store a job, what is to be sent for it and the answer to its Idempotency-Key; accepting twice is once.

        Raises:
            StillRunningError: the key of the job or of the answer is taken.
        """

    async def job(self, job_id: str) -> Job | None:
        """Return a job that is pending, or None."""

    async def standing(self, job_id: str) -> Standing | None:
        """Return where a job stands; None when it is complete or never was."""

    async def pending(self, limit: int) -> tuple[str, ...]:
        """Return the ids of at most `limit` pending jobs, oldest first."""

    async def count_pending(self) -> int:
        """Return how many jobs are pending."""

    async def claim(self, job_id: str, agents: Sequence[str], lease: Lease) -> Claimed:
        """Take those of a job's tasks that are open and in nobody's hands; the first one taken starts the clock."""

    async def renew(self, claims: Sequence[Claim], lease: Lease) -> tuple[Claim, ...]:
        """Hold on to tasks; return those that are still ours."""

    async def release(self, claims: Sequence[Claim], now: datetime) -> None:
        """Give back tasks that will not be finished; who looks for work finds them at once."""

    async def deliver(self, claim: Claim, contribution: bytes) -> int | None:
        """Store what came of a task; return how many tasks of the job are open yet.

        None means refused: the task was given to somebody else meanwhile, or the job has ended.
        """

    async def contributions(self, job_id: str) -> dict[str, bytes]:
        """Return what was delivered for a pending job, by agent."""

    async def ripe(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return pending jobs that can be completed now: nothing is open, or time is over. Oldest first."""

    async def hand_out_again(self, lease: Lease, limit: int, letter_of: LetterOf | None = None) -> tuple[Errand, ...]:
        """Free at most `limit` open tasks that have waited or been held for too long, and return them.

        Each has until the end of `lease` to be taken. The clock of a job that nobody awaits starts again.

        Args:
            letter_of: writes what is to be sent for each errand.
        """

    async def end(
        self, job_id: str, standing: Standing, told: Sequence[Event], paid_for: PaidFor | None = None
    ) -> tuple[Event, ...] | None:
        """End a pending job without a decision, with the events that tell of it; return those numbered.

        None means that it was not pending.

        Args:
            paid_for: reads what models were asked for a contribution; that is kept where the contribution is let go.
        """
