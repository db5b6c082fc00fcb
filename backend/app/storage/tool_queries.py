"""Tool calls and what surrounds them, read by their plain columns; no JSON is touched."""

from typing import Final

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from app.domain.tool_activity import CALL, REACHED, STEP, VOTE, Activity, ToolTotal
from app.storage.event_rows import LAST_SEQ
from app.storage.tables import events

PAGE: Final = 500

_is_call = events.c.type == CALL
# not the bare column: its index would find the rows in another order than that of their numbers
_kind = func.coalesce(events.c.type, "")
_FIRST_OF_NEWEST: Final = (
    select(events.c.seq).where(_is_call).order_by(events.c.seq.desc()).offset(bindparam("passed_over")).limit(1)
)
_ACTIVITY: Final = (
    select(
        events.c.seq,
        events.c.type,
        events.c.name,
        events.c.symbol,
        events.c.agent_type,
        events.c.agent_id,
        events.c.decision_id,
        events.c.timestamp,
        events.c.word,
        events.c.confidence,
        events.c.status,
        events.c.duration_ms,
    )
    .where(
        events.c.seq > bindparam("after"),
        or_(_kind.in_([CALL, VOTE]), and_(_kind == STEP, events.c.name == REACHED)),
    )
    .order_by(events.c.seq)
    .limit(PAGE)
)
_TOTALS: Final = (
    select(
        events.c.name,
        events.c.agent_type,
        func.coalesce(events.c.status, ""),
        func.count(),
        func.coalesce(func.sum(events.c.duration_ms), 0.0),
    )
    .where(_is_call, events.c.seq > bindparam("after"))
    .group_by(events.c.name, events.c.agent_type, events.c.status)
    .order_by(events.c.name, events.c.agent_type, events.c.status)
)


def before_newest_calls(connection: Connection, calls: int) -> int:
    """Return the event number after which the newest `calls` tool calls stand; 0 when there are no more than that."""
    first = connection.execute(_FIRST_OF_NEWEST, {"passed_over": calls - 1}).scalar()
    return 0 if first is None else first - 1


def activity_page(connection: Connection, after: int) -> tuple[Activity, ...]:
    """Return the tool calls, votes and reached decisions that follow event `after`, at most a page of them."""
    return tuple(Activity(*row) for row in connection.execute(_ACTIVITY, {"after": after}))


def tool_totals(connection: Connection, after: int) -> tuple[int, tuple[ToolTotal, ...]]:
    """Return the number of the newest event, and the calls after event `after` by tool, role and status."""
    rows = connection.execute(_TOTALS, {"after": after})
    totals = tuple(ToolTotal(*row) for row in rows)
    return connection.execute(LAST_SEQ).scalar_one(), totals
