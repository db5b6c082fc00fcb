"""Messages inside one process: frozen objects, handed over by reference."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final, Generic, NamedTuple, Self, TypeVar

import structlog

from app.messaging.errors import NoReplyError, QueueSettingsError, UnroutableError
from app.messaging.memory_queue import Item, MemoryConsumer, MemoryQueue
from app.messaging.memory_subscription import MemorySubscription
from app.messaging.topics import matches
from app.ports.queues import DeadLetter, WorkQueue
from app.ports.transport import Addressed, TransportState

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=Addressed)

_KNOWN_TOPICS: Final = 10_000
_DEAD_LETTERS: Final = 10_000


class _Receivers(NamedTuple, Generic[M]):
    subscriptions: tuple[MemorySubscription[M], ...]
    queues: tuple[MemoryQueue[M], ...]


class InProcessTransport(Generic[M]):
    """The transport that needs no server: what it keeps ends with the process."""

    state = TransportState.UP

    def __init__(self) -> None:
        self.dropped = 0
        self._subscriptions: list[MemorySubscription[M]] = []
        self._queues: dict[str, MemoryQueue[M]] = {}
        self._dead: dict[str, MemoryQueue[DeadLetter[M]]] = {}
        self._by_topic: dict[str, _Receivers[M]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """There is nothing to let go of."""

    def describe(self) -> str:
        """Say that there is nothing that could be down; see `Transport.describe`."""
        return "within this process"

    async def publish(self, *messages: M, required: bool = False) -> None:
        """Put the messages into every matching queue; see `Transport.publish`."""
        for message in messages:
            subscriptions, queues = self._receivers(message.topic)
            if queues:
                _keep(message, queues)
            elif required:
                raise UnroutableError(f"No queue keeps {message.topic}; declare one, or start what consumes it.")
            for subscription in subscriptions:
                if not subscription.offer(message):
                    self.dropped += 1

    def hears(self, topic: str) -> bool:
        """Whether anybody has subscribed to this topic or a queue keeps it."""
        return any(self._receivers(topic))

    @asynccontextmanager
    async def subscribe(self, pattern: str, capacity: int = 1_024) -> AsyncIterator[MemorySubscription[M]]:
        """Receive what matches `pattern` until the block ends; see `Transport.subscribe`."""
        subscription = MemorySubscription[M](pattern, capacity)
        self._subscriptions.append(subscription)
        self._by_topic.clear()
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)
            self._by_topic.clear()

    def interrupt(self) -> None:
        """Tell every subscriber that the way to it was cut; for transports that hand on what comes from elsewhere."""
        for subscription in self._subscriptions:
            subscription.interruptions += 1

    async def declare(self, *queues: WorkQueue) -> None:
        """Make queues that are not there yet; see `Queues.declare`."""
        for queue in queues:
            known = self._queues.get(queue.name)
            if known is None:
                self._add(queue)
            elif not known.settings.is_same_as(queue):
                raise QueueSettingsError(f"Queue {queue.name} exists with other settings; use those or another name.")

    @asynccontextmanager
    async def consume(self, queue: WorkQueue) -> AsyncIterator[MemoryConsumer[M]]:
        """Take work from a queue; see `Queues.consume`."""
        await self.declare(queue)
        async with self._queues[queue.name].consume(queue.prefetch) as consumer:
            yield consumer

    async def send(self, queue: str, *messages: M) -> None:
        """Put messages into one queue; see `Queues.send`."""
        self._put(queue, [Item(message) for message in messages])

    async def request(self, queue: str, message: M, timeout_s: float) -> M:
        """Send a message and return the reply; see `Queues.request`."""
        answer: asyncio.Future[M] = asyncio.get_running_loop().create_future()
        question = Item(message, answer)
        self._put(queue, [question])
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise NoReplyError(f"Queue {queue} gave no answer within {timeout_s} s; is a consumer running?") from None
        finally:
            if answer.cancelled():
                self._queues[queue].withdraw(question)

    @asynccontextmanager
    async def dead_letters(self, queue: str) -> AsyncIterator[MemoryConsumer[DeadLetter[M]]]:
        """Read what a queue gave up; see `Queues.dead_letters`."""
        async with self._dead_queue(queue).consume() as consumer:
            yield consumer

    def _add(self, queue: WorkQueue) -> None:
        self._queues[queue.name] = MemoryQueue(queue, self._bury)
        self._by_topic.clear()

    def _put(self, name: str, items: Iterable[Item[M]]) -> None:
        queue, items = self._queues.get(name), tuple(items)
        if queue is None:
            raise UnroutableError(f"There is no queue {name}; declare it, or start what consumes it.")
        queue.require_room(len(items))
        for item in items:
            queue.put(item)

    def _bury(self, letter: DeadLetter[M]) -> None:
        log.warning("dead letter", queue=letter.queue, reason=letter.reason, message_id=letter.message_id)
        dead = self._dead_queue(letter.queue)
        if not dead.has_room():
            dead.drop_oldest()
        dead.put(Item(letter))

    def _dead_queue(self, name: str) -> MemoryQueue[DeadLetter[M]]:
        if name not in self._dead:
            settings = WorkQueue(f"{name}.dead", returns=sys.maxsize, max_length=_DEAD_LETTERS)
            self._dead[name] = MemoryQueue(settings, _forget)
        return self._dead[name]

    def _receivers(self, topic: str) -> _Receivers[M]:
        found = self._by_topic.get(topic)
        if found is None:
            if len(self._by_topic) >= _KNOWN_TOPICS:
                self._by_topic.clear()
            found = self._by_topic[topic] = self._find(topic)
        return found

    def _find(self, topic: str) -> _Receivers[M]:
        return _Receivers(
            tuple(each for each in self._subscriptions if matches(each.pattern, topic)),
            tuple(each for each in self._queues.values() if any(matches(one, topic) for one in each.settings.patterns)),
        )


def _keep(message: M, queues: tuple[MemoryQueue[M], ...]) -> None:
    for queue in queues:
        queue.require_room()
    for queue in queues:
        queue.put(Item(message))


def _forget(_letter: object) -> None:
    """A dead letter that is refused is gone."""
