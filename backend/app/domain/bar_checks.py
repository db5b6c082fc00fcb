"""From raw columns to `Bars`: what no market can have printed is refused, with the bar and the reason."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import FieldError, InvalidMarketDataError
from app.domain.market import MAX_BARS, Bars, Column, Interval
from app.domain.times import LAST_INSTANT, micros_column, parse_time

PRICES = ("open", "high", "low", "close")

Finding = tuple[NDArray[np.bool_], str]


def where_in_request(position: int) -> str:
    """Name a bar the way a JSON request does."""
    return f"market_data.bars.{position}"


def bars_of(
    times: Sequence[datetime | str],
    prices: Sequence[Sequence[float]],
    volume: Sequence[float | None],
    interval: Interval | None = None,
    where: Callable[[int], str] = where_in_request,
) -> Bars:
    """Check columns of equal length and return them as `Bars`.

    Args:
        times: start of each bar, text in ISO 8601; without an offset it is UTC.
        prices: open, high, low and close.
        volume: None where it is not known.
        interval: inferred when None.
        where: names the bar at a position for the error message.

    Raises:
        InvalidMarketDataError: says which bar and why.
    """
    if len(times) > MAX_BARS:
        raise InvalidMarketDataError(f"At most {MAX_BARS:,} bars are taken at once; send the most recent ones.")
    stamps = _stamps(times, where)
    quoted = np.array(prices, np.float64)
    traded = np.array(volume, np.float64)
    for bad, why in _findings(stamps, quoted, traded):
        if bad.any():
            raise _impossible(where(int(bad.argmax())), why)
    open_, high, low, close = quoted
    bars = Bars(stamps, open_, high, low, close, traded, interval or Interval.infer(stamps))
    if bars.ends_at > LAST_INSTANT:
        raise _impossible(where(len(bars) - 1), "it ends after the year 9999")
    return bars


def _stamps(times: Sequence[datetime | str], where: Callable[[int], str]) -> NDArray[np.int64]:
    try:
        return micros_column(times)
    except ValueError:
        bad = next(position for position, time in enumerate(times) if not _is_time(time))
        why = "timestamp is not an ISO 8601 time such as 2024-01-02T00:00:00+00:00"
        raise _impossible(where(bad), why) from None


def _is_time(time: datetime | str) -> bool:
    try:
        return isinstance(time, datetime) or bool(parse_time(time))
    except ValueError:
        return False


def _impossible(place: str, why: str) -> InvalidMarketDataError:
    return InvalidMarketDataError(f"{place}: {why}.", [FieldError(place, why)])


def _findings(stamps: NDArray[np.int64], quoted: Column, traded: Column) -> Iterator[Finding]:
    """Yield, in the order of reporting, which bars break which rule."""
    open_, high, low, close = quoted
    steps = np.diff(stamps, prepend=stamps[:1] - 1)
    yield ~np.logical_and.reduce(np.isfinite(quoted), axis=0), "a price is not a finite number"
    yield np.isinf(traded), "the volume is not a finite number"
    yield steps == 0, "its time is the same as that of the bar before; send each time once"
    yield steps < 0, "its time is before that of the bar before; send the oldest bar first"
    yield quoted.min(axis=0) <= 0, "a price is not above 0"
    yield traded < 0, "the volume is negative"
    yield high < low, "high is below low"
    yield np.maximum(open_, close) > high, "open or close is above high"
    yield np.minimum(open_, close) < low, "open or close is below low"
