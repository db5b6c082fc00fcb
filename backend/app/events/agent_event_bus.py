"""The bus of the desk: typed events in, to every handler whose pattern fits, none waiting for another."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Self

import structlog

from app import plugins
from app.domain.events import Event
from app.messaging.starting import start, stop
from app.messaging.worker import Worker
from app.ports.queues import WorkQueue
from app.ports.transport import Deliveries, Transport, TransportState

log = structlog.get_logger(__name__)

Handler = Callable[[Event], Awaitable[None] | None]


def _symbol_of(event: Event) -> Hashable:
    return event.symbol


class AgentEventBus:
    """Publishes events over a transport and runs handlers on what comes out of it.

    `async with AgentEventBus() as bus` ends every handler with the block.
    """

    def __init__(self, transport: Transport[Event] | None = None) -> None:
        self._transport: Transport[Event] = transport or plugins.load("transport", "in_process")()
        self._listeners: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    @property
    def dropped(self) -> int:
        """Events that slow subscribers lost since the start."""
        return self._transport.dropped

    @property
    def state(self) -> TransportState:
        """How the transport is doing."""
        return self._transport.state

    def describe(self) -> str:
        """Say in words how the transport is doing."""
        return self._transport.describe()

    def hears(self, topic: str) -> bool:
        """Whether anybody may receive an event of this topic; see `Transport.hears`."""
        return self._transport.hears(topic)

    async def publish(self, *events: Event) -> None:
        """Hand over events in order.

        Raises:
            TransportError: the transport did not take them all; publishing them again is safe.
        """
        await self._transport.publish(*events)

    def subscribe(self, pattern: str = "#", capacity: int = 1_024) -> AbstractAsyncContextManager[Deliveries[Event]]:
        """Read events in your own time; see `Transport.subscribe`."""
        return self._transport.subscribe(pattern, capacity)

    async def listen(self, routes: Iterable[tuple[str, Handler]], capacity: int = 1_024) -> None:
        """Run each handler on the events that fit its pattern, until `close`; return once all are subscribed."""
        for pattern, handler in routes:
            self._keep(await start(partial(self._hear, pattern, handler, capacity), f"listener {pattern}"))

    async def serve(
        self, queue: WorkQueue, handler: Handler, key: Callable[[Event], Hashable] = _symbol_of, tries: int = 3
    ) -> None:
        """Run a handler on the events of a queue that is shared with other processes, until `close`.

        Each event is handled by one of them and settled after its effect: it may come twice, never not at all. Events
        of one key are handled one at a time in order; see `Worker`. Return once the queue is there.

        Raises:
            TransportError: the queue exists with other settings.
        """
        self._keep(await start(partial(self._work, queue, Worker(handler, key, tries=tries)), f"worker {queue.name}"))

    async def close(self) -> None:
        """End every handler, those of queues after they have finished what they do; closing twice is fine."""
        await stop(*self._listeners)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._listeners.add(task)
        task.add_done_callback(self._has_ended)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        self._listeners.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("listener ended", listener=task.get_name(), exc_info=task.exception())

    async def _work(self, queue: WorkQueue, worker: Worker[Event], ready: asyncio.Event) -> None:
        async with self._transport.consume(queue) as deliveries:
            ready.set()
            await worker.run(deliveries)

    async def _hear(self, pattern: str, handler: Handler, capacity: int, ready: asyncio.Event) -> None:
        async with self._transport.subscribe(pattern, capacity) as deliveries:
            ready.set()
            async for event in deliveries:
                try:
                    answer = handler(event)
                    if answer is not None:
                        await answer
                except Exception:
                    log.exception("event handler failed", pattern=pattern, topic=event.topic)
