"""The line to one client: bytes out, at any pace, and ways to break off that a well-behaved server never uses."""

import asyncio
from asyncio import Transport
from collections.abc import Iterable
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.testing.fake_models.answers import Answer

TRANSPORT: Final = "conclave.transport"


class OpenProtocol(HttpToolsProtocol):
    """Lets the application reach the transport, so that it can hang up; `lost` is set when the connection is gone."""

    lost: asyncio.Event

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin; what is written goes out at once, however small."""
        transport.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self.lost = asyncio.Event()
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self.lost.set()

    def on_message_begin(self) -> None:
        """Hand the transport over with the request."""
        super().on_message_begin()
        extensions: dict[str, Any] = {TRANSPORT: self.transport}
        self.scope["extensions"] = extensions


class Line:
    """One request's line to its client.

    Args:
        closing: set when the server stops; ends every wait.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, closing: asyncio.Event) -> None:
        self._transport: Transport = scope["extensions"][TRANSPORT]
        self._receive = receive
        self._send = send
        self._closing = closing

    async def send(self, answer: Answer) -> None:
        """Send an answer whole, or piece by piece when it is a stream."""
        await self.head(answer, None if answer.streamed else sum(map(len, answer.pieces)))
        await self.pieces(answer.pieces)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def head(self, answer: Answer, length: int | None) -> None:
        """Send the status line; `length` promises so many bytes, None sends chunks."""
        headers = {"content-type": answer.media_type, **answer.headers}
        if length is not None:
            headers["content-length"] = str(length)
        spelled = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": spelled})

    async def pieces(self, pieces: Iterable[bytes]) -> None:
        """Send some of the body."""
        for piece in pieces:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def slowly(self, answer: Answer, pace_s: float) -> None:
        """Send an answer byte by byte, as long as somebody listens."""
        content = b"".join(answer.pieces)
        await self.head(answer, None if answer.streamed else len(content))
        for place in range(len(content)):
            if await self.over(pace_s):
                return await self.hang_up()
            await self.pieces([content[place : place + 1]])
        return await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def hang_up(self) -> None:
        """Close the socket, whatever was promised."""
        self._transport.close()
        await self._gone()

    async def over(self, within_s: float | None = None) -> bool:
        """Wait until the client leaves or the server stops, at most so long; return whether either happened."""
        ends = {asyncio.create_task(self._gone()), asyncio.create_task(self._closing.wait())}
        done, waiting = await asyncio.wait(ends, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return bool(done)

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
