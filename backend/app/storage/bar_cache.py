"""The ends of the series written last, kept in memory so that most windows are placed without reading the store."""

from collections import OrderedDict
from typing import Final, TypeAlias

from app.storage.bar_segments import Bits, Tail

SeriesKey: TypeAlias = tuple[str, str]
"""Symbol and text of the interval."""

SERIES_PER_KEY: Final = 3
CACHED_BARS: Final = 400_000
_OVERHEAD_BARS: Final = 16


class BarCache:
    """Tails by symbol and interval, the one used last first; what was used longest ago is forgotten.

    It may lag behind the store, never run ahead of it: a tail enters when its transaction has committed.

    Args:
        capacity: bars kept in all (48 bytes each); a tail counts as 16 more than it has.
    """

    def __init__(self, capacity: int = CACHED_BARS) -> None:
        self._capacity = capacity
        self._tails: OrderedDict[SeriesKey, tuple[Tail, ...]] = OrderedDict()
        self._size = 0

    def find(self, key: SeriesKey, window: Bits) -> tuple[Tail, int] | None:
        """Return a tail that `window` lies on or continues, with the place of its first bar, or None."""
        return match(self._tails.get(key, ()), window)

    def put(self, key: SeriesKey, tail: Tail) -> None:
        """Remember a tail as the one used last, in place of an older state of the same series."""
        known = self._tails.pop(key, ())
        if known and known[0] is tail:
            self._tails[key] = known
            return
        others = [other for other in known if other.series_id != tail.series_id]
        kept = (tail, *others[: SERIES_PER_KEY - 1])
        self._tails[key] = kept
        self._size += _weight(kept) - _weight(known)
        while self._size > self._capacity and len(self._tails) > 1:
            _, forgotten = self._tails.popitem(last=False)
            self._size -= _weight(forgotten)

    def clear(self) -> None:
        """Forget everything."""
        self._tails.clear()
        self._size = 0


def match(tails: tuple[Tail, ...], window: Bits) -> tuple[Tail, int] | None:
    """Return the first of `tails` that `window` lies on or continues, with the place of its first bar."""
    for tail in tails:
        place = tail.place_of(window)
        if place is not None:
            return tail, place
    return None


def _weight(tails: tuple[Tail, ...]) -> int:
    return sum(tail.bits.shape[1] + _OVERHEAD_BARS for tail in tails)
