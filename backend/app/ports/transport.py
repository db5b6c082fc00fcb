"""How events travel between the parts of the desk."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.domain.events import Event


class Deliveries(Protocol):
    """The events of one subscriber, in the order they were published."""

    @property
    def dropped(self) -> int:
        """How many events this subscriber lost because it did not read."""

    def __aiter__(self) -> AsyncIterator[Event]: ...

    async def __anext__(self) -> Event: ...


class Transport(Protocol):
    """Moves events to whoever subscribed, in publishing order per subscriber."""

    async def publish(self, event: Event) -> None:
        """Return once the transport has taken responsibility for `event`; a slow subscriber is never waited for.

        Raises:
            TransportError: nothing was sent; publishing again is safe.
        """

    def subscribe(self, pattern: str, capacity: int = 1_024) -> AbstractAsyncContextManager[Deliveries]:
        """Receive events whose topic matches `pattern` (`*` is one word, `#` any number of words).

        Args:
            capacity: unread events kept; beyond it the oldest is dropped and counted.
        """

    def hears(self, topic: str) -> bool:
        """Whether anybody may receive an event of this topic; True where the transport cannot know."""

    @property
    def dropped(self) -> int:
        """Events lost by all subscribers together since the start."""
