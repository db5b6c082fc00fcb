"""One connection to the broker, kept alive."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

import aio_pika
import structlog
from aiormq import Connection
from yarl import URL

from app.messaging.pauses import growing_pause
from app.messaging.rabbitmq.address import shown
from app.messaging.rabbitmq.failures import BROKER_FAILURES, lost_connections_raise, stay_cancelled, told
from app.ports.transport import TransportState

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S: Final = 5.0


class Link:
    """Connects, notices the loss of the connection and connects again, a little later after each failure.

    Args:
        purpose: what the connection is called at the broker.
        pause: seconds to wait after so many failures in a row.
        properties: told to the broker about this client, such as its capabilities.
    """

    def __init__(
        self,
        address: URL,
        purpose: str,
        pause: Callable[[int], float] = growing_pause,
        properties: dict[str, Any] | None = None,
    ) -> None:
        self._address = address
        self._purpose = purpose
        self._pause = pause
        self._properties = {"connection_name": purpose, **(properties or {})}
        self._connection: Connection | None = None
        self._up = asyncio.Event()
        self.is_known_down = asyncio.Event()
        self.trouble = "it has not been reached yet"

    @property
    def state(self) -> TransportState:
        """Whether there is a connection, and whether the broker takes messages over it."""
        if self._connection is None:
            return TransportState.DOWN
        return TransportState.UP if _is_unblocked(self._connection) else TransportState.BLOCKED

    def describe(self) -> str:
        """Say in words how the connection is doing."""
        state = self.state
        if state is TransportState.DOWN:
            return f"{shown(self._address)} is down: {self.trouble}"
        if state is TransportState.BLOCKED:
            return f"{shown(self._address)} takes no messages: free memory or disk there, or let consumers catch up"
        return f"{shown(self._address)} is up"

    async def connection(self) -> Connection:
        """Return the connection; wait for it where there is none."""
        while self._connection is None:
            await self._up.wait()
        return self._connection

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        failures = 0
        while True:
            stay_cancelled()
            try:
                connection = await self._connect()
                failures = 0
                await self._hold(connection)
            except BROKER_FAILURES as failure:
                failures += 1
                self._note_down(told(failure), failures)
                await asyncio.sleep(self._pause(failures))

    async def _connect(self) -> aio_pika.abc.AbstractConnection:
        with lost_connections_raise():
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await aio_pika.connect(self._address, client_properties=dict(self._properties))

    async def _hold(self, connection: aio_pika.abc.AbstractConnection) -> None:
        """Lend the connection out until it is lost."""
        lost = asyncio.Event()
        try:
            self._connection = underlay = _channel_source(connection)
            underlay.closing.add_done_callback(lambda _: lost.set())
            self._up.set()
            self.is_known_down.clear()
            log.info("broker connected", purpose=self._purpose, broker=shown(self._address))
            await lost.wait()
            self._note_down("the connection was lost", 1)
        finally:
            self._connection = None
            self._up.clear()
            with suppress(*BROKER_FAILURES), lost_connections_raise():
                await connection.close()

    def _note_down(self, trouble: str, failures: int) -> None:
        self.trouble = trouble
        self.is_known_down.set()
        if failures == 1:
            log.warning("broker not reached", purpose=self._purpose, broker=shown(self._address), why=trouble)


def _channel_source(connection: aio_pika.abc.AbstractConnection) -> Connection:
    """The connection below: each closed channel of aio-pika's own class leaves callbacks behind on its connection."""
    if connection.transport is None:
        raise ConnectionResetError("the connection was lost")
    return cast(Connection, connection.transport.connection)


def _is_unblocked(connection: Connection) -> bool:
    """Take one step of waiting for the broker to take messages: whoever need not wait is through after it."""
    waiting = connection.ready()
    try:
        waiting.send(None)
    except StopIteration:
        return True
    finally:
        waiting.close()
    return False
