"""Whether a store can be written, found out by writing."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from app.domain.events import Event, EventType
from app.storage.gathering import Gathering
from app.storage.session import Database
from app.storage.transactions import shared_in


class _NotKeptError(Exception):
    """Ends the trial, so that nothing of it stays."""


async def try_to_write(database: Database) -> None:
    """Write an event and undo it.

    Raises:
        StoreUnavailableError: the store did not take it; says why.
    """
    try:
        await database.write(_write_and_undo)
    except _NotKeptError:
        return


def _write_and_undo(connection: Connection) -> None:
    gathering = shared_in(connection, Gathering)
    gathering.add_events(connection, [Event(EventType.ALERT, {}, datetime.now(UTC))])
    gathering.write(connection)
    raise _NotKeptError
