"""Messages out: many may be in flight, each is settled by the broker's own word."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, cast

from aio_pika.exceptions import DeliveryError, PublishError
from aiormq.channel import Channel

from app.messaging.errors import MessageRefusedError, QueueFullError, TransportUnavailableError, UnroutableError
from app.messaging.pauses import growing_pause
from app.messaging.rabbitmq.failures import BROKER_FAILURES, lost_connections_raise, told
from app.messaging.rabbitmq.link import Link
from app.messaging.rabbitmq.posting import Posting
from app.messaging.rabbitmq.topology import Topology
from app.ports.transport import TransportState

IN_FLIGHT: Final = 1_000
_LONGEST_KEY: Final = 255
_RESTORE_PAUSE_S: Final = 0.3
"""A queue that is made again in the instant it was deleted keeps consumers that hear nothing."""


class Publisher:
    """Gives messages to the broker over one channel and waits until it has taken responsibility.

    A lost connection is waited for and the message sent again, so a message may arrive twice under one id. A queue that
    was deleted although this process has declared it is made again.

    Args:
        timeout_s: after which a message counts as not taken.
    """

    def __init__(
        self, link: Link, topology: Topology, timeout_s: float, pause: Callable[[int], float] = growing_pause
    ) -> None:
        self._link = link
        self._topology = topology
        self._timeout_s = timeout_s
        self._pause = pause
        self._channel: Channel | None = None
        self._opening = asyncio.Lock()
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._flying: set[str | None] = set()
        self._trouble = ""

    async def post(self, *postings: Posting) -> None:
        """Return once the broker has taken all, in order.

        Raises:
            TransportError: it has not taken all; posting the same again is safe.
        """
        for posting in postings:
            if len(posting.routing_key.encode()) > _LONGEST_KEY:
                raise MessageRefusedError(f"A topic is longer than {_LONGEST_KEY} bytes; shorten its ids.")
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._post(postings)
        except TimeoutError:
            raise TransportUnavailableError(self._why_not_taken()) from None

    async def _post(self, postings: Sequence[Posting]) -> None:
        """Send all; from the first on that went down with its connection, all are sent again, so that order is kept."""
        failures, left = 0, postings
        while True:
            endings = await self._endings(left)
            lost = next((place for place, each in enumerate(endings) if isinstance(each, BROKER_FAILURES)), None)
            for ending in endings[:lost]:
                if ending is not None:
                    raise ending
            if lost is None:
                self._trouble = ""
                return
            failures += 1
            self._trouble = f" ({told(cast(Exception, endings[lost]))})"
            await asyncio.sleep(self._pause(failures))
            left = left[lost:]

    async def _endings(self, postings: Sequence[Posting]) -> Sequence[BaseException | None]:
        """Send each once; return how that ended for each, in order."""
        if len(postings) > 1:
            return await asyncio.gather(*map(self._deliver, postings), return_exceptions=True)
        try:
            for posting in postings:
                await self._deliver(posting)
        except Exception as error:  # noqa: BLE001 - told from one another by whoever asked
            return [error]
        return [None]

    def _why_not_taken(self) -> str:
        trouble = self._trouble or ("" if self._link.state is not TransportState.UP else " (no confirmation came)")
        return f"Not taken within {self._timeout_s} s: {self._link.describe()}{trouble}. Publish again later."

    async def _deliver(self, posting: Posting) -> None:
        lacks_queue = False
        while True:
            try:
                with lost_connections_raise():
                    if lacks_queue:
                        await asyncio.sleep(_RESTORE_PAUSE_S)
                        await self._topology.restore(await self._link.connection())
                    async with self._room:
                        return await self._try(posting)
            except PublishError:
                if lacks_queue or not self._topology.expects(posting.exchange, posting.routing_key):
                    raise UnroutableError(_unroutable(posting)) from None
                lacks_queue = True
            except DeliveryError:
                raise QueueFullError(f"A queue for {posting.routing_key} is full; start more consumers.") from None

    async def _try(self, posting: Posting) -> None:
        channel = self._channel
        if channel is None or channel.is_closed:
            channel = await self._open()
        await channel.connection.ready()
        properties = posting.properties
        name = properties.message_id
        if name in self._flying:
            # The client tells returned messages apart by this id, so no two in flight may share it.
            name = properties.message_id = None
        self._flying.add(name)
        try:
            await channel.basic_publish(
                posting.body,
                exchange=posting.exchange,
                routing_key=posting.routing_key,
                properties=properties,
                mandatory=posting.mandatory,
                wait=False,
            )
        finally:
            self._flying.discard(name)

    async def _open(self) -> Channel:
        """Return an open channel; those who come at once share it."""
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                connection = await self._link.connection()
                channel = cast(Channel, await connection.channel(on_return_raises=True))
                await self._topology.declare_exchanges(channel)
                await self._topology.restore(connection)
                self._channel = channel
            return self._channel


def _unroutable(posting: Posting) -> str:
    target = f"queue {posting.routing_key}" if not posting.exchange else f"queue for {posting.routing_key}"
    return f"There is no {target}; declare it, or start what consumes it."
