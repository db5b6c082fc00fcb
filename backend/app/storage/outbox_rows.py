"""Letters as rows, written in the transaction of what they tell of."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.events import Event
from app.domain.letters import Letter
from app.domain.times import from_micros, to_micros
from app.storage.tables import outbox

Outgoing = Callable[[Event], Letter | None]
"""Writes the letter that tells other processes of a stored event; None where they are not told."""

_WAITING: Final = select(func.count(), func.min(outbox.c.written_at))
_WRITE: Final = {
    dialect.name: insert(outbox).on_conflict_do_nothing()
    for dialect, insert in ((postgresql.dialect, postgresql.insert), (sqlite.dialect, sqlite.insert))
}


def _oldest_that(kind: ColumnElement[bool]) -> Select[Any]:
    """Return the statement that locks the oldest letters of a kind which nobody else is sending."""
    return select(outbox).where(kind).order_by(outbox.c.id).limit(bindparam("most")).with_for_update(skip_locked=True)


OLDEST_IN_ORDER: Final = _oldest_that(outbox.c.queue.is_(None))
OLDEST_IN_ANY_ORDER: Final = _oldest_that(outbox.c.queue.is_not(None))
REMOVE: Final = delete(outbox).where(outbox.c.id.in_(bindparam("ids", expanding=True)))


def write_letters(connection: Connection, letters: Iterable[Letter], at: datetime) -> None:
    """Put letters into the outbox; one that waits there already is not written again."""
    rows = [_row_of(letter, to_micros(at)) for letter in letters]
    if rows:
        connection.execute(_WRITE[connection.dialect.name], rows)


def write_told(connection: Connection, events: Sequence[Event], outgoing: Outgoing | None) -> None:
    """Put the letters of stored events into the outbox."""
    if outgoing is not None and events:
        letters = (outgoing(event) for event in events)
        write_letters(connection, (each for each in letters if each is not None), events[-1].timestamp)


def _row_of(letter: Letter, at: int) -> dict[str, Any]:
    return {
        "message_id": letter.message_id,
        "kind": letter.kind,
        "topic": letter.topic,
        "correlation_id": letter.correlation_id,
        "queue": letter.queue,
        "body": letter.body,
        "written_at": at,
    }


def letter_of(row: Row[Any]) -> Letter:
    """Return the letter of a row."""
    return Letter(row.kind, row.topic, row.message_id, row.correlation_id, row.body, row.queue)


def waiting(connection: Connection) -> tuple[int, datetime | None]:
    """Return how many letters wait, and since when the oldest does."""
    count, since = connection.execute(_WAITING).one()
    return count, None if since is None else from_micros(since)
