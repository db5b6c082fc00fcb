"""From one event to every client that wants it: written once, queued for each, nobody waited for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from app.domain.events import Event
from app.websockets.connections import Audience, Client
from app.websockets.envelopes import Outgoing, event_message, reply_message

log = structlog.get_logger(__name__)

TRY_LATER = 1013


class Broadcaster:
    """Queues events and answers; cuts off whoever does not read.

    Args:
        asker: says who asked for the decision an event belongs to, if a client did.
        backlog: unread messages a client may have.
        on_cut_off: told why a client was cut off: `backlog` (too much unread), `stalled` (it takes nothing),
            `catching_up` (it took nothing of the past that it had asked for).
    """

    def __init__(
        self,
        asker: Callable[[Event], Client | None],
        backlog: int,
        on_cut_off: Callable[[str], None] | None = None,
    ) -> None:
        self.audience = Audience()
        self.newest = 0
        self.evictions = 0
        self._asker = asker
        self._backlog = backlog
        self._on_cut_off = on_cut_off
        self._burst = 0

    def broadcast(self, event: Event) -> Awaitable[None] | None:
        """Queue an event for every client that wants it; never waits for one.

        After a burst it yields, so that writers empty their queues: a client is cut off for not reading, never
        because much happened at once.
        """
        self.newest = max(self.newest, event.seq)
        clients = self.audience.interested(event.subscriptions)
        asker = self._asker(event)
        if asker is not None and asker not in clients:
            clients = {*clients, asker}
        if clients:
            self._deliver(event, clients)
        self._burst += 1
        if self._burst * 4 < self._backlog:
            return None
        self._burst = 0
        return asyncio.sleep(0)

    def answer(self, client: Client, kind: str, data: Mapping[str, Any]) -> None:
        """Queue an answer to one client."""
        if not client.offer(self.reply(kind, data)):
            self.cut_off(client)

    def reply(self, kind: str, data: Mapping[str, Any]) -> Outgoing:
        """Return an answer, numbered as the newest event known."""
        return reply_message(kind, data, self.newest)

    def cut_off(self, client: Client, reason: str = "backlog") -> None:
        """Stop serving a client that does not read."""
        self.audience.leave(client)
        if not client.ended.done():
            self.evictions += 1
            client.end(TRY_LATER)
            if self._on_cut_off is not None:
                self._on_cut_off(reason)
            log.warning("client cut off", reason="it does not read", evictions=self.evictions)

    async def sweep(self, beat_s: float) -> None:
        """Look every `beat_s` seconds for clients that leave a message unread; runs until cancelled."""
        while True:
            await asyncio.sleep(beat_s)
            for client in tuple(self.audience.members):
                if client.is_stuck():
                    self.cut_off(client, "stalled")

    def _deliver(self, event: Event, clients: set[Client]) -> None:
        message, seq = event_message(event, self.newest), event.seq
        full = []
        for client in clients:
            if seq <= client.floor and seq:
                client.heard = max(client.heard, seq)
            elif not client.offer(message):
                full.append(client)
        for client in full:
            self.cut_off(client)
