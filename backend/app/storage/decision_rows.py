"""Decisions as rows, and the statements that read them."""

import zlib
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, select, tuple_

from app.domain.decisions import ChainHead, DecisionDraft, SealedRecord
from app.domain.errors import RecordCorruptError
from app.domain.market import Interval
from app.domain.times import from_micros, to_micros
from app.storage.bar_archive import Window
from app.storage.cursors import Place
from app.storage.failures import damage_told
from app.storage.prepared import AnyRow, Values
from app.storage.tables import bar_series, decisions, events

_FAST: Final = 1

SELECT_RECORDS: Final = select(
    decisions.c.id,
    decisions.c.symbol,
    decisions.c.sequence,
    decisions.c.previous_hash,
    decisions.c.hash,
    decisions.c.created_at,
    decisions.c.final_recommendation,
    decisions.c.body,
)
RECORD_BY_ID: Final = SELECT_RECORDS.where(decisions.c.id == bindparam("decision_id"))
CHAIN_PAGE: Final = (
    SELECT_RECORDS.where(decisions.c.symbol == bindparam("symbol"), decisions.c.sequence > bindparam("sequence"))
    .order_by(decisions.c.sequence)
    .limit(bindparam("limit"))
)
EVIDENCE: Final = (
    select(
        decisions.c.evidence,
        decisions.c.bars_crc,
        decisions.c.series_id,
        decisions.c.first_bar,
        decisions.c.bar_count,
        bar_series.c.interval,
        bar_series.c.seconds,
    )
    .outerjoin(bar_series, decisions.c.series_id == bar_series.c.id)
    .where(decisions.c.id == bindparam("decision_id"))
)

_last = select(decisions.c.symbol, func.max(decisions.c.sequence).label("sequence")).group_by(decisions.c.symbol)
_last_links = _last.subquery()
HEADS: Final = (
    select(decisions.c.symbol, decisions.c.sequence, decisions.c.hash)
    .join(
        _last_links,
        (decisions.c.symbol == _last_links.c.symbol) & (decisions.c.sequence == _last_links.c.sequence),
    )
    .order_by(decisions.c.symbol)
)

_head = select(decisions.c.sequence, decisions.c.hash).where(decisions.c.symbol == bindparam("symbol"))
_newest_link = _head.order_by(decisions.c.sequence.desc()).limit(1).subquery()
_newest_event = select(func.coalesce(func.max(events.c.seq), 0).label("seq")).subquery()
ENDS: Final = select(_newest_event.c.seq, _newest_link.c.sequence, _newest_link.c.hash).outerjoin_from(
    _newest_event, _newest_link, _newest_event.c.seq >= 0
)
"""The number of the newest event, and the sequence and hash of a symbol's newest record (None without one)."""


def row_of(record: SealedRecord, created_at: int, draft: DecisionDraft, window: Window) -> Values:
    """Return the row of a decision created at `created_at` (microseconds since 1970 UTC)."""
    return (
        record.decision_id,
        record.symbol,
        record.sequence,
        record.previous_hash,
        record.hash,
        created_at,
        record.final_recommendation,
        window.series_id,
        window.first,
        window.count,
        window.crc,
        record.body,
        zlib.compress(draft.evidence, _FAST),
        None if draft.as_of is None else to_micros(draft.as_of),
    )


def record_of(row: AnyRow) -> SealedRecord:
    """Return the record of a row of SELECT_RECORDS.

    Raises:
        RecordCorruptError: its time is none.
    """
    decision_id, symbol, sequence, previous_hash, digest, created_at, word, body = row
    with damage_told("A decision in the store"):
        moment = from_micros(created_at)
        return SealedRecord(decision_id, symbol, sequence, previous_hash, digest, moment, word, body)


def head_of(row: AnyRow, symbol: str) -> ChainHead:
    """Return the chain's head of a row of ENDS."""
    return ChainHead(symbol) if row.sequence is None else ChainHead(symbol, row.sequence, row.hash)


def listing(symbol: str | None, since: int | None, after: Place | None, limit: int) -> Select[Any]:
    """Return the statement of a page, newest first; of equally new records the greater id comes first."""
    place = tuple_(decisions.c.created_at, decisions.c.id)
    page = SELECT_RECORDS.order_by(decisions.c.created_at.desc(), decisions.c.id.desc()).limit(limit)
    if symbol is not None:
        page = page.where(decisions.c.symbol == symbol)
    if since is not None:
        page = page.where(decisions.c.created_at >= since)
    return page if after is None else page.where(place < after)


def window_of(row: AnyRow) -> tuple[Window, Interval]:
    """Return where the bars of a row of EVIDENCE are, and how long each lasts.

    Raises:
        RecordCorruptError: their series is gone.
    """
    if row.interval is None:
        raise RecordCorruptError("The series of bars of a decision is missing; restore the store from a backup.")
    return Window(row.series_id, row.first_bar, row.bar_count, row.bars_crc), Interval(row.interval, row.seconds)


def unpacked(document: bytes) -> bytes:
    """Return the evidence document as it was given.

    Raises:
        RecordCorruptError: the stored bytes are damaged.
    """
    with damage_told("The evidence of a decision"):
        return zlib.decompress(document)
