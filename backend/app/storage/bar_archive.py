"""Bars in the store: each series once, however many decisions looked at a window of it."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, insert, select

from app.domain.errors import RecordCorruptError
from app.domain.market import MAX_BARS, Bars, Interval
from app.storage.bar_cache import SERIES_PER_KEY, BarCache, SeriesKey, match
from app.storage.bar_segments import Bits, Segment, Tail, bars_from, bits_of, crc_of, join, pack
from app.storage.prepared import insert_if_free
from app.storage.tables import bar_segments, bar_series

_SERIES: Final = insert(bar_series).returning(bar_series.c.id)
_LATEST_SERIES: Final = (
    select(bar_series.c.id)
    .where(bar_series.c.symbol == bindparam("symbol"), bar_series.c.interval == bindparam("interval"))
    .order_by(bar_series.c.id.desc())
    .limit(SERIES_PER_KEY)
)
_segment = select(bar_segments.c.first_index, bar_segments.c.bar_count, bar_segments.c.bits).where(
    bar_segments.c.series_id == bindparam("series_id")
)
_begun = bar_segments.c.first_index
_newest = select(func.max(_begun)).where(bar_segments.c.series_id == bindparam("series_id")).scalar_subquery()
_TAIL: Final = _segment.where(
    _begun + bar_segments.c.bar_count > _newest - MAX_BARS,
    # says no more than the line above, no segment being longer, but the key of the table finds it
    _begun > _newest - 2 * MAX_BARS,
).order_by(_begun)
_COVERING: Final = _segment.where(
    bar_segments.c.first_index < bindparam("stop"),
    bar_segments.c.first_index
    >= select(func.max(bar_segments.c.first_index))
    .where(bar_segments.c.series_id == bindparam("series_id"), bar_segments.c.first_index <= bindparam("start"))
    .scalar_subquery(),
).order_by(bar_segments.c.first_index)


_MARK: Final = "conclave_bars"


@dataclass(frozen=True, slots=True)
class Window:
    """Where the bars of a decision are: so many of a series, from a place on, and the checksum of what they were."""

    series_id: int
    first: int
    count: int
    crc: int


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A window and the tail of its series as it stands once the transaction has committed."""

    window: Window
    key: SeriesKey
    tail: Tail


class BarArchive:
    """Places windows of bars in series; only bars that no series has yet are written."""

    def __init__(self) -> None:
        self._cache = BarCache()
        self._mark: object = None

    def store(self, connection: Connection, symbol: str, bars: Bars, written: BarCache) -> Placed:
        """Write what is new of `bars` and return where all of them are; call `remember` when it is committed.

        Args:
            written: the ends of series that this transaction has written, to which those of these bars are added.
        """
        self._trust(connection)
        key, bits = (symbol, bars.interval.text), bits_of(bars)
        found = written.find(key, bits) or self._cache.find(key, bits)
        tail = found and _with(connection, *found, bits)
        while found is None or tail is None:
            stored = match(_stored_tails(connection, key), bits)
            found = stored or (_new_series(connection, symbol, bars.interval), 0)
            tail = _with(connection, *found, bits)
        written.put(key, tail)
        return Placed(Window(tail.series_id, found[1], len(bars), crc_of(bits, bars.interval)), key, tail)

    def remember(self, placed: Placed) -> None:
        """Take note of a committed window."""
        self._cache.put(placed.key, placed.tail)

    def _trust(self, connection: Connection) -> None:
        """Start again from what the store says when the connection is a new one: who knows what is behind it."""
        mark = connection.info.setdefault(_MARK, object())
        if mark is not self._mark:
            self._cache.clear()
            self._mark = mark


def read_bars(connection: Connection, window: Window, interval: Interval) -> Bars:
    """Return the bars of a window.

    Raises:
        RecordCorruptError: a segment is missing, damaged or altered.
    """
    stop = window.first + window.count
    at = {"series_id": window.series_id, "start": window.first, "stop": stop}
    segments = [Segment(*row) for row in connection.execute(_COVERING, at)] if window.count else []
    bits = join(segments)
    skipped = window.first - segments[0].first if segments else 0
    part = bits[:, skipped : skipped + window.count]
    if crc_of(part, interval) != window.crc:
        raise RecordCorruptError("The stored bars of a decision were altered; restore the store from a backup.")
    return bars_from(part, interval)


def _with(connection: Connection, tail: Tail, first: int, bits: Bits) -> Tail | None:
    """Write what a window starting at place `first` adds to a series; None if another process has gone on writing it.

    Segments leave no gap, so whoever went on from the same end has taken the key of this segment.
    """
    new = bits[:, max(tail.length - first, 0) :]
    if not new.shape[1]:
        return tail
    row = (tail.series_id, tail.length, new.shape[1], pack(new))
    return tail.continued(new) if insert_if_free(connection, bar_segments, row) else None


def _stored_tails(connection: Connection, key: SeriesKey) -> tuple[Tail, ...]:
    """Read the ends of the series begun last; one that is damaged is passed over."""
    named = {"symbol": key[0], "interval": key[1]}
    tails = [_stored_tail(connection, series_id) for series_id in connection.execute(_LATEST_SERIES, named).scalars()]
    return tuple(tail for tail in tails if tail is not None)


def _stored_tail(connection: Connection, series_id: int) -> Tail | None:
    newest = [Segment(*row) for row in connection.execute(_TAIL, {"series_id": series_id})]
    try:
        return Tail(series_id, newest[0].first if newest else 0, join(newest))
    except RecordCorruptError:
        return None


def _new_series(connection: Connection, symbol: str, interval: Interval) -> Tail:
    named = {"symbol": symbol, "interval": interval.text, "seconds": interval.seconds}
    return Tail(connection.execute(_SERIES, named).scalar_one(), 0, join(()))
