"""Sends the letters of the outbox: whatever was stored goes out, at least once, as soon as the broker takes it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from app.domain.letters import Letter
from app.messaging.errands import Told, errand_queue
from app.messaging.pauses import growing_pause
from app.messaging.repeating import tell
from app.ports.outbox import Outbox
from app.ports.transport import Transport

MOST_AT_ONCE: Final = 200
LOOK_EVERY_S: Final = 0.5
SOON_S: Final = 0.05


class Relay:
    """Moves letters from the outbox to the transport, in every process; letters that have an order keep it.

    Args:
        look_every_s: how often to look without being nudged, for letters of processes that died.
    """

    def __init__(self, outbox: Outbox, transport: Transport[Told], look_every_s: float = LOOK_EVERY_S) -> None:
        self._outbox = outbox
        self._transport = transport
        self._look_every_s = look_every_s
        self._nudged = {True: asyncio.Event(), False: asyncio.Event()}
        self._declared: set[str] = set()
        self.sent = 0

    def nudge(self, in_order: bool) -> None:
        """Say that letters of a kind were written just now."""
        self._nudged[in_order].set()

    async def run(self) -> None:
        """Send until cancelled, letters with an order beside those without; what cannot be sent now waits."""
        async with asyncio.TaskGroup() as group:
            for in_order in self._nudged:
                group.create_task(self._lane(in_order), name=f"relay {'in order' if in_order else 'to queues'}")

    async def _lane(self, in_order: bool) -> None:
        failures = 0
        while True:
            nudged = self._nudged[in_order]
            was_nudged = nudged.is_set()
            nudged.clear()
            try:
                moved = await self.send_some(in_order)
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, letters go out when it is over
                failures += 1
                tell("letters wait in the outbox", error, failures=failures)
                await asyncio.sleep(growing_pause(failures))
                continue
            if moved < MOST_AT_ONCE:
                # Where there was nothing, somebody else may be sending who began before what we were nudged for was
                # there: so look again soon.
                # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the nudge.
                with suppress(TimeoutError):
                    async with asyncio.timeout(SOON_S if was_nudged and not moved else self._look_every_s):
                        await nudged.wait()

    async def send_some(self, in_order: bool) -> int:
        """Send one batch of a kind; return how many letters went out.

        Raises:
            TransportError: the broker did not take them; they stay in the outbox.
            StoreUnavailableError: the outbox cannot be read or written; what went out goes out again.
        """
        async with self._outbox.batch(in_order, MOST_AT_ONCE) as letters:
            if in_order and letters:
                await self._transport.publish(*letters)
            elif letters:
                await self._send(letters)
        self.sent += len(letters)
        return len(letters)

    async def _send(self, letters: Iterable[Letter]) -> None:
        queues: defaultdict[str, list[Letter]] = defaultdict(list)
        for letter in letters:
            queues[letter.queue or ""].append(letter)
        for queue in queues.keys() - self._declared:
            await self._transport.declare(errand_queue(queue))
            self._declared.add(queue)
        await asyncio.gather(*(self._transport.send(queue, *waiting) for queue, waiting in queues.items()))
