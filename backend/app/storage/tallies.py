"""How tools and agents have done so far, added up from events in memory: the same figures as `performance`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, TypeVar

from app.consensus.levels import ABSTAIN
from app.domain.events import Event, EventType
from app.domain.identifiers import seat_of
from app.domain.tool_activity import CALL, REACHED, VOTE, Activity, ToolTotal, activity_of
from app.storage.figures import CAMP_OF_WORD, SUCCESSES, Figures, figures

Which = TypeVar("Which", bound=tuple[str, ...])


def tools(calls: Iterable[Event]) -> tuple[dict[str, Any], ...]:
    """Return per tool what the port names."""
    groups = _grouped(calls, lambda event: (event.name,))
    return tuple(_tool(name, list(map(figures, group))) for (name,), group in groups)


def activity(stored: Sequence[Event], calls: int) -> tuple[Activity, ...]:
    """Return the newest tool calls, at most `calls`, with the votes and the decisions reached among and after them."""
    numbers = [event.seq for event in stored if event.type is EventType.TOOL_EXECUTION]
    first = numbers[-calls] if len(numbers) >= calls else 0
    recent = (activity_of(event) for event in stored if event.seq >= first)
    return tuple(each for each in recent if each.type in (CALL, VOTE) or each.name == REACHED)


def totals(stored: Iterable[Event]) -> tuple[ToolTotal, ...]:
    """Return all tool calls by tool, role, seat and status."""
    calls = [event for event in stored if event.type is EventType.TOOL_EXECUTION]
    groups = _grouped(calls, _which)
    return tuple(ToolTotal(*which, len(group), _duration(group)) for which, group in groups)


def agents(votes: Iterable[Event], finals: Mapping[str, str | None]) -> tuple[dict[str, Any], ...]:
    """Return per agent what the port names.

    Args:
        finals: the decision word of each record by its id.
    """
    groups = _grouped(votes, lambda event: (event.agent_id, event.agent_type))
    return tuple({"agent_id": who[0], "agent_type": who[1], **_agent(group, finals)} for who, group in groups)


def _tool(name: str, calls: list[Figures]) -> dict[str, Any]:
    return {
        "tool_name": name,
        "calls": len(calls),
        "success_rate": fmean(status in SUCCESSES for _, _, status, _ in calls),
        "average_execution_time_ms": _mean(duration for *_, duration in calls),
    }


def _agent(votes: list[Event], finals: Mapping[str, str | None]) -> dict[str, Any]:
    rows = list(map(figures, votes))
    return {
        "votes": len(rows),
        "abstentions": sum(word == ABSTAIN for word, *_ in rows),
        "average_confidence": _mean(confidence for _, confidence, *_ in rows),
        "average_latency_ms": _mean(duration for *_, duration in rows),
        "agreement_rate": _mean(_agrees(vote, finals.get(vote.decision_id)) for vote in votes),
    }


def _agrees(vote: Event, final: str | None) -> float | None:
    own, decided = CAMP_OF_WORD.get(figures(vote)[0] or ""), CAMP_OF_WORD.get(final or "")
    return None if own is None or decided is None else float(own == decided)


def _which(call: Event) -> tuple[str, str, str, str]:
    return call.name, call.agent_type, seat_of(call.agent_id, call.symbol), figures(call)[2] or ""


def _duration(calls: Iterable[Event]) -> float:
    return sum(figures(call)[3] or 0.0 for call in calls)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _grouped(events: Iterable[Event], key: Callable[[Event], Which]) -> list[tuple[Which, list[Event]]]:
    groups: defaultdict[Which, list[Event]] = defaultdict(list)
    for event in events:
        groups[key(event)].append(event)
    return sorted(groups.items())
