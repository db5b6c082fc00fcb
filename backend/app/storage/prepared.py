"""The statements of the write path, compiled once per database and given their values by position.

A decision writes some twenty rows; naming every value of each again would cost more than the database does.

Many rows go to PostgreSQL a column at a time (`unnest`), which is one statement however many there are. Few go row by
row, as everywhere else: that takes half the time once the server knows the statement for so many rows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import chain
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Dialect, Row, Select, Table, insert

from app.storage.stored_text import POSTGRESQL, holdable

MOST_ROWS: Final = 500
FEW_ROWS: Final = 32
MOST_PAIRS: Final = 256
_PLACE: Final = re.compile(r"\$(\d+)")
Values: TypeAlias = tuple[Any, ...]
AnyRow: TypeAlias = Row[*tuple[Any, ...]]


def insert_rows(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    """Insert complete rows, values in the order of the columns of `table`, many to a statement."""
    for some in _portions(rows):
        text, values = _insertion(connection.dialect, table, some)
        connection.exec_driver_sql(text, values)


def insert_missing(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    """Insert those complete rows whose primary key is free; the others are there already."""
    _insert_missing(connection, table, rows)


def insert_if_free(connection: Connection, table: Table, row: Values) -> bool:
    """Insert a complete row; return False when its primary key is taken."""
    return _insert_missing(connection, table, [row]) == 1


def insert_both(connection: Connection, table: Table, rows: list[Values], other: Table, others: list[Values]) -> int:
    """Insert complete rows of two tables; return how many of the first had a primary key that was free.

    Where that is not all of them the transaction is to be undone: whether the others were inserted is not said.
    PostgreSQL gets both in one message, because each costs a round trip.
    """
    dialect = connection.dialect
    if dialect.name != POSTGRESQL or not rows or not others or len(others) > MOST_ROWS:
        inserted = _insert_missing(connection, table, rows)
        insert_rows(connection, other, others)
        return inserted
    (first, values), (second, more) = _insertion(dialect, table, rows), _insertion(dialect, other, others)
    text = _both(first + _unless_taken(dialect, table), second, len(values))
    return int(connection.exec_driver_sql(text, values + more).scalar_one())


def _insert_missing(connection: Connection, table: Table, rows: Iterable[Values]) -> int:
    inserted = 0
    for some in _portions(rows):
        text, values = _insertion(connection.dialect, table, some)
        inserted += connection.exec_driver_sql(text + _unless_taken(connection.dialect, table), values).rowcount
    return inserted


def _portions(rows: Iterable[Values]) -> Iterator[list[Values]]:
    remaining = list(rows)
    while remaining:
        some, remaining = remaining[:MOST_ROWS], remaining[MOST_ROWS:]
        yield some


def only_row(connection: Connection, query: Select[Any], **values: object) -> AnyRow:
    """Return the one row of `query` with `values` for its parameters."""
    text, names, constants = _query(connection.dialect, query)
    return connection.exec_driver_sql(text, tuple(values.get(name, constants[name]) for name in names)).one()


def _insertion(dialect: Dialect, table: Table, rows: list[Values]) -> tuple[str, Values]:
    """Return the text that inserts so many rows, and the values for its parameters."""
    if dialect.name != POSTGRESQL:
        return _of_rows(dialect, table, len(rows)), tuple(chain.from_iterable(rows))
    if len(rows) <= FEW_ROWS:
        return _of_rows(dialect, table, len(rows)), tuple(map(_held, chain.from_iterable(rows)))
    return _of_columns(dialect, table), tuple([*map(_held, column)] for column in zip(*rows, strict=True))


def _held(value: object) -> object:
    return holdable(value) if isinstance(value, str) else value


@cache
def _of_rows(dialect: Dialect, table: Table, rows: int) -> str:
    nothing = dict.fromkeys(table.columns.keys())
    return str(insert(table).values([nothing] * rows).compile(dialect=dialect))


@cache
def _of_columns(dialect: Dialect, table: Table) -> str:
    names = ", ".join(map(dialect.identifier_preparer.format_column, table.columns))
    types = (column.type.compile(dialect).partition(" COLLATE")[0] for column in table.columns)
    arrays = ", ".join(f"${place}::{each}[]" for place, each in enumerate(types, 1))
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608 - names of ours alone


@cache
def _unless_taken(dialect: Dialect, table: Table) -> str:
    key = ", ".join(map(dialect.identifier_preparer.format_column, table.primary_key))
    return f" ON CONFLICT ({key}) DO NOTHING"


@lru_cache(MOST_PAIRS)
def _both(first: str, second: str, shift: int) -> str:
    """Return one statement of two insertions, the parameters of the second coming after `shift` of the first."""
    shifted = _PLACE.sub(lambda place: f"${int(place[1]) + shift}", second)
    return f"WITH one AS ({first} RETURNING 1), two AS ({shifted}) SELECT count(*) FROM one"  # noqa: S608 - ours alone


@cache
def _query(dialect: Dialect, query: Select[Any]) -> tuple[str, tuple[str, ...], Mapping[str, object]]:
    """Return the text of a query, its parameters by position, and the value of each that is a constant."""
    compiled = query.compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()), compiled.params
