"""Brings a store of an older Conclave to the present shape of its tables, keeping what is in it."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from app.storage.opening import database_at
from app.storage.schema import revision_of

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).resolve().parent


async def upgrade(target: Path | str, revision: str = "head") -> str | None:
    """Run every missing step on the store at a path or URL, in one transaction; an up-to-date store stays as it is.

    A step takes as long as it takes. Two that do this at once, or one while a desk writes, wait for each other.

    Returns:
        the revision it had; None when it was empty.

    Raises:
        StoreUnavailableError: it cannot be opened or written; it is as it was.
        StoreOutdatedError: it is newer than this code, or not one of Conclave's.
    """
    database = database_at(target, timeout_s=None)
    await database.open()
    try:
        return await database.write(lambda connection: upgrade_connection(connection, revision))
    finally:
        await database.close()


def upgrade_connection(connection: Connection, revision: str = "head") -> str | None:
    """Run the missing steps up to `revision` on an open connection and return what it had; its owner commits.

    Raises:
        StoreOutdatedError: the database is newer than this code, or not one of Conclave's.
    """
    from alembic import command

    before = revision_of(connection)
    command.upgrade(configuration(connection), revision)
    return before


def downgrade_connection(connection: Connection, revision: str) -> None:
    """Undo the steps after `revision`, dropping what they added; the owner of the connection commits."""
    from alembic import command

    command.downgrade(configuration(connection), revision)


def configuration(connection: Connection) -> "Config":
    """Return alembic's configuration for running the steps on `connection`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(script_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def script_folder() -> Path:
    """Return the folder of the steps: inside an installed package, else at the top of the source tree."""
    installed = _HERE / "migrations"
    return installed if installed.is_dir() else _HERE.parents[2] / "alembic"
