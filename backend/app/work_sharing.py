"""Builds what processes need to share their work: the broker, the outbox, and who carries letters between them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from app.config import Settings
from app.domain.errors import InvalidInputError
from app.domain.events import Event
from app.events.agent_event_bus import AgentEventBus
from app.messaging.errands import DeskCodec, Told
from app.messaging.relay import Relay
from app.messaging.starting import start, stop
from app.ports.outbox import Outbox
from app.ports.transport import Transport

if TYPE_CHECKING:
    from app.messaging.transports.rabbitmq import RabbitMqTransport

Look = Callable[[int | None], Awaitable[None]]
Counted = Callable[[Transport[Told]], Transport[Told]]

THOUGHTS = "agent.thinking.#"
ENDINGS = "decision.#"


@dataclass(frozen=True, slots=True, eq=False)
class Sharing:
    """The way to the other processes.

    Args:
        transport: what goes over the broker is counted by it.
        broker: the same, uncounted, which can also be asked how many work.
    """

    transport: Transport[Told]
    broker: "RabbitMqTransport[Told]"
    outbox: Outbox
    relay: Relay


def is_shared(settings: Settings) -> bool:
    """Whether workers of other processes do the work.

    Raises:
        InvalidInputError: there is a broker but no database that they could share.
    """
    if settings.rabbitmq_url is not None and settings.postgres_url is None:
        raise InvalidInputError(
            "RABBITMQ_URL is set but POSTGRES_URL is not: workers share the record in a PostgreSQL database. "
            "Set it too, or unset RABBITMQ_URL to do everything in one process."
        )
    return settings.rabbitmq_url is not None


@asynccontextmanager
async def sharing(settings: Settings, counted: Counted) -> AsyncIterator[Sharing | None]:
    """Yield the way to the other processes, or None where there are none; it closes with the block.

    Args:
        counted: puts a wrapper around the transport that counts.

    A broker that is away does not keep anything from starting: letters wait in the outbox.

    Raises:
        InvalidInputError: an address is wrong, or the settings do not go together.
    """
    if not is_shared(settings) or settings.rabbitmq_url is None or settings.postgres_url is None:
        yield None
        return
    from app.messaging.transports.rabbitmq import RabbitMqTransport
    from app.storage.outbox import ServerOutbox

    outbox = ServerOutbox(settings.postgres_url.get_secret_value(), settings.database_timeout_seconds)
    transport = RabbitMqTransport[Told](
        settings.rabbitmq_url.get_secret_value(), DeskCodec(), namespace=settings.broker_namespace
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(outbox.close)
        await stack.enter_async_context(transport)
        outside = counted(transport)
        relay = Relay(outbox, outside, settings.follow_seconds)
        stack.push_async_callback(stop, asyncio.create_task(relay.run(), name="relay"))
        yield Sharing(outside, transport, outbox, relay)


@asynccontextmanager
async def listening(way: Sharing, bus: AgentEventBus, look: Look) -> AsyncIterator[None]:
    """Hear of the other processes until the block ends: what they stored is looked for, what they think is passed on.

    Args:
        look: reads what others have stored, up to an event of this number at least.
    """

    async def stored(ready: asyncio.Event) -> None:
        async with way.transport.subscribe(ENDINGS) as words:
            ready.set()
            async for word in words:
                await look(word.seq if isinstance(word, Event) else None)

    async def thought(ready: asyncio.Event) -> None:
        async with way.transport.subscribe(THOUGHTS) as words:
            ready.set()
            async for word in words:
                if isinstance(word, Event):
                    await bus.publish(word)

    async with AsyncExitStack() as stack:
        for hear, name in ((stored, "decisions of others"), (thought, "thoughts of others")):
            stack.push_async_callback(stop, await start(hear, name))
        yield


def thinking_for_others(way: Sharing) -> tuple[str, Callable[[Event], Awaitable[None]]]:
    """Return the route by which a worker's models are heard in other processes."""
    return THOUGHTS, partial(_publish, way.transport)


async def _publish(transport: Transport[Told], event: Event) -> None:
    await transport.publish(event)
