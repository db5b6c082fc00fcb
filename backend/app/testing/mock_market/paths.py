"""From shocks to bars: volatility from shock to shock, a path held back by its regime, a whole bar around each step."""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, log10, sqrt
from typing import Final

import numpy as np

from app.domain.market import Bars, Column, Interval
from app.testing.mock_market import fitted
from app.testing.mock_market.fitted import Habits
from app.testing.mock_market.recursions import affine
from app.testing.mock_market.regimes import Course
from app.testing.mock_market.shapes import BROWNIAN_RANGE, bridge_extremes, gaps_of, volume_of
from app.testing.mock_market.timetables import Timetable

DIGITS: Final = 6
LEAST_LOG, MOST_LOG = -11.0, 25.0


@dataclass(frozen=True, slots=True, eq=False)
class Shocks:
    """What drives a path, float64[n] each: standard normals, and how much livelier than expected each bar is."""

    normals: Column
    surprises: Column


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """What is usual for each bar, float64[n] each.

    Args:
        deviation: of its log return from close to close.
        drift: the log return that a drift of 1 is.
        gap_share: share of that variance before the open.
        volume_share: of a day's volume.
    """

    deviation: Column
    drift: Column
    gap_share: Column
    volume_share: Column


def bars_along(
    course: Course,
    table: Timetable,
    interval: Interval,
    shocks: Shocks,
    *,
    habits: Habits,
    start_price: float,
    draw: Callable[[str], np.random.Generator],
) -> Bars:
    """Return bars whose moves are driven by `shocks`; `draw` returns the chance that goes by a name.

    Prices are rounded to a millionth of the magnitude of `start_price`: what the last bits of a logarithm are on
    another machine does not show.
    """
    standard = shocks.normals * shocks.surprises
    rhythm = _in_sessions(table, standard) if table.per_session else _even(table, habits.gap_share)
    expected = rhythm.deviation * course.level * habits.garch.deviations(standard)
    spread = expected * shocks.surprises
    moves = course.drift * rhythm.drift + _bouncing(shocks.normals * spread, course.bounce)
    path = np.clip(_held_back(moves, course.pull), LEAST_LOG, MOST_LOG)
    opens = path[:-1] + gaps_of(moves, spread, rhythm.gap_share, draw("gaps"))
    within = np.sqrt(1 - rhythm.gap_share)
    high, low = bridge_extremes(opens, path[1:], expected * within, draw("tops"), draw("bottoms"))
    usual_range = rhythm.deviation * within * BROWNIAN_RANGE
    volume = volume_of((high - low) / usual_range, habits.volume, rhythm.volume_share, draw("volume"))
    open_, high, low, close = (_priced(start_price, logs) for logs in (opens, high, low, path[1:]))
    return Bars(table.times, open_, high, low, close, volume, interval)


def _bouncing(moves: Column, bounce: Column) -> Column:
    """Return moves of which the next bar takes back a share, as volatile as without that."""
    if not bounce.any():
        return moves
    before = np.concatenate((np.zeros(1), moves[:-1]))
    return (moves - bounce * before) / np.sqrt(1 + bounce**2)


def _held_back(moves: Column, pull: Column) -> Column:
    """Return the log of price over the start before and after each bar, float64[n + 1]."""
    return affine(np.append(1 - pull, 1.0), np.append(moves, 0.0), 0.0)


def _priced(start_price: float, logs: Column) -> Column:
    decimals = DIGITS - floor(log10(start_price))
    return np.maximum(np.round(start_price * np.exp(logs), decimals), 10.0**-decimals)


def _even(table: Timetable, gap_share: float) -> Rhythm:
    """Bars of a day or longer, and those around the clock: each is like the others."""
    count = len(table.times)
    gaps = gap_share if table.days >= 1 else 0.0
    deviation = fitted.deviation() * sqrt(table.days)
    each = np.full(count, deviation)
    return Rhythm(each, each, np.full(count, gaps), np.full(count, table.days))


def _in_sessions(table: Timetable, shocks: Column) -> Rhythm:
    """Bars within sessions: lively at both ends, a gap overnight, and days that follow quiet or lively days."""
    overnight = fitted.daily().gap_share
    first = np.arange(len(shocks)) % table.per_session == 0
    day = _of_each_day(shocks, table.per_session) * fitted.deviation()
    inner = (1 - overnight) * table.days * fitted.session_pattern("volatility", table.places) ** 2
    variance = np.where(first, inner + overnight, inner)
    gaps = np.where(first, overnight / variance, 0.0)
    traded = table.days * fitted.session_pattern("volume", table.places)
    drift = np.full(len(shocks), fitted.deviation() * table.days)
    return Rhythm(day * np.sqrt(variance), drift, gaps, traded)


def _of_each_day(shocks: Column, per_session: int) -> Column:
    """Return for each bar how volatile its day is: GARCH of days, whose shocks are the sums of their bars' shocks."""
    days = -(-len(shocks) // per_session)
    padded = np.zeros(days * per_session)
    padded[: len(shocks)] = shocks
    daily = padded.reshape(days, per_session).sum(axis=1) / sqrt(per_session)
    return np.repeat(fitted.daily().garch.deviations(daily), per_session)[: len(shocks)]
