"""What is published, for the subscribers of this process: one queue at the broker, read once, shared by reference."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final, Generic, Protocol, TypeVar

import structlog
from aiormq import Connection
from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp.common import FieldTable

from app.domain.identifiers import new_id
from app.messaging.errors import AgentCommunicationError
from app.messaging.memory_subscription import MemorySubscription
from app.messaging.parcels import Codec
from app.messaging.rabbitmq.closing import to_its_end
from app.messaging.rabbitmq.consumer import Consumer, Plan
from app.messaging.rabbitmq.failures import BROKER_FAILURES, lost_connections_raise
from app.messaging.rabbitmq.posting import received
from app.messaging.rabbitmq.session import Session
from app.messaging.rabbitmq.topology import Topology
from app.ports.transport import Addressed

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=Addressed)

_KEPT_AT_BROKER: Final = 65_536
"""While this process is too busy to read; beyond it the broker drops the oldest."""


class Hub(Protocol[M]):
    """Hands messages on inside this process; see `InProcessTransport`."""

    @property
    def dropped(self) -> int: ...

    async def publish(self, *messages: M) -> None: ...

    def subscribe(self, pattern: str, capacity: int) -> AbstractAsyncContextManager[MemorySubscription[M]]: ...

    def interrupt(self) -> None: ...


class Feed(Generic[M]):
    """Subscriptions of one process.

    Args:
        hub: passes what the broker sends on to the subscribers.
        make_consumer: keeps a plan alive at the broker.
    """

    def __init__(
        self, topology: Topology, codec: Codec[M], hub: Hub[M], make_consumer: Callable[[Plan], Consumer]
    ) -> None:
        self._topology = topology
        self._codec = codec
        self._hub = hub
        self._patterns: Counter[str] = Counter()
        self._changing = asyncio.Lock()
        self._bound: tuple[AbstractChannel, str] | None = None
        self.consumer = make_consumer(Plan("feed", self._set_up, self._take, self._lost))

    @property
    def dropped(self) -> int:
        """Messages that subscribers here lost."""
        return self._hub.dropped

    @asynccontextmanager
    async def subscribe(self, pattern: str, capacity: int, timeout_s: float) -> AsyncIterator[MemorySubscription[M]]:
        """Receive what matches `pattern`; begins once the broker knows, or is known to be away."""
        async with self._hub.subscribe(pattern, capacity) as subscription:
            await self._change(pattern, 1)
            try:
                await self.consumer.ready(timeout_s)
                yield subscription
            finally:
                await self._change(pattern, -1)

    async def _change(self, pattern: str, by: int) -> None:
        """Let the broker's queue follow; where that fails, the next session binds what is wanted then."""
        async with self._changing:
            was_wanted = self._patterns[pattern] > 0
            self._patterns[pattern] += by
            is_wanted = self._patterns[pattern] > 0
            self._patterns = +self._patterns
            if is_wanted != was_wanted and self._bound is not None:
                channel, queue = self._bound
                change = channel.queue_bind if is_wanted else channel.queue_unbind
                with suppress(*BROKER_FAILURES), lost_connections_raise():
                    await to_its_end(change(queue, self._topology.events, routing_key=pattern))

    async def _set_up(self, _connection: Connection, channel: AbstractChannel) -> str:
        async with self._changing:
            await self._topology.declare_exchanges(channel)
            queue = f"{self._topology.name_of('feed')}.{new_id()}"
            limits: FieldTable = {"x-max-length": _KEPT_AT_BROKER, "x-overflow": "drop-head"}
            await channel.queue_declare(queue, exclusive=True, auto_delete=True, arguments=limits)
            for pattern in self._patterns:
                await channel.queue_bind(queue, self._topology.events, routing_key=pattern)
            self._bound = channel, queue
        return queue

    async def _take(self, session: Session, delivered: DeliveredMessage) -> None:
        session.heard += 1
        try:
            message = self._codec.unpack(received(delivered))
        except AgentCommunicationError as error:
            log.warning("unreadable message dropped", why=error.public)
            return
        await self._hub.publish(message)

    def _lost(self, _session: Session) -> None:
        self._bound = None
        self._hub.interrupt()
