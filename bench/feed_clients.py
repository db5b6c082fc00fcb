"""Light WebSocket clients: they shake hands, count frames and nothing else."""

import asyncio

_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Client(asyncio.Protocol):
    """Counts the frames a server sends."""

    def __init__(self, path: str) -> None:
        loop = asyncio.get_running_loop()
        self._path = path
        self._rest = b""
        self._frames = 0
        self._wanted = 0
        self._enough: asyncio.Future[None] = loop.create_future()
        self.open: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the handshake."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_HANDSHAKE.format(path=self._path).encode())

    def data_received(self, data: bytes) -> None:
        """Count whole frames."""
        self._rest += data
        if not self.open.done():
            self._finish_handshake()
        self._count()

    def _finish_handshake(self) -> None:
        head, found, rest = self._rest.partition(b"\r\n\r\n")
        if not found:
            return
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.open.set_exception(RuntimeError(f"refused: {head[:60]!r}"))
            return
        self._rest = rest
        self.open.set_result(None)

    def _count(self) -> None:
        place, data = 0, self._rest
        while self.open.done() and len(data) - place >= 4:
            length, header = data[place + 1] & 0x7F, 2
            if length == 126:
                length, header = int.from_bytes(data[place + 2 : place + 4]), 4
            if len(data) - place < header + length:
                break
            self._frames += (data[place] & 0x0F) == 1
            place += header + length
        self._rest = data[place:]
        if self._wanted and self._frames >= self._wanted and not self._enough.done():
            self._enough.set_result(None)

    async def received(self, frames: int) -> None:
        """Return once that many frames have come."""
        self._wanted = frames
        if self._frames < frames:
            await self._enough

    def stop_reading(self) -> None:
        """Never read again."""
        assert self._transport is not None
        self._transport.pause_reading()

    def close(self) -> None:
        """Hang up."""
        assert self._transport is not None
        self._transport.abort()


async def connect(port: int, path: str) -> Client:
    """Return a client whose handshake is done."""
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(path), "127.0.0.1", port)
    await client.open
    return client
