"""Series that strain a formula, the same ones every time."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np

from app.domain.bar_checks import bars_of
from app.domain.market import Bars, Interval
from tests.builders import START, bars
from tests.unit.analysis.real_bars import in_unit, window

DAY = Interval.parse("1d")


def motionless(count: int, price: float = 0.1) -> Bars:
    """Bars whose open, high, low and close are one price."""
    times = [START + timedelta(days=place) for place in range(count)]
    return bars_of(times, [[price] * count] * 4, [1_000.0] * count, DAY)


@cache
def walk(count: int) -> Bars:
    """A random walk."""
    return bars(np.exp(4.6 + np.random.default_rng(7).normal(0, 0.01, count).cumsum()).tolist())


def spiky(count: int) -> Bars:
    """One close a million times the others, thirty bars before the end."""
    closes = walk(count).close.tolist()
    closes[max(count - 30, 0)] *= 1e6
    return bars(closes)


def steady(count: int, rate: float) -> Bars:
    """Closes that change by the same rate at every bar."""
    return bars([100 * (1 + rate) ** place for place in range(count)])


def traded(volume: float, first: float, some: Bars) -> Bars:
    """The bars with `volume` traded in each but the first."""
    return replace(some, volume=np.array([first, *[volume] * (len(some) - 1)]))


@cache
def awkward(count: int) -> dict[str, Bars]:
    """Series of `count` bars, at least one, by what is awkward about them."""
    real, nan = window(count=count), float("nan")
    last = float(real.close[-1])
    return {
        "motionless": motionless(count),
        "flat closes in a range": bars([100.0] * count),
        "no volume traded": traded(0.0, 0.0, real),
        "volume unknown": traded(nan, nan, real),
        "volume known in part": traded(5.0, nan, real),
        "tiny volume": traded(1e-9, 1e-9, real),
        "volume in the first bar alone": traded(0.0, 1e9, real),
        "spike": spiky(count),
        "priced 1e-8": in_unit(real, 1e-8 / last),
        "priced 1e9": in_unit(real, 1e9 / last),
        "steady rise": steady(count, 0.01),
        "steady fall": steady(count, -0.01),
    }
