"""A uvicorn server that lives inside somebody else's event loop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from socket import AF_INET, AF_INET6, create_server, socket
from typing import Final

import uvicorn
from starlette.applications import Starlette

from app.domain.errors import InvalidInputError
from app.testing.fake_models.wire import OpenProtocol

GRACE_S: Final = 2.0


class EmbeddedServer(uvicorn.Server):
    """Says when it is ready, stops at once when told to, and leaves the signals of the process alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.told_to_stop = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to whoever runs the loop."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start listening, then say so, also when it failed: nobody shall wait in vain."""
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    async def main_loop(self) -> None:
        """Serve until told to stop."""
        await self.told_to_stop.wait()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop listening, let running answers end, and close what is open."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._tasks_done()
        left = [each for each in self.server_state.connections if isinstance(each, OpenProtocol)]
        for connection in left:
            connection.transport.abort()
        await asyncio.gather(*(each.lost.wait() for each in left))
        await self._tasks_done()

    async def _tasks_done(self) -> None:
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE_S)


def config_of(app: Starlette) -> uvicorn.Config:
    """Return how uvicorn is to run the application."""
    return uvicorn.Config(
        app,
        http=OpenProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
    )


def listen_on(host: str, port: int) -> socket:
    """Bind the listener; port 0 picks a free one.

    Raises:
        InvalidInputError: the port is taken or the address is not of this machine.
    """
    try:
        return create_server((host, port), family=AF_INET6 if ":" in host else AF_INET, backlog=1_024)
    except OSError as error:
        why = f"Cannot listen on {host}, port {port}: {error.strerror or 'not possible'}."
        raise InvalidInputError(f"{why} Choose another with --host and --port.") from None


def url_of(listener: socket) -> str:
    """Return the address of the listener."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
