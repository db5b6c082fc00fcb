"""`/ws/agents`: votes, tool calls and coordination as they happen, to everyone who wants them and nobody waited for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

import structlog
from starlette.types import Receive, Scope
from starlette.types import Send as RawSend

from app import plugins
from app.access.policy import AccessPolicy, shows_key
from app.domain.errors import AgentSystemError, InvalidInputError
from app.domain.events import Event
from app.domain.wording import counted
from app.events.agent_event_bus import AgentEventBus
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.ports.decision_store import DecisionStore
from app.websockets.analyses import Analyses
from app.websockets.broadcasting import TRY_LATER, Broadcaster
from app.websockets.catching_up import catch_up, find_gap
from app.websockets.connections import Client
from app.websockets.conversation import Conversation
from app.websockets.envelopes import plain_problem
from app.websockets.handshake import authenticate
from app.websockets.incoming import read_query, read_since
from app.websockets.topics import read_topics

log = structlog.get_logger(__name__)

REFUSED, RESTARTING = 1008, 1012
MAX_CLIENTS = 2_000
BUS_CAPACITY = 65_536
PATIENCE_S = 2.0
KEY_WAIT_S = 5.0

ProblemOf = Callable[[Exception], Mapping[str, Any]]


class AgentCoordinationWebSocket:
    """The feed as an ASGI endpoint; built bare it stands on in-memory parts of its own.

    Use it as `async with`, or call `open` and `close`.

    Args:
        policy: says whether a key must be shown; None asks for none.
        problem_of: makes an error's problem document.
        backlog: unread messages a client may have before it is cut off.
        reach: how many events back `since` may lie.
        patience_s: how long a client may leave a message unread.
        on_cut_off: told why a client was cut off, see `Broadcaster`.
        on_full: told when a connection is turned away because there are too many.
    """

    def __init__(
        self,
        bus: AgentEventBus | None = None,
        store: DecisionStore | None = None,
        coordinator: MultiAgentCoordinator | None = None,
        *,
        policy: AccessPolicy | None = None,
        problem_of: ProblemOf = plain_problem,
        backlog: int = 256,
        reach: int = 10_000,
        max_clients: int = MAX_CLIENTS,
        patience_s: float = PATIENCE_S,
        key_wait_s: float = KEY_WAIT_S,
        on_cut_off: Callable[[str], None] | None = None,
        on_full: Callable[[], None] | None = None,
    ) -> None:
        self._bus = bus or AgentEventBus()
        self._store: DecisionStore = store or plugins.load("decision_store", "memory")()
        coordinator = coordinator or MultiAgentCoordinator(store=self._store, bus=self._bus)
        self._analyses = Analyses(coordinator)
        self._hub = Broadcaster(self._analyses.asker, backlog, on_cut_off)
        self._on_full = on_full
        self._policy = policy
        self._problem_of = problem_of
        self._backlog = backlog
        self._reach = reach
        self._max_clients = max_clients
        self._patience_s = patience_s
        self._key_wait_s = key_wait_s
        self._serving: set[asyncio.Task[Any]] = set()
        self._sweeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Begin to listen on the bus; what happens from now on reaches clients."""
        self._hub.newest = await self._store.last_seq()
        await self._bus.listen([("#", self.broadcast)], BUS_CAPACITY)
        self._sweeper = asyncio.create_task(self._hub.sweep(self._patience_s / 2), name="feed sweeper")

    async def close(self) -> None:
        """Close every connection; closing twice is fine."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        for client in tuple(self._hub.audience.members):
            client.end(RESTARTING)
        await asyncio.gather(*self._serving, return_exceptions=True)

    @property
    def clients(self) -> int:
        """Connections that get events now."""
        return len(self._hub.audience.members)

    @property
    def evictions(self) -> int:
        """Connections cut off for not reading."""
        return self._hub.evictions

    def describe(self) -> str:
        """Say in words how the feed is doing."""
        return f"{counted(self.clients, 'client')}, {self.evictions} cut off for not reading"

    def broadcast(self, event: Event) -> Awaitable[None] | None:
        """Queue an event for every client that wants it; see `Broadcaster.broadcast`."""
        return self._hub.broadcast(event)

    async def __call__(self, scope: Scope, receive: Receive, send: RawSend) -> None:
        """Serve one connection until either side ends it."""
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
        try:
            await receive()
            await send({"type": "websocket.accept"})
            code = await self._admit_and_serve(scope, receive, send)
            if code is not None:
                async with asyncio.timeout(self._patience_s):
                    await send({"type": "websocket.close", "code": code})
        except (OSError, RuntimeError, TimeoutError):
            log.debug("connection lost")
        finally:
            self._serving.discard(task)

    async def _admit_and_serve(self, scope: Scope, receive: Receive, send: RawSend) -> int | None:
        """Return the code to close with; None when the client has gone."""
        if len(self._serving) > self._max_clients:
            if self._on_full is not None:
                self._on_full()
            return TRY_LATER
        policy = self._policy
        if policy is not None and policy.key is not None and not shows_key(scope["headers"]):
            if not await authenticate(receive, policy, self._key_wait_s):
                policy.on_refusal("key")
                return REFUSED
            await send(dict(self._hub.reply("authenticated", {})))
        return await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: RawSend) -> int | None:
        client = Client(send, self._backlog)
        talk = Conversation(client, self._hub.audience, self._analyses, self._hub.answer, self._problem_of)
        try:
            await self._begin(client, talk, scope["query_string"], send)
            return await self._until_the_end(client, talk.listen(receive))
        except TimeoutError:
            self._hub.cut_off(client, "catching_up")
            return TRY_LATER
        except AgentSystemError as error:
            log.warning("feed not served", error=type(error).__name__)
            return TRY_LATER
        finally:
            self._hub.audience.leave(client)
            await self._analyses.stop(client)

    async def _begin(self, client: Client, talk: Conversation, query: bytes, send: RawSend) -> None:
        """Take the client in with the topics and the past it asks for in its address."""
        try:
            topics, since = read_query(query)
            position = None if since is None else read_since(since)
            if topics is not None:
                client.topics, client.has_chosen = set(read_topics(topics)), True
        except InvalidInputError as error:
            talk.complain(error)
            position = None
        if position is None:
            self._hub.audience.join(client)
            return
        await self._take_in_from(client, position, send)

    async def _take_in_from(self, client: Client, since: int, send: RawSend) -> None:
        gap = await find_gap(self._store, since, self._reach)
        if gap is not None:
            client.offer(self._hub.reply("gap", gap.as_dict()))
            self._hub.audience.join(client)
            return
        client.start_catching_up()
        self._hub.audience.join(client)
        await catch_up(client, self._store, since, send, self._patience_s)

    async def _until_the_end(self, client: Client, listening: Awaitable[int | None]) -> int | None:
        """Write and listen until one of the two ends or the client is cut off; return the closing code."""
        writer = asyncio.create_task(client.write(), name="feed writer")
        reader = asyncio.ensure_future(listening)
        for task in (writer, reader):
            task.add_done_callback(lambda _: self._hub.audience.leave(client))
        try:
            await asyncio.wait((writer, reader, client.ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writer, reader):
                task.cancel()
            await asyncio.gather(writer, reader, return_exceptions=True)
        if client.ended.done():
            client.discard_unread()
            return client.ended.result()
        code = None if reader.cancelled() or reader.exception() else reader.result()
        if code is not None:
            async with asyncio.timeout(self._patience_s):
                await client.flush()
        return code
