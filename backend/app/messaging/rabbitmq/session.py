"""One consumer on one channel, from the moment it is set up until it is lost."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import ChannelNotFoundEntity
from pamqp.commands import Basic

from app.messaging.errors import DeliveryLostError
from app.messaging.rabbitmq.closing import close_channel
from app.messaging.rabbitmq.failures import BROKER_FAILURES, lost_connections_raise

_PATIENCE_S: Final = 5.0
_SECOND_LOOK_S: Final = 1.0
QUIET: Final = "nothing has come for long"
"""A broker whose queue was deleted and made again in one instant takes a consumer for alive that hears nothing."""
_MOST_QUIET_CHECKS: Final = 6


@dataclass(eq=False)
class Session:
    """What is known about one life of a consumer.

    Args:
        unsettled: deliveries in our hands.
        heard: deliveries so far.
    """

    channel: AbstractChannel
    queue: str
    unsettled: int = 0
    heard: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _heard_at_check: int = -1
    _quiet_checks: int = 0

    def __post_init__(self) -> None:
        self.channel.closing.add_done_callback(lambda _: self.ended.set())
        self.channel.on_consumer_cancel_callbacks.add(self._cancelled)

    def note(self, _delivered: DeliveredMessage) -> None:
        """Count a delivery."""
        self.heard += 1
        self.unsettled += 1

    async def settle(self, tag: int, *, ack: bool) -> None:
        """Tell the broker how a delivery ended; a refused one goes back to the queue.

        Raises:
            DeliveryLostError: the channel it came over is gone.
        """
        if self.ended.is_set():
            raise _lost()
        try:
            with lost_connections_raise():
                if ack:
                    await self.channel.basic_ack(tag, wait=False)
                else:
                    await self.channel.basic_nack(tag, requeue=True, wait=False)
        except BROKER_FAILURES:
            raise _lost() from None
        self.unsettled -= 1

    async def fault(self, *, may_wait: bool, may_be_quiet: bool) -> str | None:
        """Ask the broker about the queue; return why the consumer has to be set up anew, None where it is fine.

        Args:
            may_wait: whether it is right that work waits while we have none: another consumer may be at it.
            may_be_quiet: whether it is right that nothing comes for long.
        """
        try:
            with lost_connections_raise():
                async with asyncio.timeout(_PATIENCE_S):
                    return await self._find_fault(may_wait, may_be_quiet)
        except ChannelNotFoundEntity:
            return "its queue is gone"
        except BROKER_FAILURES:
            return None  # whatever ails the connection ends the session by itself

    async def _find_fault(self, may_wait: bool, may_be_quiet: bool) -> str | None:
        waiting, consumers = await self._look()
        self._note_quiet()
        if not consumers:
            return "the broker does not know it"
        if self._quiet_checks and waiting and not may_wait and await self._starves():
            return "work waits and does not come"
        return QUIET if self._quiet_checks >= _MOST_QUIET_CHECKS and not may_be_quiet else None

    async def _starves(self) -> bool:
        """Look again a moment later: what waited may just have been on its way."""
        heard = self.heard
        await asyncio.sleep(_SECOND_LOOK_S)
        waiting, _ = await self._look()
        return waiting > 0 and self.heard == heard

    def _note_quiet(self) -> None:
        is_quiet = not self.unsettled and self.heard == self._heard_at_check
        self._heard_at_check = self.heard
        self._quiet_checks = self._quiet_checks + 1 if is_quiet else 0

    async def close(self) -> None:
        """Give back what is unsettled and let go of the channel."""
        self.ended.set()
        with suppress(*BROKER_FAILURES), lost_connections_raise():
            async with asyncio.timeout(_PATIENCE_S):
                await close_channel(self.channel)

    async def _look(self) -> tuple[int, int]:
        """Return how many messages wait and how many consumers there are; a missing queue costs a channel."""
        probe = await self.channel.connection.channel(publisher_confirms=False)
        try:
            found = await probe.queue_declare(self.queue, passive=True)
            return found.message_count or 0, found.consumer_count or 0
        finally:
            await close_channel(probe)

    def _cancelled(self, _frame: Basic.Cancel) -> None:
        self.ended.set()


def _lost() -> DeliveryLostError:
    return DeliveryLostError("The connection that brought this message is gone; the message comes again.")
