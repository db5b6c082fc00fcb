"""Instants of the desk: aware, UTC, microsecond steps."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

_DATE_ALONE = re.compile(r"\d{4}-\d{2}-\d{2}")


_DATE = r"[1-9]\d{3}-\d\d-\d\d"
_SECOND = _DATE + r"T\d\d:\d\d:\d\d"
# how a column of UTC times is spelled alike, and how many characters of each tell the time
_COLUMN_FORMS = tuple(
    (re.compile(rf"(?:{form}\n)+", re.ASCII), length)
    for form, length in ((_DATE, 10), (rf"{_SECOND}\+00:00", 19), (rf"{_SECOND}Z", 19), (_SECOND, 19))
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


LAST_INSTANT = 253_402_300_799_999_999
"""The last microsecond of the year 9999, the end of the calendar that Python knows."""


def as_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC; a time without an offset is taken to be UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_time(text: str) -> datetime:
    """Read ISO 8601; a date alone is its midnight.

    Raises:
        ValueError: `text` is not ISO 8601 or lies past the calendar.
    """
    try:
        return as_utc(datetime.fromisoformat(text))
    except OverflowError as error:
        raise ValueError("the time lies past the calendar") from error


def parse_as_of(text: str) -> datetime:
    """Read ISO 8601; a date alone means the end of that day.

    Raises:
        ValueError: `text` is not ISO 8601 or lies past the calendar.
    """
    if not _DATE_ALONE.fullmatch(text):
        return parse_time(text)
    try:
        day_after = date.fromisoformat(text) + timedelta(days=1)
    except OverflowError as error:
        raise ValueError("the day after lies past the calendar") from error
    return datetime(day_after.year, day_after.month, day_after.day, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Return microseconds since 1970-01-01 UTC, exactly; a time without an offset is taken to be UTC."""
    distance = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (distance.days * 86_400 + distance.seconds) * 1_000_000 + distance.microseconds


def micros_column(moments: Sequence[datetime | str]) -> NDArray[np.int64]:
    """Return `to_micros` of many instants, int64[n]; text is ISO 8601.

    Raises:
        ValueError: a text is no time.
    """
    texts = [moment for moment in moments if isinstance(moment, str)]
    lines = "\n".join((*texts, ""))
    if len(texts) == len(moments) and (length := _common_length(lines)):
        column = np.frombuffer(lines.encode(), f"S{len(lines) // len(texts)}")
        return column.astype(f"S{length}").astype("datetime64[us]").astype(np.int64)
    read = (parse_time(moment) if isinstance(moment, str) else moment for moment in moments)
    return np.fromiter(map(to_micros, read), np.int64, len(moments))


def _common_length(lines: str) -> int:
    """The characters that tell the time where every line is spelled alike, so that numpy can read them in one go."""
    return next((length for form, length in _COLUMN_FORMS if form.fullmatch(lines)), 0)


def from_micros(micros: int) -> datetime:
    """Return the instant `micros` microseconds after 1970-01-01 UTC."""
    return _EPOCH + timedelta(microseconds=micros)
