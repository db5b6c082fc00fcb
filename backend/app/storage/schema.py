"""Which shape of the tables this code reads and writes, and whether a store has it."""

from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from app.domain.errors import StoreOutdatedError
from app.storage.tables import metadata

REVISIONS: Final = ("0001", "0002")
"""Every revision of the schema, oldest first; the last is the one this code works with."""

HEAD: Final = REVISIONS[-1]

version_table = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def prepare(connection: Connection) -> None:
    """Create the tables in an empty database; refuse one of another version.

    Raises:
        StoreOutdatedError: the tables are older or newer than this code, or were not made by Conclave.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        _create(connection)
    elif version_table.name not in tables:
        raise StoreOutdatedError("The store has tables but no version: try `conclave migrate`, or choose another path.")
    else:
        _check(connection.execute(select(version_table.c.version_num)).scalars().all())


def _create(connection: Connection) -> None:
    """Make and stamp the tables without alembic, whose import would slow down every start."""
    metadata.create_all(connection, checkfirst=False)
    version_table.create(connection)
    connection.execute(version_table.insert(), {"version_num": HEAD})


def _check(stamped: object) -> None:
    if stamped == [HEAD]:
        return
    if stamped in ([], *([revision] for revision in REVISIONS)):
        raise StoreOutdatedError("The store was written by an older Conclave; run `conclave migrate` once.")
    raise StoreOutdatedError("The store was written by a newer Conclave; upgrade Conclave to at least that version.")
