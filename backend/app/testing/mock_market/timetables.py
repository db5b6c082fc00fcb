"""When bars begin: on weekdays, through the sessions of weekdays, or around the clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import FieldError, InvalidInputError
from app.domain.market import Column, Interval
from app.domain.times import LAST_INSTANT, as_utc, to_micros

DAY_S: Final = 86_400
SESSION_S: Final = 23_400
OPENS_AT: Final = timedelta(hours=14, minutes=30)
FIRST_DAY: Final = datetime(2020, 1, 6, tzinfo=UTC)
TRADING_DAYS: Final = 5 / 7
_DAY_MICROS: Final = DAY_S * 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """The times of a series.

    Args:
        times: start of each bar, microseconds since 1970 UTC, int64[n].
        per_session: bars of a session; 0 where bars know no sessions: those of a day, and those around the clock.
        days: trading days that one bar stands for.
    """

    times: NDArray[np.int64]
    per_session: int
    days: float

    @property
    def places(self) -> Column:
        """Where in its session each bar begins, from 0 to below 1, float64[n]."""
        return np.arange(len(self.times)) % self.per_session / self.per_session


def timetable(count: int, interval: Interval, start: datetime | None, sessions: bool) -> Timetable:
    """Return the times of `count` bars.

    Args:
        start: None is 2020-01-06. Bars of a day begin on its day, those of sessions with its day's opening, at 14:30
            UTC; a weekend is passed over. Around the clock, and for longer bars, it is the start of the first bar.
        sessions: whether bars shorter than a day fill sessions of 6.5 hours or run around the clock.

    Raises:
        InvalidInputError: the last bar would end past the calendar.
    """
    first = as_utc(start) if start else FIRST_DAY
    if interval.seconds == DAY_S:
        made = Timetable(_weekdays(np.arange(count), first), 0, 1.0)
    elif interval.seconds > DAY_S or not sessions:
        times = to_micros(first) + np.arange(count, dtype=np.int64) * interval.micros
        days = interval.seconds / DAY_S
        made = Timetable(times, 0, days * TRADING_DAYS if days > 1 else days)
    else:
        made = _in_sessions(count, interval, first)
    if count and int(made.times[-1]) > LAST_INSTANT - interval.micros:
        why = "the last bar would end after the year 9999; ask for fewer or shorter bars"
        raise InvalidInputError(f"count: {why}.", [FieldError("count", why)])
    return made


def _in_sessions(count: int, interval: Interval, first: datetime) -> Timetable:
    per_session = max(1, SESSION_S // interval.seconds)
    day, place = np.divmod(np.arange(count, dtype=np.int64), per_session)
    times = _weekdays(day, first) + to_micros(datetime(1970, 1, 1, tzinfo=UTC) + OPENS_AT) + place * interval.micros
    return Timetable(times, per_session, min(interval.seconds, SESSION_S) / SESSION_S)


def _weekdays(numbers: NDArray[np.int64], first: datetime) -> NDArray[np.int64]:
    """Return the midnight of the n-th weekday from a day on, itself included, in microseconds."""
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    monday = to_micros(midnight) - midnight.weekday() * _DAY_MICROS
    since_monday = numbers + min(midnight.weekday(), 5)
    return monday + (since_monday // 5 * 7 + since_monday % 5) * _DAY_MICROS
