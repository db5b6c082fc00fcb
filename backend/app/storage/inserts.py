"""Inserting rows given in the order of a table's columns: the statement is compiled once, not once per row.

A decision writes some twenty rows, and naming every value of each again would cost more than the database does.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Table, insert

Values: TypeAlias = tuple[Any, ...]


def insert_rows(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    """Insert complete rows, values in the order of the columns of `table`."""
    connection.exec_driver_sql(_statement(connection.dialect, table), list(rows))


def insert_if_free(connection: Connection, table: Table, row: Values) -> bool:
    """Insert a complete row; return False when its primary key or another unique value is taken."""
    statement = f"{_statement(connection.dialect, table)} ON CONFLICT DO NOTHING"
    return connection.exec_driver_sql(statement, row).rowcount == 1


@cache
def _statement(dialect: Dialect, table: Table) -> str:
    return str(insert(table).compile(dialect=dialect))
