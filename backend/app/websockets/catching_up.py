"""From `?since=` to live: stored events first, then the rest, none missing and none twice."""

import asyncio
from dataclasses import dataclass

from app.domain.decisions import EventFilter
from app.ports.decision_store import DecisionStore
from app.websockets.connections import Client, Send
from app.websockets.envelopes import event_message

PAGE = 200


@dataclass(frozen=True, slots=True)
class Gap:
    """Why stored events cannot be replayed: the number lies too far back, or nothing has it yet."""

    since: int
    newest: int
    reach: int

    def as_dict(self) -> dict[str, int]:
        """Return the `gap` message's data."""
        return {"since": self.since, "oldest_available": max(self.newest - self.reach, 0), "newest": self.newest}


async def find_gap(store: DecisionStore, since: int, reach: int) -> Gap | None:
    """Return why a replay from `since` is not possible, or None."""
    newest = await store.last_seq()
    return None if newest - reach <= since <= newest else Gap(since, newest, reach)


async def catch_up(client: Client, store: DecisionStore, since: int, send: Send, patience_s: float) -> None:
    """Send the client the stored events after `since` that it wants, then let it go live.

    While this runs, live events are not queued but only noted. Whatever was noted before a page was read is stored,
    so a short page during which nothing was noted is the last one.

    Raises:
        TimeoutError: the client did not read.
    """
    wanted = EventFilter(frozenset(client.topics))
    position = since
    while True:
        noted = client.heard
        page = await store.events_after(position, PAGE, wanted)
        async with asyncio.timeout(patience_s):
            for event in page:
                await send(event_message(event, event.seq))
        position = page[-1].seq if page else position
        if len(page) < PAGE and client.heard == noted:
            client.go_live(position)
            return
