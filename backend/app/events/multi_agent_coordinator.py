"""The one road to a decision: question, panel, consensus, record, events. Everybody else calls this."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Self, TypeVar

import orjson
import structlog

from app import plugins
from app.analysis.voting import analyse_voting
from app.consensus.engine import decide
from app.domain.decisions import DecisionDraft, SealedRecord
from app.domain.errors import ConflictError, NotFoundError
from app.domain.events import Event
from app.domain.identifiers import new_id
from app.domain.questions import Question
from app.domain.tool_policies import DEFAULT, ToolPolicy
from app.domain.votes import engine_vote
from app.events import announcements
from app.events import evidence as evidence_file
from app.events.agent_event_bus import AgentEventBus
from app.events.consensus_requests import ConsensusRequests, ConsensusStatus
from app.events.early_close import EarlyClose
from app.events.intake import Case, open_case
from app.events.lineage_memory import LineageMemory
from app.events.record import Asked, Timing, compose, seal
from app.events.replay import Replay, replay
from app.events.rules_seating import RulesSeating
from app.events.thinking_aloud import ThinkingAloud
from app.events.verification import Verification, verify
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.panel import Panel, PanelResult, Sitting
from app.ports.seating import Seating, Seats

log = structlog.get_logger(__name__)

T = TypeVar("T")

TRACK_RECORD: Final = "get_analyst_track_record"
MOST_PAST_VOTES: Final = 100


class MultiAgentCoordinator:
    """Walks each question down the road; keeps requests that run in the background.

    `async with MultiAgentCoordinator() as coordinator` cancels what is pending when the block ends.
    """

    def __init__(
        self,
        panel: Panel | None = None,
        store: DecisionStore | None = None,
        bus: AgentEventBus | None = None,
        clock: Clock | None = None,
        analysts: Mapping[str, Analyst] | None = None,
        *,
        seating: Seating | None = None,
        tool_policy: Callable[[], Awaitable[ToolPolicy]] | None = None,
        thinks_aloud: bool = True,
    ) -> None:
        self._panel: Panel = panel or plugins.load("panel", "concurrent")()
        self._store: DecisionStore = store or plugins.load("decision_store", "memory")()
        self._bus = bus or AgentEventBus()
        self._clock: Clock = clock or plugins.load("clock", "system")()
        self._requests = ConsensusRequests()
        self._seating: Seating = seating or RulesSeating(analysts)
        self._lineages = LineageMemory(self._store)
        self._tool_policy = tool_policy or _default_policy
        self._thinks_aloud = thinks_aloud

    @property
    def analysts(self) -> Mapping[str, Analyst]:
        """The analysts that follow their rules, by role: those handed in, else those of the plugin table."""
        return self._seating.rules

    async def seats(self) -> Seats:
        """Everybody who can be asked now, models among them, by seat."""
        return await self._seating.seats()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancel every pending request and wait for it."""
        await self._requests.close()

    async def decide(self, question: Question) -> SealedRecord:
        """Return the decision once it is stored with its evidence.

        Raises:
            InvalidInputError: the question cannot be used; nothing was stored.
            StoreUnavailableError: the decision could not be stored; it is not given out.
        """
        question = question if question.correlation_id else replace(question, correlation_id=new_id())
        with structlog.contextvars.bound_contextvars(correlation_id=question.correlation_id):
            seats = await self._seating.seats()
            case = await self._with_past_votes(open_case(question, seats.analysts, seats.flags))
            try:
                return await self._walk(case, seats)
            finally:
                self._seating.finished(question.decision_id)

    async def _with_past_votes(self, case: Case) -> Case:
        """Let the panel see its earlier votes on this symbol, if anybody may look at them."""
        if not any(TRACK_RECORD in analyst.tools for analyst in case.seats.values()):
            return case
        past = await self._store.past_votes(case.context.symbol, case.context.as_of, MOST_PAST_VOTES)
        return replace(case, context=replace(case.context, past_votes=past))

    async def _walk(self, case: Case, seats: Seats) -> SealedRecord:
        asked_at, started = self._clock.now(), self._clock.monotonic()
        sitting = Sitting(
            decision_id=case.question.decision_id,
            is_settled=EarlyClose(case, self._seating) if case.config.early_close else None,
            tool_policy=await self._tool_policy(),
        )
        panel = await self._ask(case, sitting)
        votes, calls = [vote.as_dict() for vote in panel.votes], [call.as_dict() for call in panel.tool_calls]
        config, lineages = await self._lineages.weigh(votes, case.config)
        case = replace(case, config=config)
        result = decide([engine_vote(vote) for vote in votes], config)
        asked = Asked(seats.resolved, self._models(case), lineages, sitting)
        evidence = evidence_file.write(case, panel, votes, asked)
        at = Timing(self._clock.now(), (self._clock.monotonic() - started) * 1_000)
        record = compose(case, panel, votes, result, evidence=evidence, at=at, asked=asked)
        told = (
            announcements.requested(case, asked_at),
            *announcements.of_panel(case, panel, votes, calls),
            announcements.reached(record, at.created_at),
        )
        draft = DecisionDraft(
            symbol=case.context.symbol,
            seal=lambda head: seal(record, at.created_at, head),
            evidence=evidence,
            bars=case.context.bars,
            events=told,
            keyed=case.question.keyed,
            as_of=case.context.as_of,
            model_calls=tuple(sitting.model_calls),
            exchanges=tuple(sitting.exchanges),
        )
        sealed = await _to_its_end(self._commit(draft))
        self._lineages.remember(votes)
        return sealed

    async def _ask(self, case: Case, sitting: Sitting) -> PanelResult:
        """Hold the panel; what models were paid for is kept even when nobody waits for the decision any more."""
        context, timeout_s = case.context, case.question.timeout_s
        aloud = ThinkingAloud(self._bus, self._clock, case.seats, context.symbol, sitting.decision_id)
        try:
            if not (self._thinks_aloud and aloud.is_heard):
                return await self._panel.run(context, case.seats, timeout_s, sitting)
            async with aloud as think:
                return await self._panel.run(context, case.seats, timeout_s, replace(sitting, think=think))
        except BaseException:
            await _to_its_end(
                self._store.append_model_calls(sitting.decision_id, sitting.model_calls, sitting.exchanges)
            )
            raise

    def _models(self, case: Case) -> dict[str, Any]:
        told = {agent: self._seating.described(analyst) for agent, analyst in case.seats.items()}
        return {agent: described for agent, described in told.items() if described is not None}

    async def _commit(self, draft: DecisionDraft) -> SealedRecord:
        committed = await self._store.append(draft)
        await self._bus.publish(*committed.events)
        record = committed.record
        log.info("decision made", symbol=record.symbol, decision_id=record.decision_id, sequence=record.sequence)
        return record

    async def check(self, question: Question) -> None:
        """Do nothing if the question can be used.

        Raises:
            InvalidInputError: it cannot; names what is wrong and the next step.
        """
        open_case(question, (await self._seating.seats()).analysts)

    async def request_consensus(self, question: Question) -> str:
        """Start deciding in the background; return the id, which becomes the decision's id.

        Raises:
            InvalidInputError: the question cannot be used.
            OverloadedError: too many requests are pending.
        """
        await self.check(question)
        self._requests.start(question.decision_id, self.decide(question))
        return question.decision_id

    async def consensus(self, consensus_id: str, timeout_s: float | None = 0) -> ConsensusStatus:
        """Return where a request stands, after waiting up to `timeout_s` for its end (None: as long as it takes).

        Raises:
            NotFoundError: there is no such request.
        """
        try:
            return await self._requests.wait(consensus_id, timeout_s)
        except NotFoundError:
            record = await self._store.get(consensus_id)
            if record is None:
                raise
            return ConsensusStatus(consensus_id, "complete", record)

    def pending_requests(self) -> tuple[str, ...]:
        """Return the ids of requests that have not ended, oldest first."""
        return self._requests.pending()

    async def cancel_consensus(self, consensus_id: str) -> ConsensusStatus:
        """Stop a request and tell the feed.

        Raises:
            NotFoundError: there is no such request.
            ConflictError: it is already complete.
        """
        known = await self.consensus(consensus_id)
        if known.status == "complete":
            raise ConflictError("The consensus request is already complete; it cannot be cancelled.")
        ended = await self._requests.cancel(consensus_id)
        event = announcements.cancelled(consensus_id, self._clock.now())
        await self._announce(event)
        return ended

    async def _announce(self, *events: Event) -> None:
        await self._bus.publish(*await self._store.append_events(events))

    async def record(self, decision_id: str) -> SealedRecord:
        """Return a stored decision.

        Raises:
            NotFoundError: there is none with that id.
        """
        record = await self._store.get(decision_id)
        if record is None:
            raise NotFoundError("There is no decision with this id.")
        return record

    async def replay(self, decision_id: str) -> Replay:
        """Make a stored decision again from its evidence and compare; see `events.replay`.

        Raises:
            NotFoundError: there is none with that id.
        """
        record = await self.record(decision_id)
        evidence = await self._store.evidence(decision_id)
        if evidence is None:
            raise NotFoundError("The evidence of this decision is gone; it cannot be made again.")
        return await replay(record, evidence, self._panel, self._seating)

    async def verify(self) -> Verification:
        """Check every chain; see `events.verification`."""
        return await verify(self._store)

    async def voting_analysis(self, decision_id: str) -> dict[str, Any]:
        """Return agreement, effective number of votes and dissent of a stored decision; see `analysis.voting`.

        Raises:
            NotFoundError: there is none with that id.
        """
        return analyse_voting(orjson.loads((await self.record(decision_id)).body))

    async def agent_performance(self) -> tuple[dict[str, Any], ...]:
        """Return per agent how often and how fast it voted, and how often with the decision."""
        return await self._store.agent_performance()


async def _default_policy() -> ToolPolicy:
    return DEFAULT


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` even when the caller is cancelled: a commit under way is completed and told, never abandoned."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()
