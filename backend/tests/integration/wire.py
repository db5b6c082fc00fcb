"""A wire between a store and its server that can be cut, held or made deaf at a chosen word."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Wire:
    """Passes bytes between whoever connects to `url` and the server; `at` says what happens at a word of the client.

    Args:
        server: URL of the server.
    """

    def __init__(self, server: str) -> None:
        self._parts = urlsplit(server)
        self._flows = asyncio.Event()
        self._flows.set()
        self._word, self._is_passed_on, self._times = b"", False, 0
        self._pumps: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._port = 0
        self.cuts = 0
        self.was_cut = asyncio.Event()

    @property
    def url(self) -> str:
        """Where to connect instead of the server."""
        user = self._parts.netloc.rpartition("@")[0]
        return self._parts._replace(netloc=f"{user}@127.0.0.1:{self._port}").geturl()

    def cut_at(self, word: bytes, *, is_passed_on: bool, times: int = 1) -> None:
        """Cut the connection when the client says `word`: before the server hears it, or before its answer is back."""
        self._word, self._is_passed_on, self._times = word, is_passed_on, times

    def hold(self) -> None:
        """Pass nothing on any more, and say nothing about it."""
        self._flows.clear()

    def release(self) -> None:
        """Pass on what was held and everything after it."""
        self._flows.set()

    async def listen(self) -> None:
        """Let clients connect, always at the same port."""
        self._listener = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def deafen(self) -> None:
        """Refuse new connections and cut those there are."""
        if self._listener is not None:
            self._listener.close()
        for pump in tuple(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        behind, ahead = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        pump = asyncio.create_task(self._pass(reader, writer, behind, ahead))
        self._pumps.add(pump)

        def cut(ended: asyncio.Task[None]) -> None:
            self._pumps.discard(ended)
            for each in (writer, ahead):
                each.transport.abort()

        # Not in the task itself, which may be cancelled before it has begun.
        pump.add_done_callback(cut)

    async def _pass(
        self, reader: StreamReader, writer: StreamWriter, behind: StreamReader, ahead: StreamWriter
    ) -> None:
        is_mute = asyncio.Event()
        both = [
            asyncio.create_task(self._ask(reader, ahead, is_mute)),
            asyncio.create_task(self._answer(behind, writer, is_mute)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in both:
                each.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            self.was_cut.set()

    async def _ask(self, reader: StreamReader, ahead: StreamWriter, is_mute: asyncio.Event) -> None:
        while said := await reader.read(65_536):
            await self._flows.wait()
            if self._times and self._word in said:
                self._times -= 1
                self.cuts += 1
                if not self._is_passed_on:
                    return
                is_mute.set()
            ahead.write(said)

    async def _answer(self, behind: StreamReader, writer: StreamWriter, is_mute: asyncio.Event) -> None:
        while said := await behind.read(65_536):
            await self._flows.wait()
            if is_mute.is_set():
                return
            writer.write(said)


@asynccontextmanager
async def wire_to(server: str) -> AsyncIterator[Wire]:
    """A wire to a server until the block ends."""
    wire = Wire(server)
    await wire.listen()
    try:
        yield wire
    finally:
        wire.release()
        await wire.deafen()
