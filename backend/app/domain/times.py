"""Instants of the desk: aware, UTC, microsecond steps."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

_DATE_ALONE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC; a time without an offset is taken to be UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_time(text: str) -> datetime:
    """Read ISO 8601; a date alone is its midnight.

    Raises:
        ValueError: `text` is not ISO 8601.
    """
    return as_utc(datetime.fromisoformat(text))


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


def micros_column(moments: Sequence[datetime]) -> NDArray[np.int64]:
    """Return `to_micros` of many instants, int64[n]."""
    return np.fromiter(map(to_micros, moments), np.int64, len(moments))


def from_micros(micros: int) -> datetime:
    """Return the instant `micros` microseconds after 1970-01-01 UTC."""
    return _EPOCH + timedelta(microseconds=micros)
