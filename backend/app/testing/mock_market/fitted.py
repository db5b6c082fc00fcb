"""The parameters of the mock market and the table of facts, as `scripts/fit_mock_market.py` wrote them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import orjson

from app.domain.market import Column
from app.testing.mock_market.shapes import VolumeModel
from app.testing.mock_market.variance import Garch


@dataclass(frozen=True, slots=True)
class Habits:
    """How bars of one kind behave.

    Args:
        garch: of their returns; volume: of their volume.
        gap_share: share of the variance from close to close that falls between close and open.
    """

    garch: Garch
    volume: VolumeModel
    gap_share: float


@dataclass(frozen=True, slots=True)
class Book:
    """How quotes and trades of a liquid stock look.

    Args:
        relative_spread: median of ask less bid over their middle; spread_noise: deviation of its log.
        trades_a_minute, quotes_a_minute: in a session's mean minute.
        trade_size, quote_size: shares, at the mean of the log; the noises are deviations of the log.
    """

    relative_spread: float
    spread_noise: float
    trades_a_minute: float
    quotes_a_minute: float
    trade_size: float
    trade_size_noise: float
    quote_size: float
    quote_size_noise: float


@cache
def document() -> Mapping[str, Any]:
    """Return the whole table: series with their sources, their facts, ranges, and what is fitted to them."""
    read: Mapping[str, Any] = orjson.loads(files("app.testing.mock_market").joinpath("fitted.json").read_bytes())
    return read


def deviation() -> float:
    """Return the usual standard deviation of a daily log return."""
    return float(document()["daily"]["deviation"])


def correlation() -> float:
    """Return the median correlation of two stocks."""
    return float(document()["correlations"]["median"])


@cache
def daily() -> Habits:
    """Return how bars of a day and longer behave."""
    return _habits("daily")


@cache
def minute() -> Habits:
    """Return how bars within a day behave."""
    return _habits("minute")


def book() -> Book:
    """Return how quotes and trades look."""
    told = document()["book"]
    return Book(**{name: told[name] for name in Book.__slots__})


def session_pattern(what: str, places: Column) -> Column:
    """Return `volatility` or `volume` at places within a session over its mean, by the half hour.

    Args:
        places: from 0, the opening, to below 1, the close.
    """
    pattern = np.array(document()["session"][what])
    column: Column = pattern[(places * len(pattern)).astype(np.int64)]
    return column


def _habits(kind: str) -> Habits:
    told = document()[kind]
    return Habits(Garch(**told["garch"]), VolumeModel(**told["volume"]), told["gap_share"])
