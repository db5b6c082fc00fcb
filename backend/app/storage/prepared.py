"""The statements of the write path, compiled once per database and given their values by position.

A decision writes some twenty rows; naming every value of each again would cost more than the database does.

Many rows go to PostgreSQL a column at a time (`unnest`), which is one statement however many there are. Few go row by
row, as everywhere else: that takes half the time once the server knows the statement for so many rows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import chain
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Dialect, Row, Select, Table, insert

from app.storage.stored_text import POSTGRESQL, holdable

MOST_ROWS: Final = 500
FEW_ROWS: Final = 32
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
    for some in _portions(rows):
        text, values = _insertion(connection.dialect, table, some)
        connection.exec_driver_sql(text + _unless_taken(connection.dialect, table), values)


def insert_if_free(connection: Connection, table: Table, row: Values) -> bool:
    """Insert a complete row; return False when its primary key is taken."""
    text, values = _insertion(connection.dialect, table, [row])
    return connection.exec_driver_sql(text + _unless_taken(connection.dialect, table), values).rowcount == 1


def insert_both(connection: Connection, table: Table, row: Values, other: Table, rows: list[Values]) -> bool:
    """Insert a complete row, and rows of another table; return False when the primary key of the first is taken.

    Whether the others were inserted then is not said: the transaction is to be undone. PostgreSQL gets both in one
    message, because each costs a round trip.
    """
    dialect = connection.dialect
    if dialect.name != POSTGRESQL or not 0 < len(rows) <= FEW_ROWS:
        is_free = insert_if_free(connection, table, row)
        insert_rows(connection, other, rows if is_free else ())
        return is_free
    values = tuple(map(_held, chain(row, *rows)))
    return connection.exec_driver_sql(_both(dialect, table, other, len(rows)), values).scalar() == 1


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


@cache
def _both(dialect: Dialect, table: Table, other: Table, rows: int) -> str:
    first = _of_rows(dialect, table, 1) + _unless_taken(dialect, table)
    later = partial(_later, by=len(table.columns))
    others = _PLACE.sub(later, _of_rows(dialect, other, rows))
    return f"WITH one AS ({first} RETURNING 1), others AS ({others}) SELECT count(*) FROM one"  # noqa: S608 - names of ours alone


def _later(place: re.Match[str], by: int) -> str:
    return f"${int(place[1]) + by}"


@cache
def _query(dialect: Dialect, query: Select[Any]) -> tuple[str, tuple[str, ...], Mapping[str, object]]:
    """Return the text of a query, its parameters by position, and the value of each that is a constant."""
    compiled = query.compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()), compiled.params
