"""Accepted jobs in memory: who has which task, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.domain.jobs import (
    GIVEN_UP,
    MOST_TRIES,
    PENDING,
    WAITS_FOR,
    Claim,
    Claimed,
    Errand,
    Job,
    Lease,
    Standing,
    Task,
    errands_of,
)


@dataclass(slots=True, eq=False)
class KeptTask:
    """A task as it stands; `until` is when its time with nobody or somebody is over."""

    task: Task
    until: datetime
    fence: int = 0
    owner: str | None = None
    contribution: bytes | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is waited for."""
        return self.contribution is None

    def is_free_for(self, lease: Lease) -> bool:
        """Whether the owner of a lease may take it."""
        return self.is_open and (self.owner in (None, lease.owner) or self.until < lease.now)

    def take(self, lease: Lease) -> None:
        """Put it into the hands of an owner."""
        self.fence, self.owner, self.until = self.fence + 1, lease.owner, lease.until

    def free(self, until: datetime) -> None:
        """Take it out of the hands that hold it."""
        self.owner, self.until = None, until

    def settle(self, contribution: bytes) -> None:
        """Wait for it no longer."""
        self.owner, self.contribution = None, contribution


@dataclass(slots=True, eq=False)
class KeptJob:
    """A job as it stands."""

    job: Job
    tasks: dict[str, KeptTask] = field(init=False)
    standing: Standing = field(default_factory=lambda: Standing(PENDING))

    def __post_init__(self) -> None:
        accepted = self.job.accepted_at
        self.tasks = {task.agent_id: KeptTask(task, accepted + WAITS_FOR) for task in self.job.tasks}
        if self.job.is_awaited:
            self._start_clock(accepted)

    @property
    def is_pending(self) -> bool:
        """Whether it is still to be decided."""
        return self.standing.status == PENDING

    @property
    def open_tasks(self) -> list[KeptTask]:
        """Those that are waited for, in the order of the panel."""
        return [task for task in self.tasks.values() if task.is_open]

    def is_ripe(self, now: datetime) -> bool:
        """Whether nothing is waited for, or time is over."""
        return not self.open_tasks or (self.job.deadline is not None and self.job.deadline < now)

    def claim(self, agents: Sequence[str], lease: Lease) -> Claimed:
        """See `WorkStore.claim`."""
        taken = [task for agent, task in self.tasks.items() if agent in agents and task.is_free_for(lease)]
        for task in taken:
            task.take(lease)
        if taken:
            self._start_clock(lease.now)
        claims = tuple(Claim(self.job.id, task.task.agent_id, task.fence) for task in taken)
        return Claimed(claims, self.job.deadline if claims else None)

    def held(self, claim: Claim) -> KeptTask | None:
        """Return the task of a claim if it is in those hands and open."""
        task = self.tasks.get(claim.agent_id)
        return task if task and task.owner is not None and task.fence == claim.fence else None

    def deliver(self, claim: Claim, contribution: bytes) -> int | None:
        """See `WorkStore.deliver`."""
        task = self.tasks.get(claim.agent_id)
        if task is None or task.fence != claim.fence or (task.is_open and task.owner is None):
            return None
        if task.is_open:
            task.settle(contribution)
        return len(self.open_tasks)

    def hand_out_again(self, lease: Lease, limit: int) -> tuple[int, tuple[Errand, ...]]:
        """Free at most `limit` late tasks; return how many were late, and those that are to be given out."""
        late = [task for task in self.open_tasks if task.until < lease.now][:limit]
        for task in late:
            task.free(lease.until)
        again = [task for task in late if task.fence < MOST_TRIES]
        for task in late:
            if task not in again:
                task.fence += 1
                task.settle(GIVEN_UP)
        if again and not self.job.is_awaited:
            self.job = replace(self.job, deadline=None)
        return len(late), errands_of(self.job.id, self.job.symbol, [task.task for task in again])

    def end(self, standing: Standing) -> None:
        """Wait for nothing any more, and let go of what it was made of."""
        self.standing, self.tasks, self.job = standing, {}, replace(self.job, file=b"", key=None)

    def _start_clock(self, now: datetime) -> None:
        deadline = self.job.deadline or now + timedelta(seconds=self.job.timeout_s)
        self.job = replace(self.job, deadline=deadline)
