"""Takes errands from the queues of roles and has them done, no symbol taking more than its share of the hands."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import structlog

from app.domain.errors import StoreUnavailableError, TransportError
from app.domain.jobs import Errand
from app.messaging.envelopes import Envelope
from app.messaging.errands import AskAnalysts, Told, aside, errand_queue, queue_name
from app.messaging.pauses import growing_pause
from app.messaging.starting import start, stop
from app.ports.queues import Delivery
from app.ports.transport import Transport

log = structlog.get_logger(__name__)

CONCURRENCY: Final = 32

Work = Callable[[Errand], Awaitable[object]]


class ErrandService:
    """Works on the errands of some roles until it is told to stop.

    A delivery is settled once the errand is done; what is cut off comes to another worker. Of one symbol at most half
    of the hands are busy at a time: more goes to a queue aside, which has hands of its own.

    Args:
        concurrency: errands of each role under way at once, from 2.
    """

    def __init__(
        self, transport: Transport[Told], work: Work, roles: Sequence[str], concurrency: int = CONCURRENCY
    ) -> None:
        self._transport = transport
        self._work = work
        self.roles = tuple(roles)
        self._share = max(1, concurrency // 2)
        self._concurrency = concurrency
        self._busy: Counter[tuple[str, str]] = Counter()
        self._consumers: list[asyncio.Task[None]] = []
        self._errands: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to take errands; without a broker that begins once it is there."""
        for role in self.roles:
            name = queue_name(role)
            for queue, prefetch, take in (
                (aside(name), self._share, self._take),
                (name, self._concurrency, partial(self._take_fairly, aside(name))),
            ):
                self._consumers.append(await start(partial(self._consume, queue, prefetch, take), f"errands {queue}"))

    async def drain(self, grace_s: float) -> None:
        """Take nothing new, let what is under way finish for `grace_s` seconds, then give the rest back."""
        for consumer in self._consumers:
            consumer.cancel()
        if self._errands:
            await asyncio.wait(self._errands, timeout=grace_s)
        await self.hurry()
        await asyncio.gather(*self._consumers, return_exceptions=True)

    async def hurry(self) -> None:
        """Give back what is under way."""
        await stop(*self._errands)

    async def _consume(
        self,
        queue: str,
        prefetch: int,
        take: Callable[[Delivery[Told], Errand], Awaitable[None]],
        ready: asyncio.Event,
    ) -> None:
        async with self._transport.consume(errand_queue(queue, prefetch)) as deliveries:
            ready.set()
            try:
                await self._receive(deliveries, take)
            finally:
                # The channel must stay open until what it delivered is settled.
                while self._errands:
                    await asyncio.wait(tuple(self._errands))

    async def _receive(
        self, deliveries: AsyncIterator[Delivery[Told]], take: Callable[[Delivery[Told], Errand], Awaitable[None]]
    ) -> None:
        async for delivery in deliveries:
            errand = _errand_of(delivery.message)
            if errand is None:
                await _settled(delivery.nack(requeue=False, reason="this queue is for AskAnalysts"))
            else:
                await take(delivery, errand)

    async def _take_fairly(self, other: str, delivery: Delivery[Told], errand: Errand) -> None:
        if self._busy[errand.role, errand.symbol] < self._share:
            await self._take(delivery, errand)
            return
        try:
            await self._transport.send(other, delivery.message)
        except TransportError:
            await _settled(delivery.nack())
            return
        await _settled(delivery.ack())

    async def _take(self, delivery: Delivery[Told], errand: Errand) -> None:
        task = asyncio.create_task(self._do(delivery, errand), name=f"errand {errand.role} {errand.job_id}")
        self._busy[errand.role, errand.symbol] += 1
        self._errands.add(task)
        task.add_done_callback(partial(self._done, errand))

    def _done(self, errand: Errand, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        self._busy[errand.role, errand.symbol] -= 1
        if not self._busy[errand.role, errand.symbol]:
            del self._busy[errand.role, errand.symbol]

    async def _do(self, delivery: Delivery[Told], errand: Errand) -> None:
        """Do an errand and settle its delivery; whatever goes wrong, the store knows what is still to be done."""
        try:
            await self._done_once_the_store_is_there(errand)
        except asyncio.CancelledError:
            await _settled(delivery.nack())
            raise
        except Exception:
            log.exception("errand failed", job_id=errand.job_id, role=errand.role)
        await _settled(delivery.ack())

    async def _done_once_the_store_is_there(self, errand: Errand) -> None:
        failures = 0
        while True:
            try:
                await self._work(errand)
                return
            except StoreUnavailableError as error:
                failures += 1
                log.warning("errand waits for the store", job_id=errand.job_id, role=errand.role, error=error.public)
            await asyncio.sleep(growing_pause(failures))


def _errand_of(message: Told) -> Errand | None:
    is_errand = isinstance(message, Envelope) and isinstance(message.message, AskAnalysts)
    return message.message.errand if is_errand else None  # type: ignore[union-attr]


async def _settled(settling: Awaitable[None]) -> None:
    """Settle a delivery; where that cannot be said it comes again, and the store knows that it was done."""
    try:
        await settling
    except TransportError as error:
        log.info("delivery not settled", why=error.public)
