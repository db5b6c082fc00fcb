"""Work from a queue of the broker, in the hands of this process."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, Self, TypeVar

import structlog
from aiormq.abc import DeliveredMessage

from app.domain.errors import TransportError
from app.messaging.errors import AgentCommunicationError, MessageRefusedError
from app.messaging.parcels import Parcel
from app.messaging.rabbitmq.failures import BROKER_FAILURES, told
from app.messaging.rabbitmq.posting import received
from app.messaging.rabbitmq.session import Session

log = structlog.get_logger(__name__)

T = TypeVar("T")

Bury = Callable[[Parcel, str], Awaitable[None]]
Reply = Callable[[str, str, T], Awaitable[None]]


class RabbitDelivery(Generic[T]):
    """One message that is ours to settle; see `app.ports.queues.Delivery`."""

    def __init__(self, message: T, delivered: DeliveredMessage, session: Session, bury: Bury, reply: Reply[T]) -> None:
        self.message = message
        self.redelivered = bool(delivered.redelivered)
        self.wants_reply = bool(delivered.header.properties.reply_to)
        self.session = session
        self._delivered = delivered
        self._bury = bury
        self._reply = reply
        self._is_settled = False

    async def ack(self) -> None:
        """Say that its effect has been made; see `Delivery.ack`."""
        await self._settle(ack=True)

    async def nack(self, requeue: bool = True, reason: str = "refused") -> None:
        """Give it back or make it a dead letter; see `Delivery.nack`."""
        if not requeue and not self._is_settled:
            await self._bury(received(self._delivered), reason)
        await self._settle(ack=not requeue)

    async def reply(self, message: T) -> None:
        """Answer a request; see `Delivery.reply`."""
        if not self.wants_reply:
            raise MessageRefusedError("Nobody asked for an answer to this message; ask with `request`.")
        properties = self._delivered.header.properties
        await self._reply(properties.reply_to or "", properties.correlation_id or "", message)

    async def _settle(self, *, ack: bool) -> None:
        if self._is_settled:
            return
        await self.session.settle(self._delivered.delivery_tag or 0, ack=ack)
        self._is_settled = True


class RabbitDeliveries(Generic[T]):
    """The deliveries of one consumer; what a lost session brought is forgotten, for it comes again."""

    def __init__(self, read: Callable[[DeliveredMessage], T], bury: Bury, reply: Reply[T]) -> None:
        self._read = read
        self._bury = bury
        self._reply = reply
        self._unread: deque[RabbitDelivery[T]] = deque()
        self._arrived = asyncio.Event()

    async def take(self, session: Session, delivered: DeliveredMessage) -> None:
        """Queue a delivery, or make it a dead letter where it cannot be read."""
        if session.ended.is_set():
            return
        session.note(delivered)
        try:
            message = self._read(delivered)
        except AgentCommunicationError as error:
            await self._refuse(session, delivered, error)
            return
        self._unread.append(RabbitDelivery(message, delivered, session, self._bury, self._reply))
        self._arrived.set()

    def forget(self, session: Session) -> None:
        """Drop what came over a lost session."""
        kept = [each for each in self._unread if each.session is not session]
        self._unread.clear()
        self._unread.extend(kept)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RabbitDelivery[T]:
        while not self._unread:
            self._arrived.clear()
            await self._arrived.wait()
        return self._unread.popleft()

    async def _refuse(self, session: Session, delivered: DeliveredMessage, error: AgentCommunicationError) -> None:
        try:
            await self._bury(received(delivered), error.public)
            await session.settle(delivered.delivery_tag or 0, ack=True)
        except (TransportError, *BROKER_FAILURES) as failure:
            log.warning("unreadable message comes again", queue=session.queue, why=told(failure))
