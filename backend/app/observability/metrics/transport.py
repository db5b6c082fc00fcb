"""A transport that counts what it takes, what comes again and what is given up."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import perf_counter
from typing import Final, Generic, Self, TypeVar

from app.observability.metrics import catalogue
from app.observability.metrics.catalogue import FEED_QUEUE
from app.observability.metrics.registry import Metrics
from app.ports.queues import DeadLetter, Delivery, WorkQueue
from app.ports.transport import Addressed, Deliveries, Transport, TransportState

M = TypeVar("M", bound=Addressed)

MOST_QUEUES: Final = 100
"""Beyond so many a queue counts as `other`."""


class MeteredTransport(Generic[M]):
    """Is to the outside what `inner` is; what is published to whoever listens counts for the queue `feed`."""

    def __init__(self, inner: Transport[M], metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics
        self._published = metrics.counter(catalogue.BUS_PUBLISHED)
        self._confirm_s = metrics.histogram(catalogue.BUS_CONFIRM)
        self._redelivered = metrics.counter(catalogue.BUS_REDELIVERED)
        self._dead = metrics.counter(catalogue.DEAD_LETTERS)
        self._queues: set[str] = set()
        metrics.expect(queue=FEED_QUEUE)

    @property
    def dropped(self) -> int:
        """Messages lost by all subscribers of this process."""
        return self._inner.dropped

    @property
    def state(self) -> TransportState:
        """How the transport is doing."""
        return self._inner.state

    def describe(self) -> str:
        """Say in words how the transport is doing."""
        return self._inner.describe()

    def hears(self, topic: str) -> bool:
        """Whether anybody may receive a message of this topic."""
        return self._inner.hears(topic)

    async def publish(self, *messages: M, required: bool = False) -> None:
        """Hand over messages; see `Transport.publish`."""
        began = perf_counter()
        await self._inner.publish(*messages, required=required)
        self._taken(FEED_QUEUE, messages, began)

    def subscribe(self, pattern: str, capacity: int = 1_024) -> AbstractAsyncContextManager[Deliveries[M]]:
        """Receive messages; see `Transport.subscribe`."""
        return self._inner.subscribe(pattern, capacity)

    async def declare(self, *queues: WorkQueue) -> None:
        """Make queues; see `Queues.declare`."""
        self._expect(*queues)
        await self._inner.declare(*queues)

    @asynccontextmanager
    async def consume(self, queue: WorkQueue) -> AsyncIterator[AsyncIterator[Delivery[M]]]:
        """Take work from a queue; see `Queues.consume`."""
        self._expect(queue)
        async with self._inner.consume(queue) as deliveries:
            again, dead = self._redelivered.at(queue.name), self._dead.at(queue.name)
            yield _Deliveries(deliveries, again.inc, dead.inc)

    async def send(self, queue: str, *messages: M) -> None:
        """Put messages into a queue; see `Queues.send`."""
        began = perf_counter()
        await self._inner.send(queue, *messages)
        self._taken(queue, messages, began)

    async def request(self, queue: str, message: M, timeout_s: float) -> M:
        """Send a message and return the reply; see `Queues.request`."""
        answer = await self._inner.request(queue, message, timeout_s)
        self._published.at(queue).inc()
        return answer

    def dead_letters(self, queue: str) -> AbstractAsyncContextManager[AsyncIterator[Delivery[DeadLetter[M]]]]:
        """Read what a queue gave up; see `Queues.dead_letters`."""
        return self._inner.dead_letters(queue)

    def _expect(self, *queues: WorkQueue) -> None:
        for name in {queue.name for queue in queues} - self._queues:
            if len(self._queues) < MOST_QUEUES:
                self._queues.add(name)
                self._metrics.expect(queue=name)

    def _taken(self, queue: str, messages: Sequence[M], began: float) -> None:
        self._confirm_s.at(queue).observe(perf_counter() - began)
        self._published.at(queue).inc(len(messages))


class _Deliveries(Generic[M]):
    """The deliveries of one consumer, each counted if it came before."""

    def __init__(self, inner: AsyncIterator[Delivery[M]], again: Callable[[], None], dead: Callable[[], None]) -> None:
        self._inner = inner
        self._again = again
        self._dead = dead

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delivery[M]:
        delivery = await anext(self._inner)
        if delivery.redelivered:
            self._again()
        return _Delivery(delivery, self._dead)


class _Delivery(Generic[M]):
    """A delivery that counts as dead once it is refused for good."""

    def __init__(self, inner: Delivery[M], dead: Callable[[], None]) -> None:
        self._inner = inner
        self._dead = dead

    @property
    def message(self) -> M:
        return self._inner.message

    @property
    def redelivered(self) -> bool:
        return self._inner.redelivered

    @property
    def wants_reply(self) -> bool:
        return self._inner.wants_reply

    async def ack(self) -> None:
        await self._inner.ack()

    async def nack(self, requeue: bool = True, reason: str = "refused") -> None:
        await self._inner.nack(requeue, reason)
        if not requeue:
            self._dead()

    async def reply(self, message: M) -> None:
        await self._inner.reply(message)
