"""Quotes and trades within bars: what a tape would have shown while they were made."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain.market import Bars, Column
from app.testing.mock_market import fitted

CENT: Final = 0.01
MOST_PER_BAR: Final = 1_000
LEAST_TICKS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Trades, oldest first.

    Args:
        times: microseconds since 1970 UTC, int64[n], never falling.
        price: above 0; size: whole shares, 1 or more; float64[n].
    """

    times: NDArray[np.int64]
    price: Column
    size: Column

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Best bids and offers, oldest first.

    Args:
        times: microseconds since 1970 UTC, int64[n], never falling.
        bid, ask: prices, 0 < bid < ask; bid_size, ask_size: whole shares, 1 or more; float64[n].
    """

    times: NDArray[np.int64]
    bid: Column
    ask: Column
    bid_size: Column
    ask_size: Column

    def __len__(self) -> int:
        return len(self.times)


def ticks_of(bars: Bars, per_bar: int | None, random: np.random.Generator) -> Ticks:
    """Return trades whose first, highest, lowest and last prices and whose sizes are those of each bar."""
    book = fitted.book()
    count = per_bar or _usual_count(bars, book.trades_a_minute, LEAST_TICKS)
    prices = _paths(bars, count, random)
    weights = np.exp(random.standard_normal(prices.shape) * book.trade_size_noise)
    return Ticks(_moments(bars, count, random).ravel(), prices.ravel(), _shared_out(bars.volume, weights).ravel())


def quotes_of(bars: Bars, per_bar: int | None, random: np.random.Generator) -> Quotes:
    """Return quotes whose middle follows the trades of each bar."""
    book = fitted.book()
    count = per_bar or _usual_count(bars, book.quotes_a_minute, 1)
    middle = _paths(bars, max(count, LEAST_TICKS), random)[:, :count].ravel()
    noise = np.exp(random.standard_normal(len(middle)) * book.spread_noise)
    half = np.maximum(middle * (book.relative_spread / 2) * noise, CENT / 2)
    step = np.minimum(CENT, middle / 1_000)
    bid = np.maximum(np.floor((middle - half) / step), 1.0) * step
    ask = np.maximum(np.ceil((middle + half) / step) * step, bid + step)
    shown = (_lots(len(middle), random) for _ in range(2))
    return Quotes(_moments(bars, count, random).ravel(), bid, ask, *shown)


def _usual_count(bars: Bars, a_minute: float, least: int) -> int:
    return int(min(max(a_minute * bars.interval.seconds / 60, least), MOST_PER_BAR))


def _moments(bars: Bars, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return `count` times within each bar, rising, int64[n, count]."""
    within = np.sort(random.random((len(bars), count)), axis=1) * bars.interval.micros
    return bars.times[:, None] + within.astype(np.int64)


def _paths(bars: Bars, count: int, random: np.random.Generator) -> Column:
    """Return prices from open to close that reach high and low and stay within them, float64[n, count]."""
    steps = random.standard_normal((len(bars), count)).cumsum(axis=1)
    along = np.linspace(0.0, 1.0, count)
    bridge = steps - steps[:, :1] - along * (steps[:, -1:] - steps[:, :1])
    line = bars.open[:, None] + along * (bars.close - bars.open)[:, None]
    width = np.maximum(np.abs(bridge).max(axis=1), 1e-12)[:, None]
    prices = line + bridge / width * (bars.high - bars.low)[:, None] / 2
    prices = np.clip(prices, bars.low[:, None], bars.high[:, None])
    return _pinned(prices, bars)


def _pinned(prices: Column, bars: Bars) -> Column:
    """Set the ends to open and close and, between them, the extremes to high and low."""
    rows = np.arange(len(prices))
    inner = prices[:, 1:-1]
    top, bottom = inner.argmax(axis=1), inner.argmin(axis=1)
    bottom = np.where(top == bottom, (top + 1) % inner.shape[1], bottom)
    inner[rows, top], inner[rows, bottom] = bars.high, bars.low
    prices[:, 0], prices[:, -1] = bars.open, bars.close
    return prices


def _shared_out(volume: Column, weights: Column) -> Column:
    """Return whole sizes in proportion to weights, 1 or more, that add up to each bar's volume if they can."""
    count = weights.shape[1]
    ends = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    spare = np.maximum(np.nan_to_num(volume) - count, 0.0)[:, None]
    marks = np.rint(ends * spare)
    sizes: Column = 1.0 + np.diff(marks, axis=1, prepend=0.0)
    return sizes


def _lots(count: int, random: np.random.Generator) -> Column:
    """Return shown sizes in round lots of 100 shares."""
    book = fitted.book()
    shares = book.quote_size * np.exp(random.standard_normal(count) * book.quote_size_noise)
    return np.maximum(np.rint(shares / 100), 1.0) * 100
