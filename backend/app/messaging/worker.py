"""Work in order where order matters and at once where it does not."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import suppress
from inspect import isawaitable
from typing import Final, Generic, TypeVar

import structlog

from app.domain.errors import AgentSystemError, TransportError
from app.messaging.errors import AgentCommunicationError
from app.messaging.pauses import growing_pause
from app.ports.queues import Delivery

log = structlog.get_logger(__name__)

T = TypeVar("T")
Handler = Callable[[T], Awaitable[T | None] | T | None]
Sleep = Callable[[float], Awaitable[None]]

GRACE_S: Final = 10.0


class Worker(Generic[T]):
    """Handles deliveries and settles each after its effect: one key's one at a time in order, different keys at once.

    A handler that raises is tried again in place, so that nothing of the same key overtakes the message; after the last
    try, or at once where trying again cannot help, it becomes a dead letter with the kind of error as the reason.
    How many run at once is up to the prefetch of the queue. Order across processes needs a queue with `one_consumer`.

    Args:
        key: of a message; None is a key like any other.
        tries: how often a message is handed to the handler, from 1.
        replies: whether what the handler returns is the answer to a request.
        grace_s: how long running handlers may take to finish when the worker is stopped.
    """

    def __init__(
        self,
        handler: Handler[T],
        key: Callable[[T], Hashable],
        *,
        tries: int = 3,
        replies: bool = False,
        grace_s: float = GRACE_S,
        pause: Callable[[int], float] = growing_pause,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._handler = handler
        self._key = key
        self._tries = tries
        self._replies = replies
        self._grace_s = grace_s
        self._pause = pause
        self._sleep = sleep
        self._lanes: dict[Hashable, deque[Delivery[T]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def run(self, deliveries: AsyncIterator[Delivery[T]]) -> None:
        """Work until cancelled; then begin nothing new and let what runs finish."""
        try:
            async for delivery in deliveries:
                await self._assign(delivery)
        finally:
            await self._finish()

    async def _assign(self, delivery: Delivery[T]) -> None:
        try:
            key = self._key(delivery.message)
        except Exception as error:
            log.exception("message has no key")
            await self._bury(delivery, error)
            return
        lane = self._lanes.get(key)
        if lane is not None:
            lane.append(delivery)
            return
        self._lanes[key] = deque((delivery,))
        task = asyncio.create_task(self._work_off(key), name="worker lane")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, key: Hashable) -> None:
        lane = self._lanes[key]
        while lane and not self._is_stopping:
            await self._work_on(lane.popleft())
        del self._lanes[key]

    async def _work_on(self, delivery: Delivery[T]) -> None:
        for failures in range(1, self._tries + 1):
            try:
                answer = await self._handle(delivery.message)
                break
            except Exception as error:
                log.exception("message handler failed", tries=failures, of=self._tries)
                if failures == self._tries or isinstance(error, AgentCommunicationError):
                    await self._bury(delivery, error)
                    return
            await self._sleep(self._pause(failures))
        await _settle(delivery, self._complete(delivery, answer))

    async def _handle(self, message: T) -> T | None:
        answer = self._handler(message)
        return await answer if isawaitable(answer) else answer

    async def _complete(self, delivery: Delivery[T], answer: T | None) -> None:
        if self._replies and delivery.wants_reply and answer is not None:
            await delivery.reply(answer)
        await delivery.ack()

    async def _bury(self, delivery: Delivery[T], error: Exception) -> None:
        """Give up; the words of foreign errors may quote secrets, so only their kind is kept."""
        reason = error.public if isinstance(error, AgentSystemError) else type(error).__name__
        await _settle(delivery, delivery.nack(requeue=False, reason=reason))

    async def _finish(self) -> None:
        self._is_stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._grace_s)
        left = tuple(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _settle(delivery: Delivery[T], settling: Awaitable[None]) -> None:
    """Settle a delivery as far as that can be done; otherwise it comes again, at the latest when we leave the queue."""
    try:
        await settling
    except TransportError as error:
        log.warning("delivery not settled, it comes again", why=error.public)
        with suppress(TransportError):
            await delivery.nack()
