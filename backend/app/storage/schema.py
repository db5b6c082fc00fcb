"""Which shape of the tables this code reads and writes, and whether a store has it."""

from typing import Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select

from app.domain.errors import StoreOutdatedError
from app.storage.tables import metadata

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005")
"""Every revision of the schema, oldest first; the last is the one this code works with."""

HEAD: Final = REVISIONS[-1]

version_table = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def prepare(connection: Connection) -> None:
    """Create the tables in an empty database; refuse one of another version.

    Raises:
        StoreOutdatedError: the tables are older or newer than this code, or were not made by Conclave.
    """
    if not inspect(connection).get_table_names():
        _create(connection)
    elif revision_of(connection) != HEAD:
        raise StoreOutdatedError("The store was written by an older Conclave; run `conclave migrate` once.")


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database that this code works with or can upgrade; None when it has no tables of ours.

    Raises:
        StoreOutdatedError: its tables are newer, or were not made by Conclave.
    """
    tables = inspect(connection).get_table_names()
    if tables and version_table.name not in tables:
        raise StoreOutdatedError(
            "The database has tables but no version of Conclave's; choose another path or database, "
            "or restore a backup and run `conclave migrate`."
        )
    revision = connection.execute(select(version_table.c.version_num)).scalar() if tables else None
    if revision is not None and revision not in REVISIONS:
        raise StoreOutdatedError("The store was written by a newer Conclave; upgrade Conclave to that version.")
    return revision


def _create(connection: Connection) -> None:
    """Make and stamp the tables without alembic, whose import would slow down every start."""
    metadata.create_all(connection, checkfirst=False)
    version_table.create(connection)
    connection.execute(version_table.insert(), {"version_num": HEAD})
