"""What the market printed: bars in columns, the news, the account, all frozen as of one instant."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import InvalidMarketDataError
from app.domain.times import to_micros

Column = NDArray[np.float64]

MAX_BARS = 10_000
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_INTERVAL = re.compile(r"([1-9][0-9]{0,4})([smhdw])")


@dataclass(frozen=True, slots=True)
class Interval:
    """How long one bar lasts, such as `1d`, `4h` or `15m`."""

    text: str
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a count and a unit of s, m, h, d or w.

        Raises:
            InvalidMarketDataError: the text is no interval.
        """
        match = _INTERVAL.fullmatch(text)
        if match is None:
            raise InvalidMarketDataError("interval must be a count and a unit (s, m, h, d, w), such as 1d or 15m.")
        return cls(text, int(match[1]) * _UNIT_S[match[2]])

    @classmethod
    def infer(cls, times: NDArray[np.int64]) -> Self:
        """Return the most frequent distance between neighbours; of equally frequent ones the shortest.

        Raises:
            InvalidMarketDataError: one bar alone, or a distance that is not whole seconds.
        """
        if len(times) < 2:
            raise InvalidMarketDataError("interval cannot be inferred from fewer than two bars; give it, such as 1d.")
        steps, counts = np.unique(np.diff(times), return_counts=True)
        seconds, rest = divmod(int(steps[counts.argmax()]), 1_000_000)
        if rest or seconds < 1:
            raise InvalidMarketDataError("interval cannot be inferred from these times; give it, such as 1d.")
        return cls.of(seconds)

    @classmethod
    def of(cls, seconds: int) -> Self:
        """Return the interval of so many seconds, 1 or more, in the largest unit that divides them."""
        unit = next(name for name, size in reversed(_UNIT_S.items()) if seconds % size == 0)
        unit = "d" if unit == "w" and seconds > _UNIT_S["w"] else unit
        return cls(f"{seconds // _UNIT_S[unit]}{unit}", seconds)

    @property
    def micros(self) -> int:
        """Length in microseconds."""
        return self.seconds * 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Price bars of one symbol by column, oldest first, already checked.

    Args:
        times: start of each bar, microseconds since 1970 UTC, int64[n], rising.
        open, high, low, close: prices above 0, float64[n].
        volume: traded quantity, float64[n]; NaN where it is not known.
        interval: a bar stamped t covers [t, t + interval) and exists from its end.
    """

    times: NDArray[np.int64]
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column
    interval: Interval

    def __len__(self) -> int:
        return len(self.times)

    @property
    def ends_at(self) -> int:
        """The end of the last bar in microseconds; 0 when there is none."""
        return int(self.times[-1]) + self.interval.micros if len(self.times) else 0

    @property
    def has_volume(self) -> bool:
        """Whether every bar says how much was traded and anything was."""
        return len(self) > 0 and bool(self.volume.sum() > 0)

    def between(self, start: int, stop: int) -> "Bars":
        """Return the bars from position `start` up to, not including, `stop`; columns are views."""
        part = slice(start, stop)
        return Bars(
            self.times[part],
            self.open[part],
            self.high[part],
            self.low[part],
            self.close[part],
            self.volume[part],
            self.interval,
        )

    def until(self, as_of: datetime) -> "Bars":
        """Return the bars that existed at `as_of`, that is those that had ended."""
        visible = int(np.searchsorted(self.times, to_micros(as_of) - self.interval.micros, side="right"))
        return self if visible == len(self) else self.between(0, visible)

    def columns(self) -> tuple[NDArray[np.int64], Column, Column, Column, Column, Column]:
        """Return times, open, high, low, close and volume."""
        return self.times, self.open, self.high, self.low, self.close, self.volume

    def digest(self) -> str:
        """Return the SHA-256 of interval and columns (little-endian, column after column), in hex."""
        summary = hashlib.sha256(self.interval.text.encode())
        for column in self.columns():
            summary.update(np.ascontiguousarray(column).data)
        return summary.hexdigest()


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One headline, untrusted text from outside."""

    timestamp: datetime
    source: str
    title: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Shares held of one symbol; a negative quantity is short."""

    quantity: Decimal
    average_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What the caller owns."""

    equity: Decimal | None = None
    cash: Decimal | None = None
    positions: Mapping[str, Position] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PastVote:
    """What an agent said of this symbol in an earlier decision.

    Args:
        as_of: the instant that decision looked at.
    """

    agent_id: str
    agent_type: str
    as_of: datetime
    decision: str
    confidence: float | None


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisContext:
    """Everything an analyst may know, frozen as of one instant: nothing later is in it.

    Args:
        symbol: upper-case.
        bars: those that had ended at `as_of`.
        as_of: aware, UTC.
        current_price: the caller's quote at `as_of`, or None.
        indicators: values the caller supplied; they replace the computed ones of the same name.
        account: or None.
        news: published no later than `as_of`, oldest first.
        past_votes: on this symbol, of decisions as of an earlier instant, newest first.
    """

    symbol: str
    bars: Bars
    as_of: datetime
    current_price: float | None = None
    indicators: Mapping[str, float] = field(default_factory=dict)
    account: Account | None = None
    news: tuple[NewsItem, ...] = ()
    past_votes: tuple[PastVote, ...] = ()

    @property
    def price(self) -> float:
        """The caller's quote, else the last close.

        Raises:
            InvalidMarketDataError: there is neither.
        """
        if self.current_price is not None:
            return self.current_price
        if not len(self.bars):
            raise InvalidMarketDataError("There is no bar and no current_price; supply one of them.")
        return float(self.bars.close[-1])

    @property
    def position(self) -> Position | None:
        """What the account holds of this symbol, or None."""
        return self.account.positions.get(self.symbol) if self.account else None
