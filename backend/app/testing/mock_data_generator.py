"""MockDataGenerator: markets that never were, with the habits of those that are."""

from datetime import datetime
from math import floor, log10
from typing import Final

import numpy as np

from app.domain.errors import FieldError, InvalidInputError
from app.domain.market import Bars, Column, Interval
from app.testing.mock_market.calendars import DAY_S, SESSION_S, bar_times
from app.testing.mock_market.recursions import affine
from app.testing.mock_market.regimes import REGIMES, Course, course_of
from app.testing.mock_market.shapes import VolumeModel, bridge_extremes, volume_of
from app.testing.mock_market.shocks import chance, fat_tailed, shared_normals
from app.testing.mock_market.variance import Garch

__all__ = ["REGIMES", "MockDataGenerator"]

DAILY: Final = Interval.parse("1d")
MODEL = Garch(0.03, 0.09, 0.91, 5.5)
VOLUMES = VolumeModel(0.7, 0.6, 0.3, 20_000_000)
USUAL_DEVIATION = 0.015
GAP_SHARE = 0.25
MEAN_RANGE = 1.6


class MockDataGenerator:
    """Makes bars of any symbol in a named regime; the same seed, symbol and regime give the same bytes.

    Args:
        seed: a whole number, 0 or more: one market.
        correlation: of the shocks of any two symbols of the market, 0 to below 1.
    """

    def __init__(self, seed: int = 0, *, correlation: float = 0.4) -> None:
        self._seed = seed
        self._correlation = correlation

    def generate_bars(
        self,
        symbol: str,
        regime: str,
        count: int,
        *,
        interval: Interval = DAILY,
        start: datetime | None = None,
        start_price: float = 100.0,
        lead_in: int | None = None,
    ) -> Bars:
        """Return `count` bars.

        Args:
            regime: one of REGIMES.
            start: beginning of the first bar; None is 2020-01-06.
            start_price: of the first open, above 0.
            lead_in: usual bars before the regime begins; None is none, but a crash or a recovery comes at the end.

        Raises:
            UnknownNameError: there is no such regime.
            InvalidInputError: a count, a price or a time that cannot be.
        """
        _check(count, start_price)
        times = bar_times(count, interval, start)
        course = course_of(regime, count, lead_in, chance(self._seed, regime, symbol, "course"))
        usual = USUAL_DEVIATION * np.sqrt(interval.seconds / (DAY_S if interval.seconds >= DAY_S else SESSION_S))
        normals = shared_normals(self._seed, regime, symbol, count, self._correlation)
        shocks = fat_tailed(normals, MODEL.degrees, chance(self._seed, regime, symbol, "tails"))
        spread = usual * course.level * MODEL.deviations(shocks)
        path = _path(course, usual, shocks * spread)
        random = chance(self._seed, regime, symbol, "shape")
        opens = path[:-1] + spread * np.sqrt(GAP_SHARE) * 0.5 * random.standard_normal(count)
        opens[:1] = 0.0
        high, low = bridge_extremes(opens, path[1:], spread * np.sqrt(1 - GAP_SHARE), random)
        volume = volume_of((high - low) / (usual * MEAN_RANGE), VOLUMES, np.full(count, 1.0), random)
        paths = (opens, high, low, path[1:])
        open_, high, low, close = (_rounded(start_price * np.exp(logs), start_price) for logs in paths)
        return Bars(times, open_, high, low, close, volume, interval)


def _path(course: Course, usual: float, moves: Column) -> Column:
    """Return the log of close over start price after each bar, float64[n + 1], beginning with 0."""
    returns = np.append(course.drift * usual + moves, 0.0)
    return affine(np.append(1 - course.pull, 1.0), returns, 0.0)


def _rounded(prices: Column, start_price: float) -> Column:
    """Round to a millionth of the magnitude of the start, the least price there is."""
    decimals = 6 - floor(log10(start_price))
    return np.maximum(np.round(prices, decimals), 10.0**-decimals)


def _check(count: int, start_price: float) -> None:
    if count < 0:
        raise InvalidInputError("count must be 0 or more.", [FieldError("count", "must be 0 or more")])
    if not 0 < start_price < float("inf"):
        raise InvalidInputError("start_price must be above 0.", [FieldError("start_price", "must be above 0")])
