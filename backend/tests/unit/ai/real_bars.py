"""The bundled real bars, read once, and what tests do to them."""

from dataclasses import replace
from functools import cache

import numpy as np

from app.domain.market import Bars
from app.market_data.sample_bars import sample_bars

real = cache(sample_bars)


def window(symbol: str = "AAPL", start: int = 1_500, count: int = 250) -> Bars:
    """Return `count` bars from position `start`; every bundled symbol has 2,148 at least."""
    return real(symbol).between(start, start + count)


def in_unit(some: Bars, unit: float) -> Bars:
    """Return the same market quoted in another unit: every price times `unit`."""
    return replace(some, open=some.open * unit, high=some.high * unit, low=some.low * unit, close=some.close * unit)


def without_volume(some: Bars) -> Bars:
    """Return the bars of a feed that does not know what was traded."""
    return replace(some, volume=np.full(len(some), np.nan))


def flat_bars(count: int, price: float = 100.0) -> Bars:
    """Return bars of a price that never moved."""
    still = np.full(count, price)
    return replace(window(count=count), open=still, high=still, low=still, close=still)
