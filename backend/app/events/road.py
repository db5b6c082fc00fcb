"""The one road to a decision: question, panel, consensus, record, events."""

from dataclasses import replace

import structlog

from app.domain.decisions import SealedRecord
from app.domain.errors import OverloadedError
from app.domain.identifiers import new_id
from app.domain.questions import Question
from app.events.asking import Asking
from app.events.conclusion import Conclusion, Hearing
from app.events.early_close import EarlyClose
from app.events.intake import Case
from app.ports.clock import Clock
from app.ports.panel import Sitting
from app.ports.seating import Seating, Seats


class Road:
    """Leads a question to its stored decision, all in this process.

    Args:
        most_at_once: how many may be on their way; more are refused before anything is done for them.
    """

    def __init__(
        self, asking: Asking, conclusion: Conclusion, clock: Clock, seating: Seating, most_at_once: int
    ) -> None:
        self._most_at_once = most_at_once
        self._under_way = 0
        self._asking = asking
        self._conclusion = conclusion
        self._clock = clock
        self._seating = seating

    async def walk(self, question: Question) -> SealedRecord:
        """Return the decision once it is stored with its evidence; see `MultiAgentCoordinator.decide`."""
        if self._under_way >= self._most_at_once:
            raise OverloadedError(f"{self._most_at_once} decisions are being made; ask again shortly.")
        self._under_way += 1
        try:
            return await self._walk(question)
        finally:
            self._under_way -= 1

    async def _walk(self, question: Question) -> SealedRecord:
        question = with_correlation(question)
        with structlog.contextvars.bound_contextvars(correlation_id=question.correlation_id):
            case, seats = await self._asking.open(question)
            sitting = await self._sitting(case)
            try:
                return await self._decided(case, seats, sitting)
            except BaseException:
                await self._asking.keep_what_was_paid(sitting.decision_id, sitting.model_calls, sitting.exchanges)
                raise

    async def _sitting(self, case: Case) -> Sitting:
        return Sitting(
            decision_id=case.question.decision_id,
            is_settled=EarlyClose(case, self._seating) if case.config.early_close else None,
            tool_policy=await self._asking.tool_policy(),
        )

    async def _decided(self, case: Case, seats: Seats, sitting: Sitting) -> SealedRecord:
        asked_at, started = self._clock.now(), self._clock.monotonic()
        panel = await self._asking.ask(case, sitting, case.question.timeout_s)
        took_ms = (self._clock.monotonic() - started) * 1_000
        models = self._asking.models(case.seats)
        return await self._conclusion.conclude(
            Hearing(case, panel, sitting, seats.resolved, models, asked_at=asked_at, took_ms=took_ms)
        )


def with_correlation(question: Question) -> Question:
    """Return a question that can be followed through every log line."""
    return question if question.correlation_id else replace(question, correlation_id=new_id())
