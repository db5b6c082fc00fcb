"""Clients and their unread messages: one bounded queue and one writer each; whoever does not read is cut off."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from math import inf

from app.websockets.envelopes import Outgoing
from app.websockets.topics import EVERYTHING

Send = Callable[[Outgoing], Awaitable[None]]

STUCK_SWEEPS = 2


class Client:
    """One connection.

    Args:
        send: hands a message to the server; may wait as long as the client does not read.
        backlog: unread messages kept.
    """

    __slots__ = (
        "_backlog",
        "_idle",
        "_seen",
        "_send",
        "_strikes",
        "_waiting",
        "ended",
        "errors",
        "floor",
        "has_chosen",
        "heard",
        "requests",
        "sent",
        "topics",
    )

    def __init__(self, send: Send, backlog: int) -> None:
        self.topics: set[str] = {EVERYTHING}
        self.has_chosen = False
        self.floor: float = 0
        self.heard = 0
        self.errors = 0
        self.sent = 0
        self.requests: dict[str, asyncio.Task[None]] = {}
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._send = send
        self._backlog = backlog
        self._waiting: deque[Outgoing] = deque()
        self._idle: asyncio.Future[None] | None = None
        self._seen = 0
        self._strikes = 0

    def offer(self, message: Outgoing) -> bool:
        """Queue a message; False when too many are unread already."""
        if len(self._waiting) >= self._backlog:
            return False
        self._waiting.append(message)
        idle, self._idle = self._idle, None
        if idle is not None and not idle.done():
            idle.set_result(None)
        return True

    async def write(self) -> None:
        """Send what is queued, in order, until cancelled or the connection is lost."""
        waiting, send = self._waiting, self._send
        loop = asyncio.get_running_loop()
        while True:
            while waiting:
                await send(waiting[0])
                waiting.popleft()
                self.sent += 1
            self._idle = loop.create_future()
            try:
                await self._idle
            finally:
                self._idle = None

    async def flush(self) -> None:
        """Send what is queued now and return."""
        while self._waiting:
            await self._send(self._waiting.popleft())

    def is_stuck(self) -> bool:
        """Whether, asked at a steady beat, the client has read nothing for two beats though something waits."""
        is_still = bool(self._waiting) and self.sent == self._seen
        self._strikes = self._strikes + 1 if is_still else 0
        self._seen = self.sent
        return self._strikes >= STUCK_SWEEPS

    def end(self, code: int) -> None:
        """Have the connection closed with `code`; the first call counts."""
        if not self.ended.done():
            self.ended.set_result(code)

    def discard_unread(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def start_catching_up(self) -> None:
        """Hold live events back; only their numbers are noted in `heard`."""
        self.floor = inf

    def go_live(self, position: int) -> None:
        """Take live events from now on, leaving out those up to `position`."""
        self.floor = max(position, self.heard)


class Audience:
    """Clients by topic."""

    def __init__(self) -> None:
        self.members: set[Client] = set()
        self._by_topic: dict[str, set[Client]] = {}

    def join(self, client: Client) -> None:
        """Take a client in with the topics it has."""
        self.members.add(client)
        self._index(client, client.topics)

    def leave(self, client: Client) -> None:
        """Let a client go; leaving twice is fine."""
        self.members.discard(client)
        self._unindex(client, client.topics)

    def change(self, client: Client, topics: Iterable[str]) -> None:
        """Give a client other topics."""
        self._unindex(client, client.topics)
        client.topics = set(topics)
        if client in self.members:
            self._index(client, client.topics)

    def interested(self, topics: Iterable[str]) -> set[Client]:
        """Return the clients that have any of these topics; not to be changed."""
        found = [clients for topic in topics if (clients := self._by_topic.get(topic))]
        return found[0] if len(found) == 1 else set().union(*found)

    def _index(self, client: Client, topics: Iterable[str]) -> None:
        for topic in topics:
            self._by_topic.setdefault(topic, set()).add(client)

    def _unindex(self, client: Client, topics: Iterable[str]) -> None:
        for topic in topics:
            clients = self._by_topic.get(topic)
            if clients is not None:
                clients.discard(client)
                if not clients:
                    del self._by_topic[topic]
