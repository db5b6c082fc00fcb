"""A consumer that comes back: after a lost connection, a closed channel, a deleted queue, or for no reason it knows."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from aiormq import Connection
from aiormq.abc import AbstractChannel, DeliveredMessage

from app.domain.errors import TransportError
from app.messaging.pauses import growing_pause
from app.messaging.rabbitmq.closing import close_channel
from app.messaging.rabbitmq.failures import BROKER_FAILURES, lost_connections_raise, stay_cancelled, told
from app.messaging.rabbitmq.link import Link
from app.messaging.rabbitmq.session import QUIET, Session

log = structlog.get_logger(__name__)

WATCH_S: Final = 10.0
_PATIENCE_S: Final = 5.0
"""A broker that has just started can forget to answer."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a consumer does.

    Args:
        name: for people.
        set_up: makes what it needs at the broker and returns the queue to consume.
        take: gets each delivery.
        lost: told when a session has ended; what it brought is void.
        prefetch: deliveries that may be unsettled; None settles each as it comes.
        may_wait: whether another consumer may have the work, this one standing by.
        may_be_quiet: whether it is right that nothing comes for long.
    """

    name: str
    set_up: Callable[[Connection, AbstractChannel], Awaitable[str]]
    take: Callable[[Session, DeliveredMessage], Coroutine[None, None, None]]
    lost: Callable[[Session], None]
    prefetch: int | None = None
    may_wait: bool = False
    may_be_quiet: bool = True


class Consumer:
    """Keeps one consumer at the broker.

    Args:
        watch_s: how often the broker is asked whether it is still there.
    """

    def __init__(
        self, link: Link, plan: Plan, watch_s: float = WATCH_S, pause: Callable[[int], float] = growing_pause
    ) -> None:
        self._link = link
        self._plan = plan
        self._watch_s = watch_s
        self._pause = pause
        self.session: Session | None = None
        self.is_attached = asyncio.Event()

    async def ready(self, timeout_s: float) -> None:
        """Wait until the consumer is there; no longer where the broker is known to be away, or silent so long."""
        waiting = [asyncio.ensure_future(event.wait()) for event in (self.is_attached, self._link.is_known_down)]
        try:
            await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def run(self) -> None:
        """Keep it until cancelled."""
        failures = 0
        while True:
            stay_cancelled()
            connection = await self._link.connection()
            try:
                with lost_connections_raise():
                    async with asyncio.timeout(_PATIENCE_S):
                        session = await self._attach(connection)
            except (TransportError, *BROKER_FAILURES) as failure:
                failures += 1
                log.warning("consumer not set up", consumer=self._plan.name, why=told(failure))
                await asyncio.sleep(self._pause(failures))
            else:
                failures = 0
                await self._hold(session)
                # A queue that is made again in the instant it was deleted keeps consumers that hear nothing.
                await asyncio.sleep(self._pause(1))

    async def _attach(self, connection: Connection) -> Session:
        plan = self._plan
        channel = await connection.channel(publisher_confirms=False)
        try:
            if plan.prefetch is not None:
                await channel.basic_qos(prefetch_count=plan.prefetch)
            session = Session(channel, await plan.set_up(connection, channel))
            await channel.basic_consume(session.queue, partial(plan.take, session), no_ack=plan.prefetch is None)
        except BaseException:
            await close_channel(channel)
            raise
        return session

    async def _hold(self, session: Session) -> None:
        try:
            self.session = session
            self.is_attached.set()
            why = await self._watch(session)
            if why is not QUIET:
                log.warning("consumer lost", consumer=self._plan.name, why=why)
        finally:
            self.session = None
            self.is_attached.clear()
            session.ended.set()
            self._plan.lost(session)
            await session.close()

    async def _watch(self, session: Session) -> str:
        """Return why the session has ended, by its own account or by the broker's."""
        plan = self._plan
        while not session.ended.is_set():
            stay_cancelled()
            try:
                async with asyncio.timeout(self._watch_s):
                    await session.ended.wait()
            except TimeoutError:
                fault = await session.fault(may_wait=plan.may_wait, may_be_quiet=plan.may_be_quiet)
                if fault is not None:
                    return fault
        return "the broker or the connection ended it"
