"""Jobs and tasks as rows, and the statements that move them along."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from app.domain.jobs import MOST_TRIES, PENDING, Claim, Claimed, Errand, Job, Lease, Standing, Task, errands_of
from app.domain.times import from_micros, to_micros
from app.storage.prepared import insert_if_free
from app.storage.tables import jobs, tasks

WAITED_FOR_US: Final = 60_000_000
"""How long a new task may wait for a worker before it is handed out again."""

_GIVEN_UP: Final = b""
_IS_OPEN: Final = tasks.c.contribution.is_(None)
_HAS_OPEN: Final = exists().where(tasks.c.job_id == jobs.c.id, _IS_OPEN)
_IS_PENDING: Final = jobs.c.status == PENDING
_STANDING: Final = select(jobs.c.status, jobs.c.reason).where(jobs.c.id == bindparam("job_id"))
_JOB: Final = select(jobs).where(jobs.c.id == bindparam("job_id"), _IS_PENDING)
_LOCKED: Final = select(jobs.c.id).where(jobs.c.id == bindparam("job_id"), _IS_PENDING).with_for_update()
_TASKS: Final = (
    select(tasks.c.agent_id, tasks.c.role).where(tasks.c.job_id == bindparam("job_id")).order_by(tasks.c.place)
)
_PENDING: Final = select(jobs.c.id).where(_IS_PENDING).order_by(jobs.c.accepted_at, jobs.c.id)
_COUNT: Final = select(func.count()).select_from(jobs).where(_IS_PENDING)
_OPEN_LEFT: Final = select(func.count()).where(tasks.c.job_id == bindparam("job_id"), _IS_OPEN)
_TASK: Final = select(tasks.c.fence, tasks.c.contribution.is_not(None)).where(
    tasks.c.job_id == bindparam("job_id"), tasks.c.agent_id == bindparam("agent_id")
)
_CONTRIBUTIONS: Final = select(tasks.c.agent_id, tasks.c.contribution).where(
    tasks.c.job_id == bindparam("job_id"), tasks.c.contribution.is_not(None), tasks.c.contribution != _GIVEN_UP
)


def write_job(connection: Connection, job: Job) -> bool:
    """Insert a job with its tasks; return False when it is there already."""
    accepted = to_micros(job.accepted_at)
    timeout_us = round(job.timeout_s * 1_000_000)
    deadline = accepted + timeout_us if job.is_awaited else None
    row = (job.id, job.symbol, PENDING, None, job.file, accepted, timeout_us, job.is_awaited, deadline, job.key)
    if not insert_if_free(connection, jobs, row):
        return False
    rows = [_row_of(job, place, accepted) for place in range(len(job.tasks))]
    if rows:
        connection.execute(insert(tasks), rows)
    return True


def _row_of(job: Job, place: int, accepted: int) -> dict[str, Any]:
    task = job.tasks[place]
    return {
        "job_id": job.id,
        "agent_id": task.agent_id,
        "place": place,
        "role": task.role,
        "fence": 0,
        "lease_until": accepted + WAITED_FOR_US,
    }


def is_key_taken(connection: Connection, job: Job) -> bool:
    """Whether another job that is pending has the key of this one."""
    if job.key is None:
        return False
    return bool(connection.execute(select(exists().where(jobs.c.key == job.key, jobs.c.id != job.id))).scalar())


def read_job(connection: Connection, job_id: str) -> Job | None:
    """Return a pending job, or None."""
    row = connection.execute(_JOB, {"job_id": job_id}).first()
    if row is None:
        return None
    owed = tuple(Task(*each) for each in connection.execute(_TASKS, {"job_id": job_id}))
    return Job(
        row.id,
        row.symbol,
        owed,
        row.file,
        from_micros(row.accepted_at),
        row.timeout_us / 1_000_000,
        row.is_awaited,
        _moment(row.deadline_at),
        row.key,
    )


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def standing(connection: Connection, job_id: str) -> Standing | None:
    """Return where a job stands that is not complete."""
    row = connection.execute(_STANDING, {"job_id": job_id}).first()
    return None if row is None else Standing(*row)


def pending(connection: Connection, limit: int) -> tuple[str, ...]:
    """Return pending jobs, oldest first."""
    return tuple(connection.execute(_PENDING.limit(limit)).scalars())


def count_pending(connection: Connection) -> int:
    """Return how many jobs are pending."""
    return int(connection.execute(_COUNT).scalar_one())


def claim(connection: Connection, job_id: str, agents: Sequence[str], lease: Lease) -> Claimed:
    """Take open tasks that nobody holds."""
    now = to_micros(lease.now)
    is_free = or_(tasks.c.owner.is_(None), tasks.c.owner == lease.owner, tasks.c.lease_until < now)
    taking = (
        update(tasks)
        .where(tasks.c.job_id == job_id, tasks.c.agent_id.in_(agents), _IS_OPEN, is_free)
        .values(fence=tasks.c.fence + 1, owner=lease.owner, lease_until=to_micros(lease.until))
        .returning(tasks.c.agent_id, tasks.c.fence)
    )
    if connection.execute(_LOCKED, {"job_id": job_id}).first() is None:
        return Claimed()
    taken = tuple(Claim(job_id, *row) for row in connection.execute(taking))
    return Claimed(taken, _started(connection, job_id, now)) if taken else Claimed()


def _started(connection: Connection, job_id: str, now: int) -> datetime:
    """Start the clock of a job unless it runs; return when the time is over."""
    starting = (
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(deadline_at=func.coalesce(jobs.c.deadline_at, literal(now) + jobs.c.timeout_us))
        .returning(jobs.c.deadline_at)
    )
    return from_micros(connection.execute(starting).scalar_one())


def renew(connection: Connection, claims: Sequence[Claim], lease: Lease) -> tuple[Claim, ...]:
    """Hold on to tasks; return those that are still held."""
    until = to_micros(lease.until)
    return tuple(each for each in claims if connection.execute(_held(each).values(lease_until=until)).rowcount)


def release(connection: Connection, claims: Sequence[Claim], now: datetime) -> None:
    """Give tasks back; who looks for late ones finds them at once."""
    for each in claims:
        connection.execute(_held(each).values(owner=None, lease_until=to_micros(now) - 1))


def _held(held: Claim) -> Update:
    return update(tasks).where(
        tasks.c.job_id == held.job_id,
        tasks.c.agent_id == held.agent_id,
        tasks.c.fence == held.fence,
        tasks.c.owner.is_not(None),
        tasks.c.contribution.is_(None),
    )


def deliver(connection: Connection, held: Claim, contribution: bytes) -> int | None:
    """Store what came of a task; the lock on its job lets one deliverer at a time count what is left."""
    at = {"job_id": held.job_id, "agent_id": held.agent_id}
    if connection.execute(_LOCKED, {"job_id": held.job_id}).first() is None:
        return None
    row = connection.execute(_TASK, at).first()
    if row is None or row.fence != held.fence:
        return None
    if not row[1] and not connection.execute(_held(held).values(contribution=contribution, owner=None)).rowcount:
        return None
    return int(connection.execute(_OPEN_LEFT, {"job_id": held.job_id}).scalar_one())


def contributions(connection: Connection, job_id: str) -> dict[str, bytes]:
    """Return what was delivered, by agent."""
    rows = connection.execute(_CONTRIBUTIONS, {"job_id": job_id})
    return {row.agent_id: row.contribution for row in rows}


def ripe(connection: Connection, now: datetime, limit: int) -> tuple[str, ...]:
    """Return pending jobs that wait for nobody any more."""
    is_over = jobs.c.deadline_at < to_micros(now)
    query = _PENDING.where(or_(is_over, ~_HAS_OPEN)).limit(limit)
    return tuple(connection.execute(query).scalars())


def hand_out_again(connection: Connection, lease: Lease, limit: int) -> tuple[Errand, ...]:
    """Free open tasks whose time with nobody or somebody is over; those given out too often are given up."""
    again: dict[tuple[str, str], list[Task]] = {}
    for row in connection.execute(_late(to_micros(lease.now), limit)).all():
        if row.fence >= MOST_TRIES:
            _set(connection, row.job_id, [row.agent_id], contribution=_GIVEN_UP, owner=None)
            continue
        again.setdefault((row.job_id, row.symbol), []).append(Task(row.agent_id, row.role))
    for (job_id, _), late in again.items():
        _set(connection, job_id, [task.agent_id for task in late], owner=None, lease_until=to_micros(lease.until))
        connection.execute(update(jobs).where(jobs.c.id == job_id, ~jobs.c.is_awaited).values(deadline_at=None))
    return tuple(errand for (job_id, symbol), late in again.items() for errand in errands_of(job_id, symbol, late))


def _late(now: int, limit: int) -> Select[Any]:
    return (
        select(tasks.c.job_id, tasks.c.agent_id, tasks.c.role, tasks.c.fence, jobs.c.symbol)
        .join(jobs, tasks.c.job_id == jobs.c.id)
        .where(_IS_PENDING, _IS_OPEN, tasks.c.lease_until < now)
        .order_by(tasks.c.lease_until, tasks.c.job_id, tasks.c.place)
        .limit(limit)
        .with_for_update(of=tasks, skip_locked=True)
    )


def _set(connection: Connection, job_id: str, agents: Sequence[str], **values: object) -> None:
    connection.execute(update(tasks).where(tasks.c.job_id == job_id, tasks.c.agent_id.in_(agents)).values(values))


def end(connection: Connection, job_id: str, how: Standing) -> bool:
    """End a pending job without a decision; what it was made of is let go."""
    ended = {"status": how.status, "reason": how.reason, "file": b"", "key": None}
    if not connection.execute(update(jobs).where(jobs.c.id == job_id, _IS_PENDING).values(ended)).rowcount:
        return False
    connection.execute(delete(tasks).where(tasks.c.job_id == job_id))
    return True


def complete(connection: Connection, job_id: str) -> bool:
    """Remove a job whose decision is being stored; return False when it was not pending."""
    connection.execute(delete(tasks).where(tasks.c.job_id == job_id))
    return bool(connection.execute(delete(jobs).where(jobs.c.id == job_id, _IS_PENDING)).rowcount)
