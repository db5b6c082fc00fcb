"""The tasks of accepted jobs as rows, and the statements that pass them from hand to hand."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, or_, select, update

from app.domain.jobs import GIVEN_UP, MOST_TRIES, PENDING, Claim, Claimed, Errand, Lease, Task, errands_of
from app.domain.times import from_micros, to_micros
from app.storage import job_rows
from app.storage.tables import jobs, tasks

_OF_JOB: Final = tasks.c.job_id == bindparam("of_job")
_IS_OPEN: Final = tasks.c.contribution.is_(None)
_TASKS: Final = select(tasks.c.agent_id, tasks.c.fence, tasks.c.owner, _IS_OPEN.label("is_open")).where(_OF_JOB)
_CONTRIBUTIONS: Final = (
    select(tasks.c.agent_id, tasks.c.contribution)
    .where(_OF_JOB, ~_IS_OPEN, tasks.c.contribution != GIVEN_UP)
    .order_by(tasks.c.place)
)
# Statements are made once: making one takes the processor longer than the database takes to execute it.
_IS_FREE: Final = or_(
    tasks.c.owner.is_(None), tasks.c.owner == bindparam("taker"), tasks.c.lease_until < bindparam("now")
)
_TAKE: Final = (
    update(tasks)
    .where(_OF_JOB, tasks.c.agent_id == bindparam("agent"), _IS_OPEN, _IS_FREE)
    .values(fence=tasks.c.fence + 1, owner=bindparam("taker"), lease_until=bindparam("until"))
    .returning(tasks.c.place, tasks.c.agent_id, tasks.c.fence)
)
_HELD: Final = update(tasks).where(
    _OF_JOB,
    tasks.c.agent_id == bindparam("agent"),
    tasks.c.fence == bindparam("under"),
    tasks.c.owner.is_not(None),
    _IS_OPEN,
)
_RENEW: Final = _HELD.values(lease_until=bindparam("until"))
_RELEASE: Final = _HELD.values(owner=None, lease_until=bindparam("until"))
_DELIVER: Final = _HELD.values(contribution=bindparam("brought"), owner=None)


def claim(connection: Connection, job_id: str, agents: Sequence[str], lease: Lease) -> Claimed:
    """Take open tasks that nobody holds, in the order of the panel."""
    is_pending, deadline = job_rows.lock_clock(connection, job_id)
    if not is_pending:
        return Claimed()
    now = to_micros(lease.now)
    term = {"of_job": job_id, "taker": lease.owner, "now": now, "until": to_micros(lease.until)}
    rows = (connection.execute(_TAKE, {**term, "agent": agent}).first() for agent in agents)
    taken = tuple(Claim(job_id, row.agent_id, row.fence) for row in sorted(row for row in rows if row is not None))
    if not taken:
        return Claimed()
    return Claimed(taken, from_micros(deadline or job_rows.start_clock(connection, job_id, now)))


def renew(connection: Connection, job_id: str, claims: Sequence[Claim], lease: Lease) -> tuple[Claim, ...]:
    """Hold on to tasks of one job; return those that are still held."""
    if not job_rows.lock(connection, job_id):
        return ()
    until = to_micros(lease.until)
    return tuple(each for each in claims if connection.execute(_RENEW, {**_of(each), "until": until}).rowcount)


def release(connection: Connection, job_id: str, claims: Sequence[Claim], now: int) -> None:
    """Give back tasks of one job; who looks for late ones finds them at once."""
    if job_rows.lock(connection, job_id):
        for each in claims:
            connection.execute(_RELEASE, {**_of(each), "until": now - 1})


def _of(held: Claim) -> dict[str, object]:
    return {"of_job": held.job_id, "agent": held.agent_id, "under": held.fence}


def deliver(connection: Connection, held: Claim, contribution: bytes) -> int | None:
    """Store what came of a task; return how many of its job are open yet, None when it was refused."""
    if not job_rows.lock(connection, held.job_id):
        return None
    rows = {row.agent_id: row for row in connection.execute(_TASKS, {"of_job": held.job_id})}
    mine = rows.get(held.agent_id)
    if mine is None or mine.fence != held.fence or (mine.is_open and mine.owner is None):
        return None
    if mine.is_open:
        connection.execute(_DELIVER, {**_of(held), "brought": contribution})
    return sum(bool(row.is_open) for row in rows.values() if row is not mine)


def contributions(connection: Connection, job_id: str) -> dict[str, bytes]:
    """Return what was delivered, by agent, in the order of the panel."""
    rows = connection.execute(_CONTRIBUTIONS, {"of_job": job_id})
    return {row.agent_id: row.contribution for row in rows}


def hand_out_again(connection: Connection, lease: Lease, limit: int) -> tuple[Errand, ...]:
    """Free open tasks whose time with nobody or somebody is over, oldest job first.

    Jobs that somebody is changing are passed over. The tasks are looked at once their jobs are locked, by a statement
    of its own, because it sees what was delivered meanwhile.
    """
    late = (_IS_OPEN, tasks.c.lease_until < to_micros(lease.now))
    locked = connection.execute(_with_late(late, limit)).scalars().all()
    rows = connection.execute(_late_of(locked, late, limit)).all()
    by_job = groupby(rows, lambda row: (row.job_id, row.symbol))
    return tuple(errand for job, of_job in by_job for errand in _freed(connection, *job, tuple(of_job), lease))


def _with_late(late: Sequence[ColumnElement[bool]], limit: int) -> Select[Any]:
    has_late = select(tasks.c.job_id).where(tasks.c.job_id == jobs.c.id, *late).exists()
    oldest = select(jobs.c.id).where(jobs.c.status == PENDING, has_late).order_by(jobs.c.accepted_at, jobs.c.id)
    return oldest.limit(limit).with_for_update(skip_locked=True)


def _late_of(locked: Sequence[str], late: Sequence[ColumnElement[bool]], limit: int) -> Select[Any]:
    return (
        select(tasks.c.job_id, jobs.c.symbol, tasks.c.agent_id, tasks.c.role, tasks.c.fence)
        .join(jobs, tasks.c.job_id == jobs.c.id)
        .where(tasks.c.job_id.in_(locked), *late)
        .order_by(jobs.c.accepted_at, jobs.c.id, tasks.c.place)
        .limit(limit)
    )


def _freed(
    connection: Connection, job_id: str, symbol: str, late: Sequence[Row[Any]], lease: Lease
) -> tuple[Errand, ...]:
    """Take tasks of a job out of the hands that held them; those that were given out too often are given up."""
    hopeless = [row.agent_id for row in late if row.fence >= MOST_TRIES]
    again = [Task(row.agent_id, row.role) for row in late if row.fence < MOST_TRIES]
    _set(connection, job_id, hopeless, contribution=GIVEN_UP, owner=None, fence=tasks.c.fence + 1)
    _set(connection, job_id, [task.agent_id for task in again], owner=None, lease_until=to_micros(lease.until))
    if again:
        job_rows.stop_clock(connection, job_id)
    return errands_of(job_id, symbol, again)


def _set(connection: Connection, job_id: str, agents: Sequence[str], **values: object) -> None:
    if agents:
        connection.execute(update(tasks).where(tasks.c.job_id == job_id, tasks.c.agent_id.in_(agents)).values(values))
