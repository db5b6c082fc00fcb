"""Accepted work in a database: every promise of the WorkStore port, one transaction at a time."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from app.domain.decisions import KeyedAnswer
from app.domain.events import Event
from app.domain.jobs import Claim, Claimed, Errand, Job, Lease, Standing
from app.domain.letters import Letter
from app.domain.times import to_micros
from app.ports.work_store import LetterOf, PaidFor
from app.storage import job_rows, outbox_rows, task_rows
from app.storage.model_rows import write_model_calls
from app.storage.outbox_rows import Outgoing
from app.storage.session import LAST, Database
from app.storage.standing import end_stands, job_stands
from app.storage.writing import write_accepted, write_events

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
            lambda connection: write_accepted(connection, job, letters, answer),
            stands=lambda connection, is_new: job_stands(connection, job.id, is_new),
        )

    async def job(self, job_id: str) -> Job | None:
        """Return a job that is pending, or None."""
        return await self._database.read(lambda connection: job_rows.read_job(connection, job_id))

    async def standing(self, job_id: str) -> Standing | None:
        """Return where a job stands; None when it is complete or never was."""
        return await self._database.find(lambda connection: job_rows.standing(connection, job_id))

    async def pending(self, limit: int) -> tuple[str, ...]:
        """Return the ids of at most `limit` pending jobs, oldest first."""
        return await self._database.find(lambda connection: job_rows.pending(connection, limit))

    async def count_pending(self) -> int:
        """Return how many jobs are pending."""
        return await self._database.find(job_rows.count_pending)

    async def claim(self, job_id: str, agents: Sequence[str], lease: Lease) -> Claimed:
        """Take those of a job's tasks that are open and in nobody's hands."""
        return await self._change(job_id, lambda connection: task_rows.claim(connection, job_id, agents, lease))

    async def renew(self, claims: Sequence[Claim], lease: Lease) -> tuple[Claim, ...]:
        """Hold on to tasks; return those that are still ours."""
        renewals = [
            self._change(job_id, partial(task_rows.renew, job_id=job_id, claims=of_job, lease=lease))
            for job_id, of_job in _by_job(claims)
        ]
        held = {each for some in await asyncio.gather(*renewals) for each in some}
        return tuple(each for each in claims if each in held)

    async def release(self, claims: Sequence[Claim], now: datetime) -> None:
        """Give back tasks that will not be finished."""
        releases = [
            self._change(job_id, partial(task_rows.release, job_id=job_id, claims=of_job, now=to_micros(now)))
            for job_id, of_job in _by_job(claims)
        ]
        await asyncio.gather(*releases)

    async def deliver(self, claim: Claim, contribution: bytes) -> int | None:
        """Store what came of a task; return how many tasks of the job are open yet, None when it was refused."""
        return await self._change(claim.job_id, lambda each: task_rows.deliver(each, claim, contribution))

    async def contributions(self, job_id: str) -> dict[str, bytes]:
        """Return what was delivered for a pending job, by agent."""
        return await self._database.find(lambda connection: task_rows.contributions(connection, job_id))

    async def ripe(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return pending jobs that can be completed now, oldest first."""
        return await self._database.find(lambda connection: job_rows.ripe(connection, now, limit))

    async def hand_out_again(self, lease: Lease, limit: int, letter_of: LetterOf | None = None) -> tuple[Errand, ...]:
        """Free open tasks that have waited or been held for too long, and return them.

        Where the answer to the commit was lost they may be missing here; their letters are sent all the same.
        """

        def hand_out(connection: Connection) -> tuple[Errand, ...]:
            errands = task_rows.hand_out_again(connection, lease, limit)
            if letter_of is not None:
                outbox_rows.write_letters(connection, map(letter_of, errands), lease.now)
            return errands

        return await self._change(LAST, hand_out)

    async def end(
        self, job_id: str, standing: Standing, told: Sequence[Event], paid_for: PaidFor | None = None
    ) -> tuple[Event, ...] | None:
        """End a pending job without a decision; return the events that tell of it, None when it was not pending."""

        def end(connection: Connection) -> tuple[Event, ...] | None:
            if not job_rows.lock(connection, job_id):
                return None
            _keep_what_was_paid(connection, job_id, paid_for)
            job_rows.end(connection, job_id, standing)
            stored = write_events(connection, told)
            outbox_rows.write_told(connection, stored, self._outgoing)
            return stored

        return await self._database.write(
            end, stands=lambda connection, stored: end_stands(connection, job_id, standing, stored), locks=job_id
        )

    async def _change(self, job_id: str, work: Callable[[Connection], Result]) -> Result:
        return await self._database.write(work, in_order=False, locks=job_id)


def _keep_what_was_paid(connection: Connection, job_id: str, paid_for: PaidFor | None) -> None:
    """Write down what models were asked for contributions that come to nothing."""
    if paid_for is None:
        return
    for calls, exchanges in map(paid_for, task_rows.contributions(connection, job_id).values()):
        if calls:
            now = max(to_micros(call.started_at) for call in calls)
            write_model_calls(connection, job_id, calls, exchanges, now)


def _by_job(claims: Sequence[Claim]) -> Iterator[tuple[str, list[Claim]]]:
    """A transaction that locks one job waits for nobody who waits for it."""
    for job_id in dict.fromkeys(claim.job_id for claim in claims):
        yield job_id, [claim for claim in claims if claim.job_id == job_id]
