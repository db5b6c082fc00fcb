"""A uvicorn server in an event loop that belongs to somebody else."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

import uvicorn


class GuestServer(uvicorn.Server):
    """Leaves the signals of the process to whoever runs the loop, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start listening, then say so, also when it failed: nobody shall wait in vain."""
        try:
            await super().startup(sockets)
        finally:
            self.listens.set()
