"""Events inside one process: a bounded queue per subscriber, nobody waits for anybody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from app.domain.events import Event
from app.messaging.topics import matches

_KNOWN_TOPICS = 10_000


class QueuedDeliveries:
    """The unread events of one subscriber; when full the oldest is dropped and counted."""

    def __init__(self, pattern: str, capacity: int) -> None:
        self.pattern = pattern
        self.dropped = 0
        self._queue: asyncio.Queue[Event] = asyncio.Queue(capacity)

    def offer(self, event: Event) -> bool:
        """Add an event; return False when that cost an older one."""
        had_room = not self._queue.full()
        if not had_room:
            self._queue.get_nowait()
            self.dropped += 1
        self._queue.put_nowait(event)
        return had_room

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._queue.get()


class InProcessTransport:
    """Hands frozen events from publisher to subscribers by reference."""

    def __init__(self) -> None:
        self.dropped = 0
        self._subscribers: list[QueuedDeliveries] = []
        self._by_topic: dict[str, tuple[QueuedDeliveries, ...]] = {}

    async def publish(self, event: Event) -> None:
        """Put the event into every matching queue; see `Transport.publish`."""
        for deliveries in self._matching(event.topic):
            self.dropped += not deliveries.offer(event)

    def hears(self, topic: str) -> bool:
        """Whether anybody has subscribed to this topic."""
        return bool(self._matching(topic))

    @asynccontextmanager
    async def subscribe(self, pattern: str, capacity: int = 1_024) -> AsyncIterator[QueuedDeliveries]:
        """Receive what matches `pattern` until the block ends; see `Transport.subscribe`."""
        deliveries = QueuedDeliveries(pattern, capacity)
        self._subscribers.append(deliveries)
        self._by_topic.clear()
        try:
            yield deliveries
        finally:
            self._subscribers.remove(deliveries)
            self._by_topic.clear()

    def _matching(self, topic: str) -> tuple[QueuedDeliveries, ...]:
        found = self._by_topic.get(topic)
        if found is None:
            if len(self._by_topic) >= _KNOWN_TOPICS:
                self._by_topic.clear()
            found = tuple(each for each in self._subscribers if matches(each.pattern, topic))
            self._by_topic[topic] = found
        return found
