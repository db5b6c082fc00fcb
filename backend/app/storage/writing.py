"""What one transaction of the record writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select

from app.domain.decisions import Committed, DecisionDraft, KeyedAnswer
from app.domain.errors import ConflictError, StillRunningError
from app.domain.events import Event
from app.domain.times import to_micros
from app.storage import decision_rows, event_rows
from app.storage.bar_archive import BarArchive, Placed
from app.storage.figures import numbered
from app.storage.model_rows import write_model_calls
from app.storage.prepared import insert_both, insert_if_free, insert_rows, only_row
from app.storage.tables import decisions, events, idempotency_keys

_LAST_SEQ: Final = select(func.coalesce(func.max(events.c.seq), 0))


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What a transaction wrote: for the caller, and for the memory of the bars once it has committed."""

    committed: Committed
    bars: Placed


class DecisionWriter:
    """Writes drafts, each in the transaction of its caller.

    Args:
        archive: places their bars.
    """

    def __init__(self, archive: BarArchive) -> None:
        self._archive = archive

    def write(self, connection: Connection, draft: DecisionDraft) -> Written:
        """Seal `draft` on the head of its chain and write all of it.

        Raises:
            StillRunningError: its Idempotency-Key is taken.
            ConflictError: a decision of that id is stored already.
        """
        ends = only_row(connection, decision_rows.ENDS, symbol=draft.symbol)
        record = draft.seal(decision_rows.head_of(ends, draft.symbol))
        if draft.keyed is not None:
            write_answer(connection, draft.keyed)
        placed = self._archive.store(connection, draft.symbol, draft.bars)
        now = to_micros(record.created_at)
        write_model_calls(connection, record.decision_id, draft.model_calls, draft.exchanges, now)
        row, stored = decision_rows.row_of(record, now, draft, placed.window), numbered(draft.events, ends.seq)
        if not insert_both(connection, decisions, row, events, [*map(event_rows.row_of, stored)]):
            raise ConflictError("A decision of that id is stored already; give each decision its own id.")
        return Written(Committed(record, stored), placed)

    def committed(self, written: Written) -> None:
        """Take note that the transaction stands."""
        self._archive.remember(written.bars)


def write_events(connection: Connection, drafts: Sequence[Event]) -> tuple[Event, ...]:
    """Write events with the next numbers and return them; the write lock keeps those free of gaps."""
    stored = numbered(drafts, connection.execute(_LAST_SEQ).scalar_one())
    insert_rows(connection, events, map(event_rows.row_of, stored))
    return stored


def write_answer(connection: Connection, answer: KeyedAnswer) -> None:
    """Keep an answer under its key.

    Raises:
        StillRunningError: the key is taken.
    """
    row = (answer.key, answer.fingerprint, answer.status, answer.decision_id, answer.body)
    if not insert_if_free(connection, idempotency_keys, row):
        raise StillRunningError("Another request with this Idempotency-Key came first; ask for its answer.")
