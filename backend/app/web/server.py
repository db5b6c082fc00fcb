"""Serve the application: one process, one event loop, everything bounded."""

import asyncio
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from types import FrameType
from typing import Any

import uvicorn

from app.access.policy import check_bind
from app.agent_system import AgentSystem
from app.config import Settings
from app.event_loop import fast_loop
from app.listening import BACKLOG, listen_on, url_of
from app.observability.logging import configure_logging
from app.web.app import create_app
from app.web.metrics_port import metrics_port
from app.web.protocols import GuardedHttp, GuardedSocket

__all__ = ["ReadyServer", "listen_on", "serve", "serve_on", "server_config", "url_of"]

MAX_FRAME = 1024 * 1024
PING_EVERY_S = 20.0
COLLECT_AFTER = (20_000, 20, 50)
KEEP_ALIVE_S = 15
FAREWELL_S = 5.0
"""How long what was cut off may take to end, for instance because it is being stored."""


class ReadyServer(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, listener: socket) -> None:
        super().__init__(config)
        self._listener = listener

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take being told to stop as done with, so that a graceful stop ends the process with 0."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let what runs finish; told once more, in whatever way, leave at once."""
        if self.should_exit:
            self.force_exit = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Let what runs finish; what does not is cut off while there is still a desk, so that it can say so."""
        await super().shutdown(sockets)
        await self._cut_off()
        if self.force_exit:
            await self.lifespan.shutdown()

    async def _cut_off(self) -> None:
        unfinished = set(self.server_state.tasks)
        for task in unfinished:
            if not task.cancelling():
                task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=FAREWELL_S)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets)
        leave_the_lasting_alone()
        url = url_of(self._listener)
        print(f"Conclave is ready on {url} (try {url}/docs)", file=sys.stderr, flush=True)  # noqa: T201


def leave_the_lasting_alone() -> None:
    """Keep the collector of cycles from walking modules and routes again and again; it costs a tenth of each request.

    What a request makes is freed by counting references; cycles among it can wait for a later round.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def serve(settings: Settings) -> None:
    """Serve until the process is told to stop.

    Raises:
        InvalidInputError: the address needs a key or cannot be listened on; says what to do.
        StoreError: the store cannot be opened.
    """
    check_bind(settings)
    configure_logging(settings.log_level, settings.log_format)
    listener = listen_on(settings.host, settings.port)
    with listener, asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(serve_on(listener, settings))


async def serve_on(listener: socket, settings: Settings, system: AgentSystem | None = None) -> None:
    """Serve on a bound listener; what keeps the desk from starting is raised before anyone can connect."""
    async with system or AgentSystem(settings) as running, metrics_port(settings, running.metrics):
        server = ReadyServer(server_config(create_app(running, settings), settings), listener)
        await server.serve(sockets=[listener])


def server_config(app: Any, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn is to run `app`."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=GuardedHttp,
        ws=GuardedSocket,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=MAX_FRAME,
        ws_ping_interval=PING_EVERY_S,
        ws_ping_timeout=PING_EVERY_S,
        ws_per_message_deflate=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=settings.grace_seconds,
    )
