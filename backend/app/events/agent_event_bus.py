"""The bus of the desk: typed events in, to every handler whose pattern fits, none waiting for another."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Self

import structlog

from app import plugins
from app.domain.events import Event
from app.ports.transport import Deliveries, Transport

log = structlog.get_logger(__name__)

Handler = Callable[[Event], Awaitable[None] | None]


class AgentEventBus:
    """Publishes events over a transport and runs handlers on what comes out of it.

    `async with AgentEventBus() as bus` ends every handler with the block.
    """

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport: Transport = transport or plugins.load("transport", "in_process")()
        self._listeners: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    @property
    def dropped(self) -> int:
        """Events that slow subscribers lost since the start."""
        return self._transport.dropped

    def hears(self, topic: str) -> bool:
        """Whether anybody may receive an event of this topic; see `Transport.hears`."""
        return self._transport.hears(topic)

    async def publish(self, *events: Event) -> None:
        """Hand over events in order.

        Raises:
            TransportError: the transport did not take them.
        """
        for event in events:
            await self._transport.publish(event)

    def subscribe(self, pattern: str = "#", capacity: int = 1_024) -> AbstractAsyncContextManager[Deliveries]:
        """Read events in your own time; see `Transport.subscribe`."""
        return self._transport.subscribe(pattern, capacity)

    async def listen(self, routes: Iterable[tuple[str, Handler]], capacity: int = 1_024) -> None:
        """Run each handler on the events that fit its pattern, until `close`; return once all are subscribed."""
        for pattern, handler in routes:
            ready = asyncio.Event()
            task = asyncio.create_task(self._handle(pattern, handler, capacity, ready), name=f"listener {pattern}")
            self._listeners.add(task)
            task.add_done_callback(self._listeners.discard)
            await ready.wait()

    async def close(self) -> None:
        """End every handler; closing twice is fine."""
        listeners = tuple(self._listeners)
        for task in listeners:
            task.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)

    async def _handle(self, pattern: str, handler: Handler, capacity: int, ready: asyncio.Event) -> None:
        async with self._transport.subscribe(pattern, capacity) as deliveries:
            ready.set()
            async for event in deliveries:
                try:
                    answer = handler(event)
                    if answer is not None:
                        await answer
                except Exception:
                    log.exception("event handler failed", pattern=pattern, topic=event.topic)
