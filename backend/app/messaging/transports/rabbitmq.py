"""Messages between processes, over RabbitMQ."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final, Generic, Self, TypeVar

import structlog
from aiormq import Connection
from aiormq.abc import AbstractChannel, DeliveredMessage

from app.messaging.errors import MessageRefusedError, NoReplyError, TransportUnavailableError, UnroutableError
from app.messaging.memory_subscription import MemorySubscription
from app.messaging.parcels import Codec, Parcel
from app.messaging.pauses import growing_pause
from app.messaging.rabbitmq.address import broker_address
from app.messaging.rabbitmq.consumer import WATCH_S, Consumer, Plan
from app.messaging.rabbitmq.deliveries import RabbitDeliveries
from app.messaging.rabbitmq.failures import BROKER_FAILURES, lost_connections_raise, told
from app.messaging.rabbitmq.feed import Feed
from app.messaging.rabbitmq.letters import letter_of
from app.messaging.rabbitmq.link import Link
from app.messaging.rabbitmq.posting import Posting, buried, published, received, sent
from app.messaging.rabbitmq.publisher import Publisher
from app.messaging.rabbitmq.requests import Requests
from app.messaging.rabbitmq.topology import Topology, consumers_of
from app.messaging.starting import stop
from app.messaging.transports.in_process import InProcessTransport
from app.ports.queues import DeadLetter, WorkQueue
from app.ports.transport import Addressed, TransportState

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=Addressed)

TIMEOUT_S: Final = 5.0
_SILENCE: Final = logging.NullHandler()
_LETTERS_AT_ONCE: Final = 100


class RabbitMqTransport(Generic[M]):
    """The transport for several processes; `async with` opens and closes it, with or without a broker there.

    Messages go out over one connection and come in over another, because a broker that is short of memory or disk stops
    reading from those who publish, and acknowledgements must still get through.

    Args:
        url: `amqp://user:password@host:5672/vhost`.
        codec: writes and reads the messages.
        namespace: begins every name at the broker.
        timeout_s: how long the broker may take to accept something.
        watch_s: how often consumers are checked.
        pause: seconds to wait after so many failures in a row.

    Raises:
        InvalidInputError: the url is no AMQP address.
    """

    def __init__(
        self,
        url: str,
        codec: Codec[M],
        *,
        namespace: str = "conclave",
        timeout_s: float = TIMEOUT_S,
        watch_s: float = WATCH_S,
        pause: Callable[[int], float] = growing_pause,
    ) -> None:
        address = broker_address(url)
        self._codec = codec
        self._timeout_s = timeout_s
        self._watch_s = watch_s
        self._pause = pause
        self._out = Link(address, f"{namespace} out", pause)
        self._in = Link(address, f"{namespace} in", pause)
        self._topology = Topology(namespace)
        self._publisher = Publisher(self._out, self._topology, timeout_s, pause)
        self._feed = Feed(self._topology, codec, InProcessTransport[M](), self._consumer)
        self._requests = Requests(self._topology, codec, self._consumer)
        self._running: dict[Consumer | Link, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        for vendor in ("aiormq", "aio_pika"):
            # What goes wrong is told by us, once; without a handler the vendors' words would go to standard error.
            logging.getLogger(vendor).addHandler(_SILENCE)
        for link in (self._out, self._in):
            self._keep(link)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        links = [self._running.pop(link) for link in (self._out, self._in)]
        await stop(*self._running.values())
        self._running.clear()
        await stop(*links)

    @property
    def dropped(self) -> int:
        """Messages lost by all subscribers of this process; see `Transport.dropped`."""
        return self._feed.dropped

    @property
    def state(self) -> TransportState:
        """How the two connections are doing, the worse of them; see `Transport.state`."""
        states = self._in.state, self._out.state
        return next((each for each in (TransportState.DOWN, TransportState.BLOCKED) if each in states), states[0])

    def describe(self) -> str:
        """Say in words how the transport is doing."""
        worse = self._in if self._in.state is TransportState.DOWN else self._out
        return worse.describe()

    def hears(self, topic: str) -> bool:
        """Always true: who listens elsewhere is not known here."""
        return True

    async def publish(self, *messages: M, required: bool = False) -> None:
        """Give messages to whoever listens; see `Transport.publish`."""
        await self._publisher.post(*(self._published(message, required) for message in messages))

    def subscribe(self, pattern: str, capacity: int = 1_024) -> AbstractAsyncContextManager[MemorySubscription[M]]:
        """Receive what matches `pattern` until the block ends; see `Transport.subscribe`."""
        self._keep(self._feed.consumer)
        return self._feed.subscribe(pattern, capacity, self._timeout_s)

    async def declare(self, *queues: WorkQueue) -> None:
        """Make queues that are not there yet; see `Queues.declare`."""
        for queue in queues:
            self._topology.add(queue)
        try:
            async with asyncio.timeout(self._timeout_s):
                with lost_connections_raise():
                    for queue in queues:
                        await self._topology.declare(await self._in.connection(), queue)
        except BROKER_FAILURES as failure:
            message = f"Queues not declared: {self._in.describe()} ({told(failure)}). They will be, once it is up."
            raise TransportUnavailableError(message) from None

    async def consumers(self, *queues: str) -> tuple[int, ...]:
        """Return how many consumers each queue has in all processes; 0 for one that is not there.

        Raises:
            TransportUnavailableError: the broker cannot be asked.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                with lost_connections_raise():
                    connection = await self._in.connection()
                    return tuple([await consumers_of(connection, self._topology.name_of(queue)) for queue in queues])
        except BROKER_FAILURES as failure:
            raise TransportUnavailableError(
                f"Consumers not counted: {self._in.describe()} ({told(failure)})."
            ) from None

    @asynccontextmanager
    async def consume(self, queue: WorkQueue) -> AsyncIterator[RabbitDeliveries[M]]:
        """Take work from a queue; begins at once, and gets work once the broker is up. See `Queues.consume`."""
        await self._declare_where_possible(queue)
        deliveries = RabbitDeliveries[M](self._read, partial(self._bury, queue.name), self._reply)
        plan = Plan(
            queue.name,
            partial(self._set_up_work, queue),
            deliveries.take,
            deliveries.forget,
            queue.prefetch,
            may_wait=queue.one_consumer,
            may_be_quiet=False,
        )
        async with self._consuming(plan):
            yield deliveries

    async def send(self, queue: str, *messages: M) -> None:
        """Put messages into one queue; see `Queues.send`."""
        name = self._topology.name_of(queue)
        await self._publisher.post(*(sent(name, self._codec.pack(message)) for message in messages))

    async def request(self, queue: str, message: M, timeout_s: float) -> M:
        """Send a message and return the reply; see `Queues.request`."""
        self._keep(self._requests.consumer)
        name, parcel = self._topology.name_of(queue), self._codec.pack(message)
        question, answer = self._requests.expect()
        try:
            async with asyncio.timeout(timeout_s) as limit:
                place = await self._requests.reply_queue()
                left_s = (limit.when() or 0.0) - asyncio.get_running_loop().time()
                await self._publisher.post(
                    sent(name, parcel, correlation_id=question, reply_to=place, expires_s=left_s)
                )
                return await answer
        except TimeoutError:
            raise NoReplyError(f"Queue {queue} gave no answer within {timeout_s} s; is a consumer running?") from None
        finally:
            self._requests.forget(question)

    @asynccontextmanager
    async def dead_letters(self, queue: str) -> AsyncIterator[RabbitDeliveries[DeadLetter[M]]]:
        """Read what a queue gave up; see `Queues.dead_letters`."""

        async def set_up(_connection: Connection, channel: AbstractChannel) -> str:
            await self._topology.declare_exchanges(channel)
            return await self._topology.declare_dead(channel, queue)

        def read(delivered: DeliveredMessage) -> DeadLetter[M]:
            return letter_of(delivered, queue, self._codec)

        letters = RabbitDeliveries[DeadLetter[M]](read, _forget, _no_reply)
        plan = Plan(f"{queue}.dead", set_up, letters.take, letters.forget, _LETTERS_AT_ONCE, may_wait=True)
        async with self._consuming(plan):
            yield letters

    def _consumer(self, plan: Plan) -> Consumer:
        return Consumer(self._in, plan, self._watch_s, self._pause)

    def _keep(self, part: Consumer | Link) -> None:
        if part not in self._running:
            self._running[part] = asyncio.create_task(part.run(), name=f"rabbitmq {type(part).__name__}")

    @asynccontextmanager
    async def _consuming(self, plan: Plan) -> AsyncIterator[None]:
        consumer = self._consumer(plan)
        self._keep(consumer)
        try:
            await consumer.ready(self._timeout_s)
            yield
        finally:
            await stop(*filter(None, (self._running.pop(consumer, None),)))

    async def _declare_where_possible(self, queue: WorkQueue) -> None:
        if self._in.is_known_down.is_set():
            self._topology.add(queue)
            return
        try:
            await self.declare(queue)
        except TransportUnavailableError as error:
            log.warning("queue not declared", queue=queue.name, why=error.public)

    async def _set_up_work(self, queue: WorkQueue, connection: Connection, _channel: AbstractChannel) -> str:
        await self._topology.declare(connection, queue)
        return self._topology.name_of(queue.name)

    def _published(self, message: M, required: bool) -> Posting:
        parcel = self._codec.pack(message)
        return published(self._topology.events, parcel, required or self._topology.keeps(parcel.topic))

    def _read(self, delivered: DeliveredMessage) -> M:
        return self._codec.unpack(received(delivered))

    async def _bury(self, queue: str, parcel: Parcel, reason: str) -> None:
        log.warning("dead letter", queue=queue, reason=reason, message_id=parcel.message_id)
        await self._publisher.post(buried(self._topology.dead, self._topology.name_of(queue), parcel, reason))

    async def _reply(self, place: str, question: str, message: M) -> None:
        try:
            await self._publisher.post(sent(place, self._codec.pack(message), correlation_id=question))
        except UnroutableError:
            log.info("nobody waits for the answer any more")


async def _forget(_parcel: Parcel, _reason: str) -> None:
    """A dead letter that is refused is gone."""


async def _no_reply(_place: str, _question: str, _message: object) -> None:
    raise MessageRefusedError("A dead letter cannot be answered; send its message to the queue again.")
