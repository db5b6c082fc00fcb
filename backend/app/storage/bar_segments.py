"""Windows of bars as pieces of one series: how they are packed, and which new window continues which series.

A window is handled as `bits`, an int64[6, n] of times, open, high, low, close and volume, the prices by their binary
form: two windows agree when every bit does, NaN included, and what is read back is exactly what was written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import RecordCorruptError
from app.domain.market import MAX_BARS, Bars, Interval

Bits: TypeAlias = NDArray[np.int64]

COLUMNS: Final = 6
BAR_BYTES: Final = COLUMNS * 8


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The most recent bars of a stored series, at most MAX_BARS of them.

    Args:
        first: place in the series of the first of these bars.
    """

    series_id: int
    first: int
    bits: Bits

    @property
    def length(self) -> int:
        """How many bars the series has in all."""
        return self.first + len(self.bits[0])

    def place_of(self, window: Bits) -> int | None:
        """Return where in the series `window` starts, if it repeats it from there to the end of either; else None."""
        if not window.shape[1]:
            return self.first
        start = int(np.searchsorted(self.bits[0], window[0, 0]))
        shared = min(self.bits.shape[1] - start, window.shape[1])
        agrees = shared > 0 and np.array_equal(self.bits[:, start : start + shared], window[:, :shared])
        return self.first + start if agrees else None

    def continued(self, new: Bits) -> "Tail":
        """Return the tail after `new` bars were added to the series."""
        bits = np.concatenate((self.bits, new), axis=1)
        excess = max(bits.shape[1] - MAX_BARS, 0)
        return Tail(self.series_id, self.first + excess, bits[:, excess:].copy() if excess else bits)


@dataclass(frozen=True, slots=True)
class Segment:
    """One stored run of neighbouring bars.

    Args:
        first: place in the series of its first bar.
        packed: its columns one after the other, little-endian, 8 bytes a value.
    """

    first: int
    count: int
    packed: bytes


def bits_of(bars: Bars) -> Bits:
    """Return the columns of `bars` by their binary form."""
    bits = np.empty((COLUMNS, len(bars)), np.int64)
    for row, column in zip(bits, bars.columns(), strict=True):
        row[:] = column.view(np.int64)
    return bits


def bars_from(bits: Bits, interval: Interval) -> Bars:
    """Return the bars that `bits` were made of."""
    times, *prices = bits
    opened, high, low, close, volume = (column.view(np.float64) for column in prices)
    return Bars(times, opened, high, low, close, volume, interval)


def pack(bits: Bits) -> bytes:
    """Return the bytes of a segment."""
    return bits.astype("<i8", copy=False).tobytes()


def crc_of(bits: Bits, interval: Interval) -> int:
    """Return the CRC-32 of interval and columns: it finds damage; against forgery there is the digest in the record."""
    return crc32(pack(bits), crc32(interval.text.encode()))


def unpack(segment: Segment) -> Bits:
    """Return the columns of a segment.

    Raises:
        RecordCorruptError: it has not the bytes that its count of bars takes.
    """
    if segment.count < 1 or len(segment.packed) != segment.count * BAR_BYTES:
        raise RecordCorruptError("A stored segment of bars has the wrong length; restore the store from a backup.")
    return np.frombuffer(segment.packed, "<i8").astype(np.int64).reshape(COLUMNS, segment.count)


def join(segments: Sequence[Segment]) -> Bits:
    """Return the columns of neighbouring segments in order.

    Raises:
        RecordCorruptError: a segment is damaged, or one between them is missing.
    """
    if any(before.first + before.count != after.first for before, after in pairwise(segments)):
        raise RecordCorruptError("A stored segment of bars is missing; restore the store from a backup.")
    return np.concatenate([unpack(segment) for segment in segments] or [np.empty((COLUMNS, 0), np.int64)], axis=1)
