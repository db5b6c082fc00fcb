"""Sends the letters of the outbox: whatever was stored goes out, at least once, as soon as the broker takes it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import structlog

from app.domain.errors import StoreError, TransportError
from app.domain.letters import Letter
from app.messaging.errands import Told, errand_queue
from app.messaging.pauses import growing_pause
from app.ports.outbox import Outbox
from app.ports.transport import Transport

log = structlog.get_logger(__name__)

MOST_AT_ONCE: Final = 200
LOOK_EVERY_S: Final = 0.5


class Relay:
    """Moves letters from the outbox to the transport, in every process; letters that have an order keep it.

    Args:
        look_every_s: how often to look without being nudged, for letters of processes that died.
    """

    def __init__(self, outbox: Outbox, transport: Transport[Told], look_every_s: float = LOOK_EVERY_S) -> None:
        self._outbox = outbox
        self._transport = transport
        self._look_every_s = look_every_s
        self._nudged = asyncio.Event()
        self._declared: set[str] = set()
        self.sent = 0

    def nudge(self) -> None:
        """Say that something was written just now."""
        self._nudged.set()

    async def run(self) -> None:
        """Send until cancelled; what cannot be sent now waits in the outbox."""
        failures = 0
        while True:
            self._nudged.clear()
            try:
                moved = await self.send_all()
                failures = 0
            except (TransportError, StoreError) as error:
                failures += 1
                log.warning("letters wait in the outbox", error=error.public, failures=failures)
                await asyncio.sleep(growing_pause(failures))
                continue
            if not moved:
                # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the nudge.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_every_s):
                        await self._nudged.wait()

    async def send_all(self) -> int:
        """Send one batch of each kind; return how many letters went out.

        Raises:
            TransportError: the broker did not take them; they stay in the outbox.
            StoreUnavailableError: the outbox cannot be read or written; what went out goes out again.
        """
        moved = 0
        async with self._outbox.batch(True, MOST_AT_ONCE) as letters:
            if letters:
                await self._transport.publish(*letters)
            moved += len(letters)
        async with self._outbox.batch(False, MOST_AT_ONCE) as letters:
            await self._send(letters)
            moved += len(letters)
        self.sent += moved
        return moved

    async def _send(self, letters: Iterable[Letter]) -> None:
        queues: defaultdict[str, list[Letter]] = defaultdict(list)
        for letter in letters:
            queues[letter.queue or ""].append(letter)
        for queue, waiting in queues.items():
            if queue not in self._declared:
                await self._transport.declare(errand_queue(queue))
                self._declared.add(queue)
            await self._transport.send(queue, *waiting)
