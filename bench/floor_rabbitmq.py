"""The floor for messages between processes: bare aio-pika, with confirms and acknowledgements and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractQueue


async def in_flight(count: int, together: int, call: Callable[[], Awaitable[object]]) -> None:
    """Call so often, with so many calls under way at any time."""

    async def line() -> None:
        for _ in range(count // together):
            await call()

    await asyncio.gather(*(line() for _ in range(together)))


@dataclass
class BareClient:
    """One robust connection with a channel to publish and one to consume."""

    outgoing: AbstractChannel
    incoming: AbstractChannel
    exchange: AbstractExchange
    body: bytes
    routing_key: str
    waiting: dict[str, asyncio.Future[bytes]] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str, exchange: str, routing_key: str, body: bytes) -> AsyncIterator["BareClient"]:
        """Connect until the block ends."""
        async with await aio_pika.connect_robust(url) as connection:
            outgoing = await connection.channel(on_return_raises=True)
            incoming = await connection.channel()
            await incoming.set_qos(prefetch_count=100)
            yield cls(outgoing, incoming, await outgoing.get_exchange(exchange), body, routing_key)

    async def publish(self, count: int, together: int) -> None:
        """Publish with so many confirms in flight."""
        for _ in range(0, count, together):
            await asyncio.gather(*(self._publish() for _ in range(together)))

    async def consume(self, name: str, count: int) -> None:
        """Take messages and acknowledge each."""
        left, done = count, asyncio.Event()

        async def take(message: AbstractIncomingMessage) -> None:
            nonlocal left
            await message.ack()
            left -= 1
            if not left:
                done.set()

        queue = await self._queue(name)
        tag = await queue.consume(take)
        await done.wait()
        await queue.cancel(tag)

    @asynccontextmanager
    async def answering(self, name: str) -> AsyncIterator[None]:
        """Answer every request in a queue with its own body until the block ends."""

        async def answer(message: AbstractIncomingMessage) -> None:
            reply = aio_pika.Message(message.body, correlation_id=message.correlation_id)
            await self.outgoing.default_exchange.publish(reply, message.reply_to or "")
            await message.ack()

        queue = await self._queue(name)
        tag = await queue.consume(answer)
        yield
        await queue.cancel(tag)

    async def ask(self, name: str, count: int, together: int) -> None:
        """Send requests, so many in flight, each answer found by its correlation id."""

        async def take(message: AbstractIncomingMessage) -> None:
            self.waiting.pop(message.correlation_id or "").set_result(message.body)

        replies = await self.incoming.declare_queue(exclusive=True)
        await replies.consume(take, no_ack=True)
        await in_flight(count, together, lambda: self._ask(name, replies.name))

    async def _publish(self) -> None:
        message = aio_pika.Message(self.body, delivery_mode=2, content_type="application/json", type="EventMessage")
        await self.exchange.publish(message, self.routing_key)

    async def _ask(self, name: str, reply_to: str) -> None:
        question = uuid4().hex
        answer = self.waiting[question] = asyncio.get_running_loop().create_future()
        message = aio_pika.Message(self.body, delivery_mode=2, correlation_id=question, reply_to=reply_to)
        await self.outgoing.default_exchange.publish(message, name)
        await answer

    async def _queue(self, name: str) -> AbstractQueue:
        return await self.incoming.get_queue(name)
