"""What there is at the broker: an exchange for what is published, a queue for each kind of work, its dead letters."""

import asyncio
from typing import Any, Final

import structlog
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq import Connection
from aiormq.abc import AbstractChannel

from app.messaging.errors import QueueSettingsError
from app.messaging.rabbitmq.closing import close_channel
from app.messaging.topics import matches
from app.ports.queues import WorkQueue

log = structlog.get_logger(__name__)

_KNOWN_TOPICS: Final = 10_000
_NEVER: Final = 1_000_000_000
"""Returns after which a dead letter would be given up itself."""


class Topology:
    """The names of one namespace at the broker, and the queues that this process has declared.

    Args:
        namespace: begins every name, such as `conclave`.
    """

    def __init__(self, namespace: str) -> None:
        self.events = f"{namespace}.events"
        self.dead = f"{namespace}.dead"
        self._namespace = namespace
        self._queues: dict[str, WorkQueue] = {}
        self._kept: dict[str, bool] = {}
        self._restoring = asyncio.Lock()

    def name_of(self, queue: str) -> str:
        """Return what a queue is called at the broker."""
        return f"{self._namespace}.{queue}"

    def dead_name_of(self, queue: str) -> str:
        """Return what the queue of its dead letters is called at the broker."""
        return f"{self.name_of(queue)}.dead"

    def keeps(self, topic: str) -> bool:
        """Whether a declared queue keeps what is published under this topic."""
        kept = self._kept.get(topic)
        if kept is None:
            if len(self._kept) >= _KNOWN_TOPICS:
                self._kept.clear()
            patterns = (pattern for queue in self._queues.values() for pattern in queue.patterns)
            kept = self._kept[topic] = any(matches(pattern, topic) for pattern in patterns)
        return kept

    def expects(self, exchange: str, routing_key: str) -> bool:
        """Whether a declared queue should have taken a message that was given to the broker so."""
        if exchange == self.events:
            return self.keeps(routing_key)
        return any(self.name_of(queue) == routing_key for queue in self._queues)

    def add(self, queue: WorkQueue) -> None:
        """Remember a queue, so that it is there again whenever the broker is.

        Raises:
            QueueSettingsError: this process knows it with other settings.
        """
        if not self._queues.setdefault(queue.name, queue).is_same_as(queue):
            raise _other_settings(queue.name)
        self._kept.clear()

    async def declare_exchanges(self, channel: AbstractChannel) -> None:
        """Make the exchanges that are not there."""
        await channel.exchange_declare(self.events, exchange_type="topic", durable=True)
        await channel.exchange_declare(self.dead, exchange_type="direct", durable=True)

    async def declare(self, connection: Connection, queue: WorkQueue) -> None:
        """Make a queue and its dead letters where they are not there.

        Raises:
            QueueSettingsError: it exists with other settings; it is forgotten again.
        """
        channel = await connection.channel(publisher_confirms=False)
        try:
            await self.declare_exchanges(channel)
            await self.declare_dead(channel, queue.name)
            await self._declare_work(channel, queue)
        except ChannelPreconditionFailed:
            self._queues.pop(queue.name, None)
            self._kept.clear()
            raise _other_settings(queue.name) from None
        finally:
            await close_channel(channel)

    async def restore(self, connection: Connection) -> None:
        """Make everything again that this process has declared; those who come at once share one round."""
        is_under_way = self._restoring.locked()
        async with self._restoring:
            for queue in () if is_under_way else tuple(self._queues.values()):
                try:
                    await self.declare(connection, queue)
                except QueueSettingsError as error:
                    log.error("queue not restored", queue=queue.name, why=error.public)

    async def declare_dead(self, channel: AbstractChannel, queue: str) -> str:
        """Make the dead letters of a queue where they are not there; return what they are called at the broker."""
        name = self.dead_name_of(queue)
        await channel.queue_declare(name, durable=True, arguments=_quorum({"x-delivery-limit": _NEVER}))
        await channel.queue_bind(name, self.dead, routing_key=self.name_of(queue))
        return name

    async def _declare_work(self, channel: AbstractChannel, queue: WorkQueue) -> None:
        name = self.name_of(queue.name)
        await channel.queue_declare(name, durable=True, arguments=_quorum(self._work_arguments(queue)))
        for pattern in queue.patterns:
            await channel.queue_bind(name, self.events, routing_key=pattern)

    def _work_arguments(self, queue: WorkQueue) -> dict[str, Any]:
        """Full queues refuse rather than drop, without which the broker would not hand dead letters on safely."""
        return {
            "x-delivery-limit": queue.returns,
            "x-max-length": queue.max_length,
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": self.dead,
            "x-dead-letter-routing-key": self.name_of(queue.name),
            "x-dead-letter-strategy": "at-least-once",
            "x-single-active-consumer": queue.one_consumer,
        }


async def consumers_of(connection: Connection, queue: str) -> int:
    """Return how many consumers a queue has, by its name at the broker; 0 when there is no such queue."""
    channel = await connection.channel(publisher_confirms=False)
    try:
        found = await channel.queue_declare(queue, passive=True)
        return found.consumer_count or 0
    except ChannelNotFoundEntity:
        return 0
    finally:
        await close_channel(channel)


def _quorum(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"x-queue-type": "quorum", **arguments}


def _other_settings(name: str) -> QueueSettingsError:
    return QueueSettingsError(
        f"Queue {name} exists with other settings; use those, another name, or delete it once it is empty."
    )
