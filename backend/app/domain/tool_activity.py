"""What happened around tools, by the plain values that can be added up without reading a result."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from app.domain.events import Event, EventType
from app.domain.times import to_micros

CALL: Final = EventType.TOOL_EXECUTION.value
VOTE: Final = EventType.AGENT_DECISION.value
STEP: Final = EventType.AGENT_COORDINATION.value
REACHED: Final = "consensus_result"


class Activity(NamedTuple):
    """A tool call, a vote or a step of a decision.

    Args:
        type: `CALL`, `VOTE` or `STEP`.
        name: the tool of a call, the message type of a step.
        at: when it began, in microseconds since 1970 UTC.
        word, confidence: of a vote.
        status: of a call.
        duration_ms: of a call or of what led to a vote.
        error_kind: of a call that failed.
    """

    seq: int
    type: str
    name: str
    symbol: str
    agent_type: str
    agent_id: str
    decision_id: str
    at: int
    word: str | None = None
    confidence: float | None = None
    status: str | None = None
    duration_ms: float | None = None
    error_kind: str | None = None


class ToolTotal(NamedTuple):
    """How many calls of a tool by one role from one seat ended in one way, and how long they took together."""

    tool_name: str
    agent_type: str
    seat: str
    status: str
    calls: int
    duration_ms: float


def activity_of(event: Event) -> Activity:
    """Return the plain values of an event; None where it has none."""
    data, kind = event.data, event.type.value
    figures: tuple[Any, ...] = ()
    if kind == CALL:
        figures = (None, None, data.get("status"), _number(data, "execution_time_ms"), data.get("error_kind"))
    elif kind == VOTE:
        figures = (data.get("decision"), _number(data, "confidence"), None, _number(data, "latency_ms"))
    who = (event.symbol, event.agent_type, event.agent_id, event.decision_id)
    return Activity(event.seq, kind, event.name, *who, to_micros(event.timestamp), *figures)


def _number(data: Mapping[str, Any], name: str) -> float | None:
    value = data.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
