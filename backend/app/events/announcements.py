"""What the feed is told of a decision, in the order of the road: asked, tools used, votes cast, reached."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.events import Event, coordination, tool_called, vote_cast
from app.domain.jobs import Standing
from app.domain.simulations import SIMULATED
from app.events.intake import Case
from app.ports.panel import PanelResult

Fields = Sequence[Mapping[str, Any]]


def as_simulated(events: Iterable[Event]) -> tuple[Event, ...]:
    """Mark events that no real market had a part in: `simulated` is true in their data."""
    return tuple(event._replace(data={**event.data, SIMULATED: True}) for event in events)


def requested(case: Case, at: datetime) -> Event:
    """A consensus was asked for."""
    return coordination("consensus_requested", case.context.symbol, case.question.decision_id, _asked(case), at)


def reached(record: Mapping[str, Any], at: datetime) -> Event:
    """A consensus was reached, or it is known that there is none."""
    return coordination("consensus_result", record["symbol"], record["decision_id"], _result(record), at)


def ended(symbol: str, consensus_id: str, how: Standing, at: datetime) -> Event:
    """A request came to an end without a decision: it was cancelled, or it failed."""
    payload = {
        "decision_id": consensus_id,
        "consensus_id": consensus_id,
        "symbol": symbol,
        "consensus_achieved": False,
        "reason": how.reason,
    }
    return coordination(f"consensus_{how.status}", symbol, consensus_id, payload, at)


def of_panel(case: Case, panel: PanelResult, votes: Fields, calls: Fields) -> list[Event]:
    """What the analysts did: every tool call, then every vote."""
    symbol, decision_id = case.context.symbol, case.question.decision_id
    used = (
        tool_called(fields, call.started_at, case.seats[call.agent_id].role, symbol, decision_id)
        for call, fields in zip(panel.tool_calls, calls, strict=True)
    )
    said = (vote_cast(fields, vote.timestamp, decision_id) for vote, fields in zip(panel.votes, votes, strict=True))
    return [*used, *said]


def _asked(case: Case) -> dict[str, Any]:
    return {
        "decision_id": case.question.decision_id,
        "consensus_id": case.question.decision_id,
        "symbol": case.context.symbol,
        "as_of": case.context.as_of.isoformat(),
        "participating_agents": list(case.seats),
        "method": case.config.method,
        "conflict_resolution": case.config.strategy,
        "correlation_id": case.question.correlation_id,
    }


def _result(record: Mapping[str, Any]) -> dict[str, Any]:
    told = (
        "status",
        "resolved_by",
        "confidence",
        "support",
        "position_size",
        "missing",
        "degraded",
        "degraded_reasons",
    )
    return {
        "decision_id": record["decision_id"],
        "consensus_id": record["decision_id"],
        "symbol": record["symbol"],
        "as_of": record["as_of"],
        "final_decision": record["final_recommendation"],
        "consensus_achieved": record["status"] == "decided",
        "participating_agents": [vote["agent_id"] for vote in record["votes"]],
        **{name: record[name] for name in told},
        "correlation_id": record["correlation_id"],
    }
