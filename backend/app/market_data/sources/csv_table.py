"""The columns of a CSV file, and which of its bars are taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from app.domain.bar_checks import bars_of
from app.domain.market import MAX_BARS, Bars, Interval
from app.domain.times import as_utc, micros_column, to_micros

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The columns of a file, read but not yet checked.

    Args:
        lines: where each bar stands in the file, counted from 1.
        times: start of each bar; without an offset it is UTC.
        prices: open, high, low and close.
        volume: None where the file does not say.
    """

    lines: Sequence[int]
    times: Sequence[datetime]
    prices: Sequence[Sequence[float]]
    volume: Sequence[float | None]

    def __len__(self) -> int:
        return len(self.lines)

    def bars(self, interval: Interval | None = None, as_of: datetime | None = None) -> Bars:
        """Check the columns; of a longer file only the last 10,000 bars that exist at `as_of` are taken.

        Raises:
            InvalidMarketDataError: says which line is wrong and why.
        """
        if len(self) <= MAX_BARS:
            return bars_of(self.times, self.prices, self.volume, interval, lambda place: f"line {self.lines[place]}")
        interval = interval or Interval.infer(micros_column(self.times))
        return self._rows(self._latest(interval, as_of)).bars(interval)

    def _latest(self, interval: Interval, as_of: datetime | None) -> Sequence[int]:
        places = range(len(self))
        if as_of is None:
            return places[-MAX_BARS:]
        last_start = to_micros(as_of) - interval.micros
        return [place for place in places if to_micros(as_utc(self.times[place])) <= last_start][-MAX_BARS:]

    def _rows(self, places: Sequence[int]) -> "CsvTable":
        def taken(column: Sequence[Value]) -> list[Value]:
            return [column[place] for place in places]

        return CsvTable(taken(self.lines), taken(self.times), [taken(each) for each in self.prices], taken(self.volume))
