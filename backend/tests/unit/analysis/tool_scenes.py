"""Scenes for the tracker: tool calls, votes and decisions, as events and by their plain values."""

from datetime import UTC, datetime, timedelta

from app.domain.events import Event, EventType
from app.domain.identifiers import TWIN_SUFFIX
from app.domain.tool_activity import activity_of

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def a_call(
    tool="get_bars",
    status="success",
    took_ms=1.0,
    *,
    at=0.0,
    symbol="AAPL",
    role="risk_advisor",
    decision="d1",
    kind=None,
    twin=False,
):
    """A tool call that began `at` seconds after NOW."""
    data = {"tool_name": tool, "status": status, "execution_time_ms": took_ms, "error_kind": kind}
    when = NOW + timedelta(seconds=at)
    agent = f"{role}{TWIN_SUFFIX if twin else ''}_{symbol}"
    return Event(EventType.TOOL_EXECUTION, data, when, symbol, role, agent, decision, tool)


def a_vote(role="risk_advisor", word="BUY", confidence=0.5, *, symbol="AAPL", decision="d1"):
    """A vote of an agent of that role."""
    data = {"decision": word, "confidence": confidence, "tools": []}
    return Event(EventType.AGENT_DECISION, data, NOW, symbol, role, f"{role}_{symbol}", decision)


def a_step(name="consensus_result", *, symbol="AAPL", decision="d1"):
    """A step of a decision; the usual one is its end."""
    return Event(EventType.AGENT_COORDINATION, {}, NOW, symbol, decision_id=decision, name=name)


def plain(*events):
    """The plain values of events."""
    return [activity_of(event) for event in events]


def numbered(events, first=1):
    """The events as a store would number them."""
    return [event._replace(seq=seq) for seq, event in enumerate(events, first)]
