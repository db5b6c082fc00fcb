"""Earlier votes, read by their plain columns."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select

from app.domain.market import PastVote
from app.domain.times import from_micros, to_micros
from app.storage.tables import decisions, events

_earlier = (
    select(decisions.c.id, decisions.c.as_of)
    .where(decisions.c.symbol == bindparam("symbol"), decisions.c.as_of < bindparam("before"))
    .order_by(decisions.c.as_of.desc(), decisions.c.sequence.desc())
    .limit(bindparam("most"))
    .subquery()
)
PAST: Final = (
    select(events.c.agent_id, events.c.agent_type, _earlier.c.as_of, events.c.word, events.c.confidence)
    .join(_earlier, events.c.decision_id == _earlier.c.id)
    .where(events.c.word.is_not(None))
    .order_by(_earlier.c.as_of.desc(), events.c.seq.desc())
)
OF_LINEAGES: Final = (
    select(events.c.lineage, events.c.decision_id, events.c.word)
    .where(events.c.lineage.is_not(None))
    .order_by(events.c.seq.desc())
    .limit(bindparam("limit"))
)


def past_votes(connection: Connection, symbol: str, before: datetime, most: int) -> tuple[PastVote, ...]:
    """Return the votes of the decisions on a symbol, `most` of them, as of the latest instants before one."""
    rows = connection.execute(PAST, {"symbol": symbol, "before": to_micros(before), "most": most})
    return tuple(
        PastVote(row.agent_id, row.agent_type, from_micros(row.as_of), row.word, row.confidence) for row in rows
    )


def lineage_votes(connection: Connection, limit: int) -> tuple[tuple[str, str, str], ...]:
    """Return lineage, decision id and word of the newest votes of models, newest first."""
    rows = connection.execute(OF_LINEAGES, {"limit": limit})
    return tuple((row.lineage, row.decision_id, row.word) for row in rows)
