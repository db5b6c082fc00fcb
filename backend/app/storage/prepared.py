"""The statements of the write path, compiled once per database and given their values by position.

A decision writes some twenty rows; naming every value of each again would cost more than the database does.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Dialect, Row, Select, Table, insert

MOST_ROWS: Final = 500
Values: TypeAlias = tuple[Any, ...]
AnyRow: TypeAlias = Row[*tuple[Any, ...]]


def insert_rows(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    """Insert complete rows, values in the order of the columns of `table`, many to a statement."""
    for some in _portions(rows):
        text = _statement(connection.dialect, table, len(some))
        connection.exec_driver_sql(text, tuple(chain.from_iterable(some)))


def insert_missing(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    """Insert those complete rows whose primary key is free; the others are there already."""
    for some in _portions(rows):
        text = _unless_taken(connection.dialect, table, len(some))
        connection.exec_driver_sql(text, tuple(chain.from_iterable(some)))


def insert_if_free(connection: Connection, table: Table, row: Values) -> bool:
    """Insert a complete row; return False when its primary key is taken."""
    return connection.exec_driver_sql(_unless_taken(connection.dialect, table, 1), row).rowcount == 1


def _portions(rows: Iterable[Values]) -> Iterator[list[Values]]:
    remaining = list(rows)
    while remaining:
        some, remaining = remaining[:MOST_ROWS], remaining[MOST_ROWS:]
        yield some


def only_row(connection: Connection, query: Select[Any], **values: object) -> AnyRow:
    """Return the one row of `query` with `values` for its parameters."""
    text, names, constants = _query(connection.dialect, query)
    return connection.exec_driver_sql(text, tuple(values.get(name, constants[name]) for name in names)).one()


@cache
def _statement(dialect: Dialect, table: Table, rows: int) -> str:
    nothing = dict.fromkeys(table.columns.keys())
    return str(insert(table).values([nothing] * rows).compile(dialect=dialect))


@cache
def _unless_taken(dialect: Dialect, table: Table, rows: int) -> str:
    key = ", ".join(map(dialect.identifier_preparer.format_column, table.primary_key))
    return f"{_statement(dialect, table, rows)} ON CONFLICT ({key}) DO NOTHING"


@cache
def _query(dialect: Dialect, query: Select[Any]) -> tuple[str, tuple[str, ...], Mapping[str, object]]:
    """Return the text of a query, its parameters by position, and the value of each that is a constant."""
    compiled = query.compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()), compiled.params
