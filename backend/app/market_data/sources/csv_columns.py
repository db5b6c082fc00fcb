"""Which column of a CSV file is what: the names that vendors use, in any case and with any decoration."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.bar_checks import PRICES
from app.domain.errors import FieldError, InvalidMarketDataError

DELIMITERS: Final = ",;\t|"
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "closelast", "last", "adjclose", "c"),
    "volume": ("volume", "vol", "v"),
}
WHOLE_TIMES: Final = ("datetime", "timestamp", "opentime")
PART_TIMES: Final = ("date", "time", "t")

_DECORATION = re.compile(r"[^a-z]")


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions of the columns that matter.

    Args:
        time: one column, or a date and a time of day.
        prices: open, high, low and close.
        volume: None when the file does not say.
        width: how many columns the header names.
    """

    time: tuple[int, ...]
    prices: tuple[int, ...]
    volume: int | None
    width: int


def delimiter_of(header: str) -> str:
    """Return the delimiter that the header uses most; a comma when it uses none."""
    return max(DELIMITERS, key=header.count)


def layout_of(header: Sequence[str], line: int = 1) -> Layout:
    """Recognise the columns by their names.

    Raises:
        InvalidMarketDataError: a column that is needed is not there, or is there twice.
    """
    names = [_bare(name) for name in header]
    prices = [_only(names, NAMES[each], each, line) for each in PRICES]
    time = _time(names, line)
    absent = [each for each, found in (("time", time), *zip(PRICES, prices, strict=True)) if found is None]
    if time is None or absent:
        raise _header_error(line, f"no column for {', '.join(absent)}; name them date,open,high,low,close,volume")
    found = tuple(position for position in prices if position is not None)
    return Layout(time, found, _only(names, NAMES["volume"], "volume", line), len(names))


def _bare(name: str) -> str:
    """Leave out numbering, brackets and spaces; what has no letters is no name and stays as it is."""
    return _DECORATION.sub("", name.lower()) or name.strip('\ufeff" ')


def _time(names: Sequence[str], line: int) -> tuple[int, ...] | None:
    """Prefer a column that holds the whole time, then a date with a time of day, then either, then a nameless index."""
    whole = _only(names, WHOLE_TIMES, "time", line)
    if whole is not None:
        return (whole,)
    date, clock = _only(names, ("date",), "date", line), _only(names, ("time",), "time", line)
    if date is not None and clock is not None:
        return date, clock
    part = _only(names, PART_TIMES, "time", line)
    if part is not None:
        return (part,)
    return (0,) if names[0] == "" else None


def _only(names: Sequence[str], wanted: Sequence[str], what: str, line: int) -> int | None:
    """Return the position of the first wanted name that is there."""
    for name in wanted:
        if names.count(name) > 1:
            raise _header_error(line, f"two columns are called {name}; keep one for {what}")
        if name in names:
            return names.index(name)
    return None


def _header_error(line: int, why: str) -> InvalidMarketDataError:
    return InvalidMarketDataError(f"line {line}: {why}.", [FieldError(f"line {line}", why)])
