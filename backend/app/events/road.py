"""The one road to a decision: question, panel, consensus, record, events."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, TypeVar

import structlog

from app.consensus.engine import decide
from app.domain.decisions import DecisionDraft, SealedRecord
from app.domain.errors import AgentSystemError
from app.domain.events import Event
from app.domain.identifiers import new_id
from app.domain.questions import Question
from app.domain.tool_policies import DEFAULT, ToolPolicy
from app.domain.votes import engine_vote
from app.events import announcements
from app.events import evidence as evidence_file
from app.events.agent_event_bus import AgentEventBus
from app.events.announcer import Announcer
from app.events.early_close import EarlyClose
from app.events.intake import Case, open_case
from app.events.lineage_memory import LineageMemory
from app.events.record import Asked, Timing, compose, seal
from app.events.thinking_aloud import ThinkingAloud
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.panel import Panel, PanelResult, Sitting
from app.ports.seating import Seating, Seats

log = structlog.get_logger(__name__)

T = TypeVar("T")

TRACK_RECORD: Final = "get_analyst_track_record"
DECISIONS_LOOKED_BACK: Final = 20


class Road:
    """Leads a question to its stored decision.

    Args:
        bus: models think aloud on it.
        announcer: tells the bus of what is stored.
        tool_policy: returns by which rules the next decision's tools are run; None is always the usual.
        thinks_aloud: whether models' words are published while somebody listens.
    """

    def __init__(
        self,
        panel: Panel,
        store: DecisionStore,
        bus: AgentEventBus,
        clock: Clock,
        seating: Seating,
        *,
        announcer: Announcer,
        tool_policy: Callable[[], Awaitable[ToolPolicy]] | None = None,
        thinks_aloud: bool = True,
    ) -> None:
        self._panel = panel
        self._store = store
        self._bus = bus
        self._clock = clock
        self._seating = seating
        self._announcer = announcer
        self._lineages = LineageMemory(store)
        self._tool_policy = tool_policy or _usual_policy
        self._thinks_aloud = thinks_aloud

    async def walk(self, question: Question) -> SealedRecord:
        """Return the decision once it is stored with its evidence; see `MultiAgentCoordinator.decide`."""
        question = question if question.correlation_id else replace(question, correlation_id=new_id())
        with structlog.contextvars.bound_contextvars(correlation_id=question.correlation_id):
            seats = await self._seating.seats()
            case = await self._with_past_votes(open_case(question, seats.analysts, seats.flags))
            sitting = await self._sitting(case)
            try:
                return await self._decided(case, seats, sitting)
            except BaseException:
                await _to_its_end(self._keep_what_was_paid(sitting))
                raise
            finally:
                self._seating.finished(question.decision_id)

    async def _with_past_votes(self, case: Case) -> Case:
        """Let the panel see its earlier votes on this symbol, if anybody may look; simulated bars have no past."""
        if case.question.is_simulated or not any(TRACK_RECORD in analyst.tools for analyst in case.seats.values()):
            return case
        past = await self._store.past_votes(case.context.symbol, case.context.as_of, DECISIONS_LOOKED_BACK)
        return replace(case, context=replace(case.context, past_votes=past))

    async def _sitting(self, case: Case) -> Sitting:
        return Sitting(
            decision_id=case.question.decision_id,
            is_settled=EarlyClose(case, self._seating) if case.config.early_close else None,
            tool_policy=await self._tool_policy(),
        )

    async def _decided(self, case: Case, seats: Seats, sitting: Sitting) -> SealedRecord:
        asked_at, started = self._clock.now(), self._clock.monotonic()
        panel = await self._ask(case, sitting)
        votes, calls = [vote.as_dict() for vote in panel.votes], [call.as_dict() for call in panel.tool_calls]
        config, lineages = await self._lineages.weigh(votes, case.config)
        case, asked = replace(case, config=config), Asked(seats.resolved, self._models(case), lineages, sitting)
        result = decide([engine_vote(vote) for vote in votes], config)
        evidence = evidence_file.write(case, panel, votes, calls, asked)
        at = Timing(self._clock.now(), (self._clock.monotonic() - started) * 1_000)
        record = compose(case, panel, votes, result, evidence=evidence, at=at, asked=asked)
        told = (
            announcements.requested(case, asked_at),
            *announcements.of_panel(case, panel, votes, calls),
            announcements.reached(record, at.created_at),
        )
        sealed = await _to_its_end(
            self._commit(_draft(case, record, at, evidence=evidence, told=told, sitting=sitting))
        )
        self._lineages.remember(votes)
        return sealed

    async def _ask(self, case: Case, sitting: Sitting) -> PanelResult:
        """Hold the panel; where models sit and somebody listens, they think aloud."""
        context, timeout_s = case.context, case.question.timeout_s
        aloud = ThinkingAloud(self._bus, self._clock, case.seats, context.symbol, sitting.decision_id)
        if not (self._thinks_aloud and self._models(case) and aloud.is_heard):
            return await self._panel.run(context, case.seats, timeout_s, sitting)
        async with aloud as think:
            return await self._panel.run(context, case.seats, timeout_s, replace(sitting, think=think))

    async def _keep_what_was_paid(self, sitting: Sitting) -> None:
        """Write down what models were asked for a decision that came to nothing."""
        try:
            await self._store.append_model_calls(sitting.decision_id, sitting.model_calls, sitting.exchanges)
        except AgentSystemError as error:
            log.warning("model calls not kept", decision_id=sitting.decision_id, error=error.public)

    def _models(self, case: Case) -> dict[str, Any]:
        told = {agent: self._seating.described(analyst) for agent, analyst in case.seats.items()}
        return {agent: described for agent, described in told.items() if described is not None}

    async def _commit(self, draft: DecisionDraft) -> SealedRecord:
        committed = await self._store.append(draft)
        await self._announcer.announce(committed.events)
        record = committed.record
        log.info("decision made", symbol=record.symbol, decision_id=record.decision_id, sequence=record.sequence)
        return record


def _draft(
    case: Case, record: dict[str, Any], at: Timing, *, evidence: bytes, told: tuple[Event, ...], sitting: Sitting
) -> DecisionDraft:
    return DecisionDraft(
        symbol=case.context.symbol,
        seal=lambda head: seal(record, at.created_at, head),
        evidence=evidence,
        bars=case.context.bars,
        events=announcements.as_simulated(told) if case.question.is_simulated else told,
        keyed=case.question.keyed,
        as_of=None if case.question.is_simulated else case.context.as_of,
        model_calls=tuple(sitting.model_calls),
        exchanges=tuple(sitting.exchanges),
    )


async def _usual_policy() -> ToolPolicy:
    return DEFAULT


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` even when the caller is cancelled: a commit under way is completed and told, never abandoned."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()
