"""When bars begin: weekdays, or the minutes of a session, or around the clock."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import InvalidInputError
from app.domain.market import Interval
from app.domain.times import LAST_INSTANT, as_utc, to_micros

DAY_S = 86_400
SESSION_S = 23_400
OPENS_AT = timedelta(hours=14, minutes=30)
FIRST_DAY = datetime(2020, 1, 6, tzinfo=UTC)
_MICROS = 1_000_000


def bar_times(count: int, interval: Interval, start: datetime | None) -> NDArray[np.int64]:
    """Return when each bar begins, microseconds since 1970 UTC, int64[n].

    Bars of a day come on weekdays, longer ones at their distance; shorter ones fill sessions of 6.5 hours from 14:30
    UTC on weekdays, unless `start` is given with a time of day: then they follow one another around the clock.

    Raises:
        InvalidInputError: the last bar would end past the calendar.
    """
    first = as_utc(start) if start else FIRST_DAY
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    if interval.seconds > DAY_S or first != midnight:
        times = to_micros(first) + np.arange(count, dtype=np.int64) * interval.micros
    else:
        per_day = bars_per_session(interval)
        day, place = np.divmod(np.arange(count, dtype=np.int64), per_day)
        opening = to_micros(midnight if per_day == 1 and interval.seconds == DAY_S else midnight + OPENS_AT)
        times = opening + _weekdays(day, midnight.weekday()) * DAY_S * _MICROS + place * interval.micros
    if count and int(times[-1]) + interval.micros > LAST_INSTANT:
        raise InvalidInputError("The last bar would end after the year 9999; ask for fewer or shorter bars.")
    return times


def bars_per_session(interval: Interval) -> int:
    """Return how many bars a session has; 1 for bars of a day or longer."""
    return max(1, SESSION_S // interval.seconds)


def _weekdays(count: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """Return the distance in days of the n-th weekday from a day that is the `first` of its week (Monday 0)."""
    skipped = 7 - first if first > 4 else 0
    since_monday = count + (0 if skipped else first)
    return since_monday // 5 * 7 + since_monday % 5 - (0 if skipped else first) + skipped
