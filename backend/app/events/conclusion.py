"""From what a panel said to the stored decision: weights, count, record, evidence, events, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from app.consensus.engine import decide
from app.domain.decisions import DecisionDraft, SealedRecord
from app.domain.events import Event
from app.domain.votes import engine_vote
from app.events import announcements
from app.events import evidence as evidence_file
from app.events.announcer import Announcer
from app.events.finishing import to_its_end
from app.events.intake import Case
from app.events.lineage_memory import LineageMemory
from app.events.record import Asked, Timing, compose, seal
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.panel import PanelResult, Sitting

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Hearing:
    """What was asked of whom and what came back.

    Args:
        resolved: how it was settled who sits; models: how to seat each again, by agent.
        asked_at: when the question was taken up.
        took_ms: from then to now.
        job: the accepted job that this was, if any.
    """

    case: Case
    panel: PanelResult
    sitting: Sitting
    resolved: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]]
    asked_at: datetime
    took_ms: float
    job: str | None = None


class Conclusion:
    """Counts votes and stores the decision.

    Args:
        announcer: tells the bus of what is stored.
    """

    def __init__(self, store: DecisionStore, clock: Clock, announcer: Announcer) -> None:
        self._store = store
        self._clock = clock
        self._announcer = announcer
        self._lineages = LineageMemory(store)

    async def conclude(self, heard: Hearing) -> SealedRecord:
        """Return the decision once it is stored; a caller that gives up does not stop a commit under way.

        Raises:
            StoreUnavailableError: it could not be stored; it is not given out.
            ConflictError: its job has ended already.
        """
        panel, sitting = heard.panel, heard.sitting
        votes, calls = [vote.as_dict() for vote in panel.votes], [call.as_dict() for call in panel.tool_calls]
        config, lineages = await self._lineages.weigh(votes, heard.case.config)
        case, asked = replace(heard.case, config=config), Asked(heard.resolved, heard.models, lineages, sitting)
        result = decide([engine_vote(vote) for vote in votes], config)
        evidence = evidence_file.write(case, panel, votes, calls, asked)
        at = Timing(self._clock.now(), heard.took_ms)
        record = compose(case, panel, votes, result, evidence=evidence, at=at, asked=asked)
        told = (
            announcements.requested(case, heard.asked_at),
            *announcements.of_panel(case, panel, votes, calls),
            announcements.reached(record, at.created_at),
        )
        sealed = await to_its_end(self._commit(_draft(case, record, at, evidence=evidence, told=told, heard=heard)))
        self._lineages.remember(votes)
        return sealed

    async def _commit(self, draft: DecisionDraft) -> SealedRecord:
        committed = await self._store.append(draft)
        await self._announcer.announce(committed.events)
        record = committed.record
        log.info("decision made", symbol=record.symbol, decision_id=record.decision_id, sequence=record.sequence)
        return record


def _draft(
    case: Case, record: dict[str, Any], at: Timing, *, evidence: bytes, told: tuple[Event, ...], heard: Hearing
) -> DecisionDraft:
    return DecisionDraft(
        symbol=case.context.symbol,
        seal=lambda head: seal(record, at.created_at, head),
        evidence=evidence,
        bars=case.context.bars,
        events=announcements.as_simulated(told) if case.is_simulated else told,
        keyed=case.question.keyed,
        as_of=None if case.is_simulated else case.context.as_of,
        model_calls=tuple(heard.sitting.model_calls),
        exchanges=tuple(heard.sitting.exchanges),
        job=heard.job,
    )
