"""A store that counts the decisions it has made durable."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, cast

import structlog

from app.domain.decisions import Committed, DecisionDraft
from app.domain.events import Event, EventType
from app.domain.votes import NO_DECISION
from app.observability.metrics import catalogue
from app.observability.metrics.registry import Metrics
from app.ports.decision_store import DecisionStore

log = structlog.get_logger(__name__)

REQUESTED, REACHED = "consensus_requested", "consensus_result"


class MeteredStore:
    """Is to the outside what `inner` is; see `metered_store`."""

    def __init__(self, inner: DecisionStore, metrics: Metrics) -> None:
        self._inner = inner
        self._decisions = metrics.counter(catalogue.DECISIONS)
        self._confidence = metrics.histogram(catalogue.CONFIDENCE)
        self._disagreement = metrics.histogram(catalogue.DISAGREEMENT)
        self._consensus_s = metrics.histogram(catalogue.CONSENSUS_DURATION)
        self._commit_s = metrics.histogram(catalogue.COMMIT_DURATION)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def append(self, draft: DecisionDraft) -> Committed:
        """Store a decision and, once that is done, count it; see `DecisionStore.append`."""
        began = perf_counter()
        committed = await self._inner.append(draft)
        self._commit_s.at().observe(perf_counter() - began)
        try:
            self._count_decision(draft)
        except (KeyError, TypeError) as error:  # it is stored: figures must not make it look as if it were not
            log.warning("decision not counted", error=type(error).__name__)
        return committed

    def _count_decision(self, draft: DecisionDraft) -> None:
        requested, reached = _step(draft.events, REQUESTED), _step(draft.events[::-1], REACHED)
        if requested is None or reached is None:
            return
        self._count(reached.data["payload"])
        took_s = (reached.timestamp - requested.timestamp).total_seconds()
        self._consensus_s.at(requested.data["payload"]["conflict_resolution"]).observe(max(0.0, took_s))

    def _count(self, result: Mapping[str, Any]) -> None:
        action = result["final_decision"]
        self._decisions.at(action, outcome_of(result)).inc()
        self._confidence.at(action).observe(result["confidence"] or 0.0)
        self._disagreement.at(action).observe(1.0 - (result["support"] or 0.0))


def metered_store(inner: DecisionStore, metrics: Metrics) -> DecisionStore:
    """Return `inner` with its decisions counted."""
    return cast(DecisionStore, MeteredStore(inner, metrics))


def outcome_of(result: Mapping[str, Any]) -> str:
    """Return how a decision came out: `no_quorum` before `vetoed` before `degraded` before `ok`."""
    if result["final_decision"] == NO_DECISION:
        return "no_quorum"
    if result["resolved_by"] == "risk_veto":
        return "vetoed"
    return "degraded" if result["degraded"] else catalogue.OK


def _step(events: Sequence[Event], name: str) -> Event | None:
    """Return the first event of that name; the road tells what was asked first and what was reached last."""
    for event in events:
        if event.name == name and event.type is EventType.AGENT_COORDINATION:
            return event
    return None
