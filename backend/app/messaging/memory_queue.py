"""A work queue inside one process: the promises of a broker's queue, kept in memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from app.messaging.errors import DeliveryLostError, MessageRefusedError, QueueFullError
from app.ports.queues import DeadLetter, WorkQueue
from app.ports.transport import Addressed

M = TypeVar("M", bound=Addressed)
Bury = Callable[[DeadLetter[M]], None]


@dataclass(slots=True, eq=False)
class Item(Generic[M]):
    """A message in a queue.

    Args:
        answer: where a request waits for its reply.
        returned: how often it has come back.
    """

    message: M
    answer: asyncio.Future[M] | None = None
    returned: int = 0


class MemoryQueue(Generic[M]):
    """Keeps items in order and gives each to one consumer at a time.

    Args:
        bury: takes what the queue gives up.
    """

    def __init__(self, settings: WorkQueue, bury: Bury[M]) -> None:
        self.settings = settings
        self._bury = bury
        self._waiting: deque[Item[M]] = deque()
        self._consumers: list[MemoryConsumer[M]] = []
        self.changed = asyncio.Event()

    def has_room(self, count: int = 1) -> bool:
        """Whether `count` more fit."""
        return len(self._waiting) + count <= self.settings.max_length

    def require_room(self, count: int = 1) -> None:
        """Do nothing where `count` more fit.

        Raises:
            QueueFullError: they do not.
        """
        if not self.has_room(count):
            raise QueueFullError(f"Queue {self.settings.name} is full; start more consumers, then publish again.")

    def put(self, item: Item[M]) -> None:
        """Add an item at the end."""
        self._waiting.append(item)
        self.changed.set()

    def drop_oldest(self) -> None:
        """Make room by forgetting the item that has waited longest."""
        self._waiting.popleft()

    def take_back(self, item: Item[M]) -> None:
        """Put an unsettled item at the front again, unless it has come back too often."""
        item.returned += 1
        if item.returned > self.settings.returns:
            self.give_up(item, "delivery_limit")
        else:
            self._waiting.appendleft(item)
        self.changed.set()

    def give_up(self, item: Item[M], reason: str) -> None:
        """Make an item a dead letter."""
        message = item.message
        self._bury(DeadLetter(self.settings.name, message.topic, reason, message.message_id, message))

    def withdraw(self, item: Item[M]) -> None:
        """Give up an item that nobody waits for any more, unless it is in somebody's hands."""
        if item in self._waiting:
            self._waiting.remove(item)
            self.give_up(item, "expired")

    def next_for(self, consumer: "MemoryConsumer[M]") -> Item[M] | None:
        """Return what `consumer` may work on now; None where there is nothing, or it is not its turn."""
        if self.settings.one_consumer and self._consumers[0] is not consumer:
            return None
        return self._waiting.popleft() if self._waiting else None

    @asynccontextmanager
    async def consume(self, prefetch: int | None = None) -> AsyncIterator["MemoryConsumer[M]"]:
        """Take part in the work until the block ends; what is unsettled then goes back.

        Args:
            prefetch: deliveries that may be unsettled; None is as the queue was declared.
        """
        consumer = MemoryConsumer(self, prefetch or self.settings.prefetch)
        self._consumers.append(consumer)
        try:
            yield consumer
        finally:
            self._consumers.remove(consumer)
            consumer.leave()
            self.changed.set()


class MemoryConsumer(Generic[M]):
    """The deliveries of one consumer.

    Args:
        prefetch: how many may be unsettled.
    """

    def __init__(self, queue: MemoryQueue[M], prefetch: int) -> None:
        self.queue = queue
        self._prefetch = prefetch
        self.unsettled: dict[MemoryDelivery[M], None] = {}

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> "MemoryDelivery[M]":
        while (item := self._next()) is None:
            self.queue.changed.clear()
            await self.queue.changed.wait()
        delivery = MemoryDelivery(item, self)
        self.unsettled[delivery] = None
        return delivery

    def leave(self) -> None:
        """Give back everything unsettled, in its order."""
        for delivery in reversed(tuple(self.unsettled)):
            delivery.is_lost = True
            self.queue.take_back(delivery.item)
        self.unsettled.clear()

    def _next(self) -> Item[M] | None:
        if len(self.unsettled) >= self._prefetch:
            return None
        return self.queue.next_for(self)


class MemoryDelivery(Generic[M]):
    """An item in the hands of a consumer; see `app.ports.queues.Delivery`."""

    def __init__(self, item: Item[M], consumer: MemoryConsumer[M]) -> None:
        self.item = item
        self.message = item.message
        self.redelivered = item.returned > 0
        self.wants_reply = item.answer is not None
        self.is_lost = False
        self._consumer = consumer

    async def ack(self) -> None:
        """Forget the item."""
        self._settle()

    async def nack(self, requeue: bool = True, reason: str = "refused") -> None:
        """Put the item back, or give it up."""
        if not self._settle():
            return
        if requeue:
            self._consumer.queue.take_back(self.item)
        else:
            self._consumer.queue.give_up(self.item, reason)

    async def reply(self, message: M) -> None:
        """Hand the answer to whoever waits for it."""
        if self.item.answer is None:
            raise MessageRefusedError("Nobody asked for an answer to this message; ask with `request`.")
        if not self.item.answer.done():
            self.item.answer.set_result(message)

    def _settle(self) -> bool:
        """Return whether this was the first time."""
        if self.is_lost:
            raise DeliveryLostError("The consumer of this message has left the queue; the message comes to another.")
        was_unsettled = self in self._consumer.unsettled
        self._consumer.unsettled.pop(self, None)
        self._consumer.queue.changed.set()
        return was_unsettled
