"""The line to one client: bytes out, at any pace, and ways to break off that a well-behaved server never uses."""

import asyncio
from asyncio import Transport
from collections.abc import Iterable, Iterator
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
        """Send an answer as long as somebody listens."""
        await self._head(answer)
        for piece in answer.pieces if answer.pace_s is None else _bytes(answer.pieces):
            if answer.pace_s is not None and await self.over(answer.pace_s):
                return await self.hang_up()
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        if answer.breaks_off:
            return await self.hang_up()
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

    async def _head(self, answer: Answer) -> None:
        length = {} if answer.length is None else {"content-length": str(answer.length)}
        headers = {"content-type": answer.media_type, **length, **answer.headers}
        spelled = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": spelled})

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _bytes(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return (piece[place : place + 1] for piece in pieces for place in range(len(piece)))
