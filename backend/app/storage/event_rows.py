"""Events as rows: their JSON, and beside it the few values that performance figures add up."""

from typing import Final

import orjson
from sqlalchemy import func, select

from app.domain.events import Event, EventType
from app.domain.times import from_micros, to_micros
from app.storage.failures import damage_told
from app.storage.figures import figures
from app.storage.prepared import AnyRow, Values
from app.storage.tables import events

SELECT_EVENTS: Final = select(
    events.c.type,
    events.c.data,
    events.c.timestamp,
    events.c.symbol,
    events.c.agent_type,
    events.c.agent_id,
    events.c.decision_id,
    events.c.name,
    events.c.seq,
)
LAST_SEQ: Final = select(func.coalesce(func.max(events.c.seq), 0))


def row_of(event: Event) -> Values:
    """Return the row of a numbered event."""
    return (
        event.seq,
        event.type.value,
        event.name,
        event.symbol,
        event.agent_type,
        event.agent_id,
        event.decision_id,
        to_micros(event.timestamp),
        *figures(event),
        orjson.dumps(event.data),
        event.data.get("lineage") if event.data.get("model") else None,
    )


def event_of(row: AnyRow) -> Event:
    """Return the event of a row of SELECT_EVENTS.

    Raises:
        RecordCorruptError: it is not as it was written.
    """
    kind, data, timestamp, *rest = row
    with damage_told("An event in the store"):
        return Event(EventType(kind), orjson.loads(data), from_micros(timestamp), *rest)
