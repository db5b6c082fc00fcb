"""The few values of votes, tool calls and records that performance figures are made of."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from app.consensus.levels import WORD_OF, camp_of
from app.domain.events import Event, EventType

Figures: TypeAlias = tuple[str | None, float | None, str | None, float | None]
"""Decision word, confidence, status and duration in milliseconds."""

CAMP_OF_WORD: Final = {word: camp_of(level) for level, word in WORD_OF.items()}
SUCCESSES: Final = ("success", "cached")


def figures(event: Event) -> Figures:
    """Return the figures of a vote or a tool call; None where it has none."""
    data = event.data
    if event.type is EventType.AGENT_DECISION:
        return _text(data, "decision"), _number(data, "confidence"), None, _number(data, "latency_ms")
    if event.type is EventType.TOOL_EXECUTION:
        return None, None, _text(data, "status"), _number(data, "execution_time_ms")
    return None, None, None, None


def numbered(drafts: Iterable[Event], last_seq: int) -> tuple[Event, ...]:
    """Return the events with the numbers after `last_seq`."""
    return tuple([Event(*event[:-1], seq=seq) for seq, event in enumerate(drafts, last_seq + 1)])


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) else None


def _number(data: Mapping[str, Any], name: str) -> float | None:
    value = data.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
