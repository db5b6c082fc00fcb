"""Bars from a CSV file of any vendor: every fault is told with its line."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Final, NoReturn, TypeVar

from app.domain.bar_checks import PRICES
from app.domain.errors import FieldError, InvalidMarketDataError
from app.domain.market import Bars, Interval
from app.market_data.sources.csv_columns import Layout, delimiter_of, layout_of
from app.market_data.sources.csv_table import CsvTable
from app.market_data.sources.csv_times import HOW, read_time

Value = TypeVar("Value")
Rows = list[list[str]]

_UNREADABLE: Final = (ValueError, OverflowError, OSError)


def read_bars(lines: Iterable[str], interval: str | None = None, as_of: datetime | None = None) -> Bars:
    """Return the bars of a CSV file.

    Args:
        lines: an open text file, or its lines; the first names the columns.
        interval: length of a bar such as `1d`; inferred when None.
        as_of: which bars to take when there are more than 10,000.

    Raises:
        InvalidMarketDataError: says which line is wrong and why.
    """
    return read_table(lines).bars(Interval.parse(interval) if interval else None, as_of)


def read_table(lines: Iterable[str]) -> CsvTable:
    """Return the columns of a CSV file as they stand there.

    Raises:
        InvalidMarketDataError: says which line cannot be read and why.
    """
    try:
        return _table(enumerate(lines, start=1))
    except csv.Error:
        raise InvalidMarketDataError("The file is no CSV: a line is broken or not text.") from None


def _table(numbered: Iterator[tuple[int, str]]) -> CsvTable:
    first, header = next(((number, line) for number, line in numbered if line.strip()), (1, ""))
    if not header:
        raise InvalidMarketDataError("The file is empty; give one with the columns date,open,high,low,close,volume.")
    reader = csv.reader(chain([header], (line for _, line in numbered)), delimiter=delimiter_of(header))
    layout = layout_of(next(reader), first)
    places, rows = _rows(reader, layout, first)
    if not rows:
        raise InvalidMarketDataError("The file names its columns but holds no bars.")
    return _columns(places, rows, layout)


def _rows(reader: Iterable[list[str]], layout: Layout, first: int) -> tuple[list[int], Rows]:
    """Return the rows that hold anything, each as wide as the header, and the lines where they begin."""
    places, rows = [], []
    begin = first + 1
    for row in reader:
        fitted = row if len(row) == layout.width else _fitted(row, layout.width, begin)
        if any(fitted) and any(map(str.strip, fitted)):
            places.append(begin)
            rows.append(fitted)
        begin = first + reader.line_num  # type: ignore[attr-defined]
    return places, rows


def _fitted(row: list[str], width: int, line: int) -> list[str]:
    """Accept a blank line and delimiters at the end; anything else of another width has lost its columns."""
    if "".join(row[width:]).strip() or (len(row) < width and "".join(row).strip()):
        _refuse(line, f"it has {len(row)} fields where the first line names {width}")
    return (row + [""] * width)[:width]


def _columns(places: list[int], rows: Rows, layout: Layout) -> CsvTable:
    cells = list(zip(*rows, strict=True))
    stamps = _stamps([cells[at] for at in layout.time])
    times = _read(stamps, read_time, places, f"its time {HOW}")
    prices = [
        _read(cells[at], _number, places, f"{name} is not a plain number such as 187.25")
        for name, at in zip(PRICES, layout.prices, strict=True)
    ]
    if layout.volume is None:
        return CsvTable(places, times, prices, [None] * len(rows))
    volume = _read(cells[layout.volume], _number_or_none, places, "volume is not a plain number such as 81500")
    return CsvTable(places, times, prices, volume)


def _stamps(columns: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the times as text, a date and its time of day put together."""
    if len(columns) == 1:
        return columns[0]
    return [" ".join(map(str.strip, parts)) for parts in zip(*columns, strict=True)]


def _read(cells: Sequence[str], read: Callable[[str], Value], places: Sequence[int], why: str) -> list[Value]:
    try:
        return [read(cell) for cell in cells]
    except _UNREADABLE:
        _refuse(next(line for line, cell in zip(places, cells, strict=True) if not _reads(cell, read)), why)


def _reads(cell: str, read: Callable[[str], object]) -> bool:
    try:
        read(cell)
    except _UNREADABLE:
        return False
    return True


def _number(cell: str) -> float:
    if "_" in cell:
        raise ValueError
    return float(cell)


def _number_or_none(cell: str) -> float | None:
    return _number(cell) if cell.strip() else None


def _refuse(line: int, why: str) -> NoReturn:
    raise InvalidMarketDataError(f"line {line}: {why}.", [FieldError(f"line {line}", why)])
