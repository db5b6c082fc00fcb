"""The socket of the feed as the application mounts it: made once the desk runs, whatever came first."""

import asyncio
from collections.abc import Callable
from typing import Self

from starlette.types import Receive, Scope, Send

from app.access.policy import AccessPolicy
from app.agent_system import AgentSystem
from app.config import Settings
from app.observability.metrics.feed import FeedMetrics
from app.web.error_responses import problem_of
from app.websockets.agent_coordination_socket import AgentCoordinationWebSocket


def _nothing() -> None:
    """There is nothing to forget yet."""


class Feed:
    """Builds the `AgentCoordinationWebSocket` of a running system and passes connections to it."""

    def __init__(self, system: AgentSystem, settings: Settings, policy: AccessPolicy, figures: FeedMetrics) -> None:
        self._system = system
        self._settings = settings
        self._policy = policy
        self._figures = figures
        self._socket: AgentCoordinationWebSocket | None = None
        self._building = asyncio.Lock()
        self._forget: Callable[[], None] = _nothing

    async def __aenter__(self) -> Self:
        await self._ready()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        socket, self._socket = self._socket, None
        self._forget()
        if socket is not None:
            await socket.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it leaves."""
        await (await self._ready())(scope, receive, send)

    async def _described(self) -> str:
        return self._socket.describe() if self._socket else "no client yet"

    async def _ready(self) -> AgentCoordinationWebSocket:
        async with self._building:
            if self._socket is None:
                desk = await self._system.start()
                socket = AgentCoordinationWebSocket(
                    desk.bus,
                    desk.store,
                    desk.coordinator,
                    policy=self._policy,
                    problem_of=problem_of,
                    backlog=self._settings.feed_backlog,
                    reach=self._settings.feed_replay,
                    on_cut_off=self._figures.cut_off,
                    on_full=self._figures.turned_away,
                )
                await socket.open()
                self._forget = desk.health.add("websocket_feed", self._described)
                self._socket = socket
            return self._socket
