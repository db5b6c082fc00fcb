"""Tool calls and what surrounds them, read by their plain columns; JSON is read of failed calls alone, for the kind."""

from collections import defaultdict
from typing import Final

import orjson
from sqlalchemy import Connection, and_, bindparam, case, func, or_, select

from app.domain.identifiers import seat_of
from app.domain.tool_activity import CALL, REACHED, STEP, VOTE, Activity, ToolTotal
from app.storage.event_rows import LAST_SEQ
from app.storage.figures import SUCCESSES
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
        case((events.c.status.not_in(SUCCESSES), events.c.data)),
    )
    .where(
        events.c.seq > bindparam("after"),
        or_(_kind.in_([CALL, VOTE]), and_(_kind == STEP, events.c.name == REACHED)),
    )
    .order_by(events.c.seq)
    .limit(PAGE)
)
_WHICH: Final = (events.c.name, events.c.agent_type, events.c.agent_id, events.c.symbol, events.c.status)
_TOTALS: Final = (
    select(*_WHICH, func.count(), func.coalesce(func.sum(events.c.duration_ms), 0.0))
    .where(_is_call, events.c.seq > bindparam("after"))
    .group_by(*_WHICH)
    .order_by(*_WHICH)
)


def before_newest_calls(connection: Connection, calls: int) -> int:
    """Return the event number after which the newest `calls` tool calls stand; 0 when there are no more than that."""
    first = connection.execute(_FIRST_OF_NEWEST, {"passed_over": calls - 1}).scalar()
    return 0 if first is None else first - 1


def activity_page(connection: Connection, after: int) -> tuple[Activity, ...]:
    """Return the tool calls, votes and reached decisions that follow event `after`, at most a page of them."""
    rows = connection.execute(_ACTIVITY, {"after": after})
    return tuple(Activity._make((*row[:-1], _error_kind(row[-1]))) for row in rows)


def tool_totals(connection: Connection, after: int) -> tuple[int, tuple[ToolTotal, ...]]:
    """Return the number of the newest event, and the calls after event `after` by tool, role, seat and status."""
    added: defaultdict[tuple[str, str, str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for name, role, agent, symbol, status, calls, duration_ms in connection.execute(_TOTALS, {"after": after}):
        which = name, role, seat_of(agent, symbol), status or ""
        added[which] = added[which][0] + calls, added[which][1] + duration_ms
    totals = tuple(ToolTotal(*which, *sums) for which, sums in sorted(added.items()))
    return connection.execute(LAST_SEQ).scalar_one(), totals


def _error_kind(data: bytes | None) -> str | None:
    """Return why a call failed; None where that cannot be read any more."""
    try:
        kind = orjson.loads(data)["error_kind"] if data else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return kind if isinstance(kind, str) else None
