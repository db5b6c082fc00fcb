"""A decision that was accepted and is still to be made, and what each analyst owes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

PENDING: Final = "pending"
COMPLETE: Final = "complete"
CANCELLED: Final = "cancelled"
FAILED: Final = "failed"

MOST_TRIES: Final = 5
"""How often a task is given out; one whose workers died that often is not waited for any more."""

WAITS_FOR: Final = timedelta(seconds=60)
"""How long a new task may wait to be taken before it is handed out again."""

GIVEN_UP: Final = b""
"""Stands where the contribution of a task would be that is not waited for any more."""


@dataclass(frozen=True, slots=True)
class Task:
    """One agent's part in a job."""

    agent_id: str
    role: str


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What has to be known to make an accepted decision, in whatever process.

    Args:
        id: the decision's id.
        file: the case as it was opened: context, panel, rules of the count.
        timeout_s: seconds for the whole panel.
        is_awaited: somebody waits for the answer, so the time runs from the acceptance; else from the first task taken.
        deadline: when the panel's time is over; None while it has not begun.
        key: the Idempotency-Key that is settled with the decision; two pending jobs never have the same.
    """

    id: str
    symbol: str
    tasks: tuple[Task, ...]
    file: bytes
    accepted_at: datetime
    timeout_s: float
    is_awaited: bool = False
    deadline: datetime | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """Until when a process may work on what it takes, unless it renews.

    Args:
        owner: the process; one that comes again gets its own tasks again.
        now: of the taker's clock.
    """

    owner: str
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A task in somebody's hands.

    Args:
        fence: rises each time the task is taken; what comes in with an older one is refused.
    """

    job_id: str
    agent_id: str
    fence: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was taken, and when the panel's time is over."""

    claims: tuple[Claim, ...] = ()
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an accepted job stands: `pending`, `cancelled` or `failed`; one that is complete is a decision."""

    status: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """Tasks of one job for one role, to be given out together."""

    job_id: str
    symbol: str
    role: str
    agents: tuple[str, ...]


def errands_of(job_id: str, symbol: str, tasks: Sequence[Task]) -> tuple[Errand, ...]:
    """Return tasks of a job by role, in the order of the panel."""
    roles = dict.fromkeys(task.role for task in tasks)
    return tuple(
        Errand(job_id, symbol, role, tuple(task.agent_id for task in tasks if task.role == role)) for role in roles
    )
