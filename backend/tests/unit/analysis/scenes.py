"""Series that strain a formula, and the same series seen at another price level."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np

from app.domain.bar_checks import bars_of
from app.domain.market import Bars, Interval
from app.market_data.sample_bars import sample_bars
from tests.builders import START, bars

DAY = Interval.parse("1d")


@cache
def real(symbol="AAPL", count=250, end=1_250):
    """Real bars: `count` of them up to position `end`."""
    return sample_bars(symbol).between(end - count, end)


def at_level(made: Bars, factor: float) -> Bars:
    """The same bars with every price times `factor`."""
    return replace(
        made, open=made.open * factor, high=made.high * factor, low=made.low * factor, close=made.close * factor
    )


def with_volume(made: Bars, volume) -> Bars:
    return replace(made, volume=np.full(len(made), volume) if np.isscalar(volume) else np.array(volume, float))


def motionless(count: int, price: float = 0.1) -> Bars:
    """Bars whose open, high, low and close are one price."""
    times = [START + timedelta(days=place) for place in range(count)]
    return bars_of(times, [[price] * count] * 4, [1_000.0] * count, DAY)


def spiky(count: int) -> Bars:
    """One close a million times the others, thirty bars before the end."""
    closes = np.exp(wandering(count))
    closes[max(count - 30, 0)] *= 1e6
    return bars(closes.tolist())


def wandering(count: int, step: float = 0.01, drift: float = 0.0, seed: int = 7):
    """Log prices of a random walk, the same one every time."""
    return np.cumsum(np.random.default_rng(seed).normal(drift, step, count)) + 4.6


def walk(count: int, step: float = 0.01, drift: float = 0.0, seed: int = 7) -> Bars:
    return bars(np.exp(wandering(count, step, drift, seed)).tolist())


def steady(count: int, rate: float) -> Bars:
    """Closes that change by the same rate at every bar."""
    return bars([100 * (1 + rate) ** place for place in range(count)])


def awkward(count: int) -> dict[str, Bars]:
    """Series of `count` bars on which a careless formula divides by zero, overflows or loses its digits."""
    ordinary = real(count=count)
    return {
        "real": ordinary,
        "motionless": motionless(count),
        "flat closes in a range": bars([100.0] * count),
        "no volume traded": with_volume(ordinary, 0.0),
        "volume unknown": with_volume(ordinary, float("nan")),
        "volume known in part": with_volume(ordinary, [float("nan"), *[5.0] * (count - 1)][:count]),
        "tiny volume": with_volume(ordinary, 1e-9),
        "spike": spiky(count),
        "priced 1e-8": at_level(ordinary, 1e-8 / float(ordinary.close[-1])) if count else ordinary,
        "priced 1e9": at_level(ordinary, 1e9 / float(ordinary.close[-1])) if count else ordinary,
        "steady rise": steady(count, 0.01),
        "steady fall": steady(count, -0.01),
    }
