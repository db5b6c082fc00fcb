"""MockDataGenerator: markets that never were, with the habits of those that are."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final, TypedDict, Unpack

from app.analysis.indicator_columns import indicator_columns
from app.analysis.markov import regime_chain
from app.domain.errors import FieldError, InvalidInputError
from app.domain.market import Bars, Column, Interval, NewsItem
from app.testing.mock_market import fitted
from app.testing.mock_market.headlines import headlines_of
from app.testing.mock_market.paths import Shocks, bars_along
from app.testing.mock_market.prints import Quotes, Ticks, quotes_of, ticks_of
from app.testing.mock_market.regimes import REGIMES, Course, course_of
from app.testing.mock_market.shocks import chance, shared_normals, surprises
from app.testing.mock_market.timetables import DAY_S, Timetable, timetable

__all__ = ["DAILY", "REGIMES", "MockDataGenerator"]

DAILY: Final = Interval.parse("1d")
MAX_SEED: Final = 2**64


class Wishes(TypedDict, total=False):
    """The optional arguments of `generate_bars`."""

    interval: Interval
    start: datetime | None
    start_price: float
    lead_in: int | None
    sessions: bool


class MockDataGenerator:
    """Makes bars, quotes, trades and headlines of any symbol in a named regime, from a seed alone.

    The same seed, symbol, regime and arguments give the same bytes on every run. A longer series begins like a shorter
    one with the same `lead_in`. Symbols of one seed belong to one market and move together.

    Args:
        seed: a whole number from 0.
        correlation: of the shocks of any two symbols, 0 to below 1; None is the median of real stocks.
    """

    def __init__(self, seed: int = 0, *, correlation: float | None = None) -> None:
        _require(0 <= seed < MAX_SEED, "seed", "must be a whole number from 0 to below 2 to the power of 64")
        _require(correlation is None or 0 <= correlation < 1, "correlation", "must be from 0 to below 1")
        self._seed = seed
        self._correlation = fitted.correlation() if correlation is None else correlation

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
        sessions: bool = True,
    ) -> Bars:
        """Return `count` bars.

        Args:
            regime: one of REGIMES.
            start: of the first bar; None is 2020-01-06.
            start_price: what the symbol was worth before the first bar, above 0.
            lead_in: bars of a usual market before the regime begins; None is none, but a crash or a recovery is what
                a series ends in.
            sessions: whether bars shorter than a day fill the sessions of weekdays, where a regime unfolds over days,
                or run around the clock, where it unfolds from bar to bar.

        Raises:
            UnknownNameError: there is no such regime.
            InvalidInputError: a count, a price or a time that cannot be.
        """
        _require(count >= 0, "count", "must be 0 or more")
        _require(0 < start_price <= 1e9, "start_price", "must be above 0 and at most a thousand million")
        _require(lead_in is None or lead_in >= 0, "lead_in", "must be 0 or more")
        habits = fitted.daily() if interval.seconds >= DAY_S else fitted.minute()
        table = timetable(count, interval, start, sessions)
        course = self._course(symbol, regime, table, lead_in)
        shocks = self._shocks(symbol, regime, interval, count, habits.garch.degrees)
        draw = partial(chance, self._seed, symbol, regime, interval.text)
        return bars_along(course, table, interval, shocks, habits=habits, start_price=start_price, draw=draw)

    def _course(self, symbol: str, regime: str, table: Timetable, lead_in: int | None) -> Course:
        random, count = chance(self._seed, symbol, regime, "course"), len(table.times)
        if not table.per_session:
            return course_of(regime, count, lead_in, random)
        days = -(-count // table.per_session)
        first = None if lead_in is None else lead_in // table.per_session
        return course_of(regime, days, first, random).through(table.per_session, count)

    def _shocks(self, symbol: str, regime: str, interval: Interval, count: int, degrees: float) -> Shocks:
        common = chance(self._seed, "market", interval.text, "common").standard_normal(count)
        own = chance(self._seed, symbol, regime, interval.text, "own")
        lively = surprises(count, degrees, chance(self._seed, "market", interval.text, "surprises"))
        return Shocks(shared_normals(common, own, self._correlation), lively)

    def generate_market(
        self, symbols: Iterable[str], regime: str, count: int, **wishes: Unpack[Wishes]
    ) -> dict[str, Bars]:
        """Return bars of several symbols that move together; the arguments are those of `generate_bars`."""
        return {symbol: self.generate_bars(symbol, regime, count, **wishes) for symbol in symbols}

    def generate_ticks(self, symbol: str, bars: Bars, per_bar: int | None = None) -> Ticks:
        """Return trades that make up `bars`: each bar opens, peaks, bottoms and closes in them and has their volume.

        Args:
            per_bar: trades of a bar, 4 or more; None is as many as a liquid stock has in that time, at most 1,000.

        Raises:
            InvalidInputError: fewer than 4.
        """
        _require(per_bar is None or per_bar >= 4, "per_bar", "must be 4 or more")
        return ticks_of(bars, per_bar, chance(self._seed, symbol, bars.digest(), "ticks"))

    def generate_news(self, symbol: str, bars: Bars) -> tuple[NewsItem, ...]:
        """Return headlines on bars, oldest first, each at the end of the bar that it is about."""
        return headlines_of(symbol, bars, partial(chance, self._seed, symbol, bars.interval.text))

    def generate_quotes(self, symbol: str, bars: Bars, per_bar: int | None = None) -> Quotes:
        """Return best bids and offers around the path of `bars`: the bid is always below the offer.

        Args:
            per_bar: quotes of a bar, 1 or more; None is as many as a liquid stock has in that time, at most 1,000.

        Raises:
            InvalidInputError: fewer than 1.
        """
        _require(per_bar is None or per_bar >= 1, "per_bar", "must be 1 or more")
        return quotes_of(bars, per_bar, chance(self._seed, symbol, bars.digest(), "quotes"))

    @staticmethod
    def technical_indicators(bars: Bars) -> dict[str, Column]:
        """Return every indicator of any bars at every bar, float64[n], NaN where it is not defined; causal."""
        return indicator_columns(bars)

    @staticmethod
    def markov_analysis(bars: Bars) -> dict[str, Any]:
        """Return regimes of any bars, their transition counts, probabilities with intervals, persistence; causal."""
        return regime_chain(bars).as_dict()


def _require(holds: bool, name: str, why: str) -> None:
    if not holds:
        raise InvalidInputError(f"{name} {why}.", [FieldError(name, why)])
