"""Accepted jobs as rows, from the acceptance to the end.

Whoever changes a job or its tasks locks the row of the job first: so one at a time counts what is left, and nobody who
holds a task waits for somebody who holds its job.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, BindParameter, Connection, bindparam, delete, exists, func, or_, select, update

from app.domain.errors import StillRunningError
from app.domain.jobs import PENDING, WAITS_FOR, Job, Standing, Task
from app.domain.times import from_micros, to_micros
from app.storage.prepared import Values, insert_rows
from app.storage.refusals import KEY_TAKEN, STILL_RUNNING
from app.storage.tables import decisions, idempotency_keys, jobs, tasks

_SECOND: Final = 1_000_000
_ID: Final[BindParameter[Any]] = bindparam("job_id")
_IS_PENDING: Final = jobs.c.status == PENDING
_HAS_OPEN: Final = exists().where(tasks.c.job_id == jobs.c.id, tasks.c.contribution.is_(None))
_KNOWN: Final = select(or_(exists().where(jobs.c.id == _ID), exists().where(decisions.c.id == _ID)))
_STANDING: Final = select(jobs.c.status, jobs.c.reason).where(jobs.c.id == _ID)
_JOB: Final = select(jobs).where(jobs.c.id == _ID, _IS_PENDING)
_LOCKED: Final = select(jobs.c.deadline_at).where(jobs.c.id == _ID, _IS_PENDING).with_for_update()
_TASKS: Final = select(tasks.c.agent_id, tasks.c.role).where(tasks.c.job_id == _ID).order_by(tasks.c.place)
_PENDING: Final = select(jobs.c.id).where(_IS_PENDING).order_by(jobs.c.accepted_at, jobs.c.id)
_COUNT: Final = select(func.count()).select_from(jobs).where(_IS_PENDING)
_THIS: Final = jobs.c.id == bindparam("this")
_START_CLOCK: Final = (
    update(jobs)
    .where(_THIS)
    .values(deadline_at=bindparam("now", type_=BigInteger) + jobs.c.timeout_us)
    .returning(jobs.c.deadline_at)
)
_COMPLETE: Final = delete(jobs).where(_THIS, _IS_PENDING)


def is_known(connection: Connection, job_id: str) -> bool:
    """Whether a job was accepted, whatever became of it."""
    return bool(connection.execute(_KNOWN, {"job_id": job_id}).scalar())


def refuse_taken(connection: Connection, keys: Collection[str]) -> None:
    """Do nothing where these keys are free.

    Raises:
        StillRunningError: a pending job has one of them, or an answer is kept under it.
    """
    running, answered = exists().where(jobs.c.key.in_(keys)), exists().where(idempotency_keys.c.key.in_(keys))
    is_running, is_answered = connection.execute(select(running, answered)).one() if keys else (False, False)
    if is_running or is_answered:
        raise StillRunningError(STILL_RUNNING if is_running else KEY_TAKEN)


def write_job(connection: Connection, job: Job) -> None:
    """Insert a job with its tasks."""
    accepted, timeout = to_micros(job.accepted_at), round(job.timeout_s * _SECOND)
    deadline = accepted + timeout if job.is_awaited else None
    row = (job.id, job.symbol, PENDING, None, job.file, accepted, timeout, job.is_awaited, deadline, job.key)
    insert_rows(connection, jobs, [row])
    until = to_micros(job.accepted_at + WAITS_FOR)
    insert_rows(connection, tasks, [_row_of(job.id, *each, until) for each in enumerate(job.tasks)])


def _row_of(job_id: str, place: int, task: Task, until: int) -> Values:
    return job_id, task.agent_id, place, task.role, 0, None, until, None


def read_job(connection: Connection, job_id: str) -> Job | None:
    """Return a pending job, or None."""
    row = connection.execute(_JOB, {"job_id": job_id}).first()
    if row is None:
        return None
    owed = tuple(Task(*each) for each in connection.execute(_TASKS, {"job_id": job_id}))
    accepted, deadline = from_micros(row.accepted_at), None if row.deadline_at is None else from_micros(row.deadline_at)
    return Job(
        row.id, row.symbol, owed, row.file, accepted, row.timeout_us / _SECOND, row.is_awaited, deadline, row.key
    )


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


def ripe(connection: Connection, now: datetime, limit: int) -> tuple[str, ...]:
    """Return pending jobs that wait for nobody any more, oldest first."""
    is_over = jobs.c.deadline_at < to_micros(now)
    return tuple(connection.execute(_PENDING.where(or_(is_over, ~_HAS_OPEN)).limit(limit)).scalars())


def lock(connection: Connection, job_id: str) -> bool:
    """Keep everybody else from changing a job until the transaction ends; return False when it is not pending."""
    return connection.execute(_LOCKED, {"job_id": job_id}).first() is not None


def lock_clock(connection: Connection, job_id: str) -> tuple[bool, int | None]:
    """Lock a job as `lock` does; return whether it is pending, and when its time is over if that has begun."""
    row = connection.execute(_LOCKED, {"job_id": job_id}).first()
    return (False, None) if row is None else (True, row.deadline_at)


def start_clock(connection: Connection, job_id: str, now: int) -> int:
    """Let the time of a job begin; return when it is over."""
    return int(connection.execute(_START_CLOCK, {"this": job_id, "now": now}).scalar_one())


def stop_clock(connection: Connection, job_id: str) -> None:
    """Let the time of a job begin anew with the next task that is taken, unless somebody waits for the answer."""
    connection.execute(update(jobs).where(jobs.c.id == job_id, ~jobs.c.is_awaited).values(deadline_at=None))


def end(connection: Connection, job_id: str, how: Standing) -> bool:
    """End a pending job without a decision, letting go of what it was made of; return False when it was not pending."""
    ended = {"status": how.status, "reason": how.reason, "file": b"", "key": None}
    if not connection.execute(update(jobs).where(jobs.c.id == job_id, _IS_PENDING).values(ended)).rowcount:
        return False
    connection.execute(delete(tasks).where(tasks.c.job_id == job_id))
    return True


def complete(connection: Connection, job_id: str) -> bool:
    """Remove a job, and with it its tasks, whose decision is being stored; return False when it was not pending."""
    return bool(connection.execute(_COMPLETE, {"this": job_id}).rowcount)
