"""The one road to a decision: question, panel, consensus, record, events. Everybody else calls this."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, Self, TypeVar

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
from app.domain.votes import engine_vote
from app.events import announcements
from app.events import evidence as evidence_file
from app.events.agent_event_bus import AgentEventBus
from app.events.consensus_requests import ConsensusRequests, ConsensusStatus
from app.events.early_close import EarlyClose
from app.events.intake import Case, installed_analysts, open_case
from app.events.record import Timing, compose, seal
from app.events.replay import Replay, replay
from app.events.verification import Verification, verify
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.panel import Panel

log = structlog.get_logger(__name__)

T = TypeVar("T")


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
    ) -> None:
        self._panel: Panel = panel or plugins.load("panel", "concurrent")()
        self._store: DecisionStore = store or plugins.load("decision_store", "memory")()
        self._bus = bus or AgentEventBus()
        self._clock: Clock = clock or plugins.load("clock", "system")()
        self._requests = ConsensusRequests()
        self._given_analysts = analysts

    @cached_property
    def analysts(self) -> Mapping[str, Analyst]:
        """Everybody who can be asked, by role: those handed in, else those of the plugin table."""
        return installed_analysts() if self._given_analysts is None else self._given_analysts

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
            return await self._walk(open_case(question, self.analysts))

    async def _walk(self, case: Case) -> SealedRecord:
        asked_at, started = self._clock.now(), self._clock.monotonic()
        settled = EarlyClose(case) if case.config.early_close else None
        panel = await self._panel.run(case.context, case.analysts, case.question.timeout_s, settled)
        votes, calls = [vote.as_dict() for vote in panel.votes], [call.as_dict() for call in panel.tool_calls]
        result = decide([engine_vote(vote) for vote in votes], case.config)
        evidence = evidence_file.write(case, panel, votes, calls)
        at = Timing(self._clock.now(), (self._clock.monotonic() - started) * 1_000)
        record = compose(case, panel, votes, result, evidence=evidence, at=at)
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
        )
        return await _to_its_end(self._commit(draft))

    async def _commit(self, draft: DecisionDraft) -> SealedRecord:
        committed = await self._store.append(draft)
        await self._bus.publish(*committed.events)
        record = committed.record
        log.info("decision made", symbol=record.symbol, decision_id=record.decision_id, sequence=record.sequence)
        return record

    def check(self, question: Question) -> None:
        """Do nothing if the question can be used.

        Raises:
            InvalidInputError: it cannot; names what is wrong and the next step.
        """
        open_case(question, self.analysts)

    def request_consensus(self, question: Question) -> str:
        """Start deciding in the background; return the id, which becomes the decision's id.

        Raises:
            InvalidInputError: the question cannot be used.
            OverloadedError: too many requests are pending.
        """
        self.check(question)
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
        return await replay(record, evidence, self._panel, self.analysts)

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


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` even when the caller is cancelled: a commit under way is completed and told, never abandoned."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()
