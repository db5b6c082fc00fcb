"""Which stored events a replay of the feed asks for, as a condition of the database."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, false, or_

from app.domain.decisions import EventFilter
from app.storage.event_rows import SELECT_EVENTS
from app.storage.tables import events

_MAX_SEQ: Final = 2**63 - 1


def events_page(seq: int, limit: int, wanted: EventFilter) -> Select[Any]:
    """Return the statement of at most `limit` wanted events after `seq`, in order."""
    page = SELECT_EVENTS.where(events.c.seq > min(seq, _MAX_SEQ)).order_by(events.c.seq).limit(max(limit, 0))
    return page if "*" in wanted.topics else page.where(_admitted(wanted.topics))


def _admitted(topics: frozenset[str]) -> ColumnElement[bool]:
    """Return the condition that an event answers to one of `topics`, as `Event.subscriptions` defines it."""
    symbols, agents = _named(topics, "symbol:"), _named(topics, "agent:")
    return or_(
        false(),
        events.c.type.in_(sorted(topics)),
        (events.c.symbol != "") & events.c.symbol.in_(symbols),
        (events.c.agent_type != "") & (events.c.agent_type.in_(agents) | events.c.agent_id.in_(agents)),
    )


def _named(topics: frozenset[str], prefix: str) -> list[str]:
    return sorted(topic.removeprefix(prefix) for topic in topics if topic.startswith(prefix))
