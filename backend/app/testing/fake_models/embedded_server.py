"""A uvicorn server that lives inside somebody else's event loop."""

import asyncio
from socket import socket
from typing import Final

import uvicorn
from starlette.applications import Starlette

from app.guest_server import GuestServer
from app.testing.fake_models.wire import OpenProtocol

GRACE_S: Final = 2.0


class EmbeddedServer(GuestServer):
    """Stops at once when told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told_to_stop = asyncio.Event()

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
