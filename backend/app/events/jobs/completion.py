"""Completes a job: whoever has the last vote, or finds that time is over, makes the decision."""

from collections.abc import Callable, Mapping

import structlog

from app.domain.decisions import SealedRecord
from app.domain.errors import ConflictError
from app.domain.jobs import Job
from app.events.conclusion import Conclusion, Hearing
from app.events.jobs import case_file, contributions
from app.events.jobs.case_file import CaseFile
from app.events.jobs.contributions import Contribution, panel_of
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.panel import Failure, Sitting
from app.ports.seating import Seating
from app.ports.work_store import WorkStore

log = structlog.get_logger(__name__)


class Completion:
    """Makes decisions of what was delivered; any process can, one of them does.

    Args:
        ended: told of each job that has ended, here or elsewhere.
    """

    def __init__(
        self,
        work: WorkStore,
        conclusion: Conclusion,
        clock: Clock,
        seating: Seating,
        ended: Callable[[str], None],
    ) -> None:
        self._work = work
        self._conclusion = conclusion
        self._clock = clock
        self._seating = seating
        self._ended = ended

    async def complete(self, job_id: str, *, is_settled: bool = False) -> SealedRecord | None:
        """Decide with what is there; None when the job has ended already.

        Args:
            is_settled: who is missing could not change the decision any more.

        Raises:
            StoreUnavailableError: it could not be stored; the job is pending still.
            ConflictError: it never can be, because its Idempotency-Key has another answer; the job is pending still.
        """
        job = await self._work.job(job_id)
        if job is None:
            self._ended(job_id)
            return None
        heard = await self._heard(job, is_settled)
        with structlog.contextvars.bound_contextvars(correlation_id=heard.case.question.correlation_id):
            try:
                record = await self._conclusion.conclude(heard)
            except ConflictError:
                if await self._work.job(job_id) is not None:
                    raise
                log.info("decided elsewhere", decision_id=job_id)
                record = None
        self._ended(job_id)
        return record

    async def _heard(self, job: Job, is_settled: bool) -> Hearing:
        file = case_file.read(job)
        parts = {agent: contributions.read(part) for agent, part in (await self._work.contributions(job.id)).items()}
        in_order = [parts[agent] for agent in file.seats if agent in parts]
        missing = [_failure(agent, job, is_settled) for agent in file.seats if agent not in parts]
        models = _models(file, parts)
        now = self._clock.now()
        return Hearing(
            file.with_seats(self._seats(file, models)),
            panel_of(in_order, missing),
            _sitting(job, file, in_order),
            file.resolved,
            models,
            asked_at=job.accepted_at,
            took_ms=(now - job.accepted_at).total_seconds() * 1_000,
            job=job.id,
        )

    def _seats(self, file: CaseFile, models: Mapping[str, Mapping[str, object]]) -> dict[str, Analyst]:
        """Seat everybody as they sat, to be named: nobody is asked here."""
        found = {agent: self._seat(agent, file, models.get(agent)) for agent in file.seats}
        return {agent: analyst for agent, analyst in found.items() if analyst is not None}

    def _seat(self, agent: str, file: CaseFile, described: Mapping[str, object] | None) -> Analyst | None:
        role, _ = file.seats[agent]
        return self._seating.restored(described) if described is not None else self._seating.rules.get(role)


def _models(file: CaseFile, parts: Mapping[str, Contribution]) -> dict[str, Mapping[str, object]]:
    """Return which models sat, by agent: as those who asked them say, else as was settled at the acceptance."""
    told = {agent: parts[agent].model if agent in parts else described for agent, (_, described) in file.seats.items()}
    return {agent: described for agent, described in told.items() if described is not None}


def _sitting(job: Job, file: CaseFile, parts: list[Contribution]) -> Sitting:
    return Sitting(
        decision_id=job.id,
        tool_policy=file.tool_policy,
        model_calls=[call for part in parts for call in part.model_calls],
        exchanges=[exchange for part in parts for exchange in part.exchanges],
    )


def _failure(agent: str, job: Job, is_settled: bool) -> Failure:
    if is_settled:
        return Failure(agent, "closed_early", "the decision could no longer change")
    return Failure(agent, "timeout", f"no answer within {job.timeout_s:g} s")
