"""Letters that were received: the effect of each is made once, however often it comes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete

from app.domain.times import to_micros
from app.storage.prepared import insert_if_free
from app.storage.session import Database
from app.storage.tables import inbox

REMEMBERED: Final = timedelta(days=7)
"""How long a letter is known again; far longer than any broker keeps one."""


class Inbox:
    """Makes effects in the database, each in one transaction with the note that its letter was received.

    Args:
        consumer: whose effects these are; two consumers of the same letters each make their own.
    """

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer

    async def once(self, message_id: str, at: datetime, effect: Callable[[Connection], object]) -> bool:
        """Make `effect` unless this letter was received before; return whether it was made now.

        Args:
            effect: locks what it needs, and writes nothing that has an order: other writers are at work beside it.

        Raises:
            StoreUnavailableError: neither effect nor note is stored.
        """
        row = (self._consumer, message_id, to_micros(at))

        def receive(connection: Connection) -> bool:
            is_new = insert_if_free(connection, inbox, row)
            if is_new:
                effect(connection)
            return is_new

        return await self._database.write(receive, in_order=False, locks=message_id)

    async def forget(self, now: datetime) -> int:
        """Let go of what was received so long ago that it cannot come again; return how many notes that were."""
        long_ago = to_micros(now - REMEMBERED)
        old = delete(inbox).where(inbox.c.consumer == self._consumer, inbox.c.received_at < long_ago)
        return await self._database.write(lambda connection: connection.execute(old).rowcount, in_order=False)
