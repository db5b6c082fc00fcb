"""The decisions and events of one transaction: numbered and linked as they come, written together at its end."""

from collections.abc import Sequence

from sqlalchemy import Connection

from app.domain.decisions import ChainHead, SealedRecord
from app.domain.errors import ConflictError
from app.domain.events import Event
from app.storage import decision_rows, event_rows
from app.storage.bar_cache import BarCache
from app.storage.figures import numbered
from app.storage.prepared import Values, insert_both, only_row
from app.storage.refusals import ID_TAKEN
from app.storage.tables import decisions, events


class Gathering:
    """Where numbers and chains stand in a transaction that holds the write lock, and what waits for its end.

    `bars` are the ends of the series that were written in it.
    """

    def __init__(self) -> None:
        self.bars = BarCache()
        self._last_seq: int | None = None
        self._heads: dict[str, ChainHead] = {}
        self._decisions: list[Values] = []
        self._events: list[Values] = []

    def head(self, connection: Connection, symbol: str) -> ChainHead:
        """Return the last link of a chain."""
        if symbol not in self._heads:
            ends = only_row(connection, decision_rows.ENDS, symbol=symbol)
            self._heads[symbol] = decision_rows.head_of(ends, symbol)
            self._last_seq = ends.seq if self._last_seq is None else self._last_seq
        return self._heads[symbol]

    def add_decision(self, record: SealedRecord, row: Values) -> None:
        """Take a decision that follows the head of its chain."""
        self._heads[record.symbol] = ChainHead(record.symbol, record.sequence, record.hash)
        self._decisions.append(row)

    def add_events(self, connection: Connection, drafts: Sequence[Event]) -> tuple[Event, ...]:
        """Take events and return them with the next numbers."""
        if self._last_seq is None:
            self._last_seq = connection.execute(event_rows.LAST_SEQ).scalar_one()
        stored = numbered(drafts, self._last_seq)
        self._last_seq += len(stored)
        self._events += map(event_rows.row_of, stored)
        return stored

    def write(self, connection: Connection) -> None:
        """Write all of it.

        Raises:
            ConflictError: a decision of one of the ids is stored already.
        """
        if insert_both(connection, decisions, self._decisions, events, self._events) < len(self._decisions):
            raise ConflictError(ID_TAKEN)
        self._decisions, self._events = [], []
