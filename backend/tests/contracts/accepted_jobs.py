"""Builders: jobs, leases, letters, and steps in the life of a job that a test does not dwell on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.domain.decisions import DecisionDraft, KeyedAnswer
from app.domain.jobs import CANCELLED, MOST_TRIES, Claim, Errand, Job, Lease, Standing, Task
from app.domain.letters import Letter
from app.ports.work_store import WorkStore

from .decision_drafts import NOW, a_draft, a_step

ROLES = ("market_analyst", "technical_analyst", "risk_advisor")
AGENTS = tuple(f"{role}_AAPL" for role in ROLES)
STOPPED = Standing(CANCELLED, "a client asked for it")


def at(seconds: float) -> datetime:
    """An instant after NOW."""
    return NOW + timedelta(seconds=seconds)


def a_job(job_id: str = "j1", *, roles: Sequence[str] = ROLES, after: float = 0, **others: object) -> Job:
    """A job accepted `after` seconds, with 30 for its panel."""
    tasks = tuple(Task(f"{role}_AAPL", role) for role in roles)
    job = Job(job_id, "AAPL", tasks, b"the case of " + job_id.encode(), at(after), timeout_s=30.0)
    return replace(job, **others)  # type: ignore[arg-type]


def a_lease(owner: str = "one", after: float = 1, lasts: float = 10) -> Lease:
    return Lease(owner, at(after), at(after + lasts))


def a_letter(message_id: str = "m1", queue: str | None = "analysts", **others: object) -> Letter:
    letter = Letter("AgentTask", "task.AAPL", message_id, "c1", b'{"told": "' + message_id.encode() + b'"}', queue)
    return replace(letter, **others)  # type: ignore[arg-type]


def a_letter_of(errand: Errand) -> Letter:
    return a_letter(f"{errand.job_id}-{errand.role}")


def a_decision_of(job_id: str = "j1", keyed: KeyedAnswer | None = None) -> DecisionDraft:
    """The draft that completes a job."""
    return replace(a_draft(job_id, events=[a_step()], keyed=keyed), job=job_id)


async def taken(work: WorkStore, job_id: str = "j1", owner: str = "one", after: float = 1) -> tuple[Claim, ...]:
    """Accept a job and give all its tasks to one owner."""
    await work.accept(a_job(job_id))
    return (await work.claim(job_id, AGENTS, a_lease(owner, after))).claims


async def worn_out(work: WorkStore, job_id: str = "j1") -> tuple[Claim, ...]:
    """Accept a job that every owner dies of; return the last claims that were held."""
    await work.accept(a_job(job_id))
    for attempt in range(MOST_TRIES):
        last = (await work.claim(job_id, AGENTS, a_lease(f"owner {attempt}", 100 * attempt))).claims
        if attempt + 1 < MOST_TRIES:
            assert await work.hand_out_again(a_lease(after=100 * attempt + 50), 10)
    return last
