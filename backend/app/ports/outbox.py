"""Letters that were stored with what they tell of and wait to be sent."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from app.domain.letters import Letter


class Outbox(Protocol):
    """Gives letters to whoever sends them; every method may raise StoreUnavailableError."""

    def batch(self, in_order: bool, most: int) -> AbstractAsyncContextManager[Sequence[Letter]]:
        """Yield the oldest letters that nobody else is sending; they are gone once the block ends without an exception.

        Args:
            in_order: letters without a queue, which one sender at a time has; else those for queues, which many have.
        """

    async def waiting(self) -> tuple[int, datetime | None]:
        """Return how many letters wait, and since when the oldest does."""
