"""Accepted work in a database: every promise of the WorkStore port, one transaction at a time."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from app.domain.decisions import KeyedAnswer
from app.domain.errors import StillRunningError
from app.domain.events import Event
from app.domain.jobs import Claim, Claimed, Errand, Job, Lease, Standing
from app.domain.letters import Letter
from app.ports.work_store import LetterOf
from app.storage import outbox_rows, work_rows
from app.storage.outbox_rows import Outgoing
from app.storage.session import Database
from app.storage.writing import write_answer, write_events

Result = TypeVar("Result")


class SqlWorkStore:
    """Keeps jobs beside the decisions they become.

    Args:
        outgoing: which events other processes are told of by letter; None is none.
    """

    def __init__(self, database: Database, outgoing: Outgoing | None = None) -> None:
        self._database = database
        self._outgoing = outgoing

    async def accept(self, job: Job, letters: Sequence[Letter] = (), answer: KeyedAnswer | None = None) -> None:
        """Store a job with what is to be sent for it and the answer to its key.

        Raises:
            StillRunningError: the key of the job or of the answer is taken.
        """
        await self._database.write(
            lambda connection: _accept(connection, job, letters, answer),
            stands=lambda connection, _: work_rows.standing(connection, job.id) is not None,
        )

    async def job(self, job_id: str) -> Job | None:
        """Return a job that is pending, or None."""
        return await self._database.read(lambda connection: work_rows.read_job(connection, job_id))

    async def standing(self, job_id: str) -> Standing | None:
        """Return where a job stands; None when it is complete or never was."""
        return await self._database.read(lambda connection: work_rows.standing(connection, job_id))

    async def pending(self, limit: int) -> tuple[str, ...]:
        """Return the ids of at most `limit` pending jobs, oldest first."""
        return await self._database.read(lambda connection: work_rows.pending(connection, limit))

    async def count_pending(self) -> int:
        """Return how many jobs are pending."""
        return await self._database.read(work_rows.count_pending)

    async def claim(self, job_id: str, agents: Sequence[str], lease: Lease) -> Claimed:
        """Take those of a job's tasks that are open and in nobody's hands."""
        return await self._free(lambda connection: work_rows.claim(connection, job_id, agents, lease))

    async def renew(self, claims: Sequence[Claim], lease: Lease) -> tuple[Claim, ...]:
        """Hold on to tasks; return those that are still ours."""
        return await self._free(lambda connection: work_rows.renew(connection, claims, lease))

    async def release(self, claims: Sequence[Claim], now: datetime) -> None:
        """Give back tasks that will not be finished."""
        await self._free(lambda connection: work_rows.release(connection, claims, now))

    async def deliver(self, claim: Claim, contribution: bytes) -> int | None:
        """Store what came of a task; return how many tasks of the job are open yet, None when it was refused."""
        return await self._free(lambda connection: work_rows.deliver(connection, claim, contribution))

    async def contributions(self, job_id: str) -> dict[str, bytes]:
        """Return what was delivered for a pending job, by agent."""
        return await self._database.read(lambda connection: work_rows.contributions(connection, job_id))

    async def ripe(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return pending jobs that can be completed now, longest waiting first."""
        return await self._database.read(lambda connection: work_rows.ripe(connection, now, limit))

    async def hand_out_again(self, lease: Lease, limit: int, letter_of: LetterOf | None = None) -> tuple[Errand, ...]:
        """Free open tasks that have waited or been held for too long, and return them."""

        def hand_out(connection: Connection) -> tuple[Errand, ...]:
            errands = work_rows.hand_out_again(connection, lease, limit)
            if letter_of is not None:
                outbox_rows.write_letters(connection, map(letter_of, errands), lease.now)
            return errands

        return await self._free(hand_out)

    async def end(self, job_id: str, standing: Standing, told: Sequence[Event]) -> tuple[Event, ...] | None:
        """End a pending job without a decision; return the events that tell of it, None when it was not pending."""

        def end(connection: Connection) -> tuple[Event, ...] | None:
            if not work_rows.end(connection, job_id, standing):
                return None
            stored = write_events(connection, told)
            outbox_rows.write_told(connection, stored, self._outgoing)
            return stored

        return await self._database.write(end, stands=lambda connection, _: _has_ended(connection, job_id, standing))

    async def _free(self, work: Callable[[Connection], Result]) -> Result:
        return await self._database.write(work, in_order=False)


def _accept(connection: Connection, job: Job, letters: Sequence[Letter], answer: KeyedAnswer | None) -> None:
    if work_rows.is_key_taken(connection, job):
        raise StillRunningError("The first request with this Idempotency-Key is still running; ask again shortly.")
    if not work_rows.write_job(connection, job):
        return
    if answer is not None:
        write_answer(connection, answer)
    outbox_rows.write_letters(connection, letters, job.accepted_at)


def _has_ended(connection: Connection, job_id: str, how: Standing) -> bool:
    return work_rows.standing(connection, job_id) == how
