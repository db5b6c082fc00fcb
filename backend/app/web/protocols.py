"""uvicorn's protocols with the patience of this server: who does not send or read in time is let go."""

from asyncio import BaseTransport, TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEADERS_S = 10.0
REQUEST_S = 60.0
MAX_HEADERS = 64 * 1024
LINGER_S = 5.0


class GuardedHttp(HttpToolsProtocol):
    """Drops connections whose headers or body take too long, and headers beyond 64 KiB."""

    _deadline: TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Expect a request soon."""
        super().connection_made(transport)
        self._expect(HEADERS_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._expect(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Expect its headers soon."""
        self._header_bytes = 0
        self._expect(HEADERS_S)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count towards the headers."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count towards the headers."""
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Expect the rest of the body in time."""
        self._expect(REQUEST_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect nothing before the next request."""
        self._expect(None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Expect nothing: the socket's own protocol takes over."""
        self._expect(None)
        super().handle_websocket_upgrade()

    def _count(self, part: bytes) -> None:
        self._header_bytes += len(part)
        if self._header_bytes > MAX_HEADERS:
            raise ValueError("headers too large")

    def _expect(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


class GuardedSocket(WebSocketsSansIOProtocol):
    """Says goodbye even to a client that does not read, and does not wait for it to listen."""

    _farewell: TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        if self._farewell is not None:
            self._farewell.cancel()
        super().connection_lost(exc)

    async def send(self, message: Any) -> None:
        """Send; a close frame goes into the buffer at once, however full it is."""
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.writable.set()
        await super().send(message)

    async def run_asgi(self) -> None:
        """Serve, then let the connection linger no longer than it takes to read the goodbye."""
        await super().run_asgi()
        self._leave_soon()

    def shutdown(self) -> None:
        """Close because the server stops."""
        super().shutdown()
        self._leave_soon()

    def keepalive_timeout(self) -> None:
        """Close because the client is silent."""
        super().keepalive_timeout()
        self._leave_soon()

    def _leave_soon(self) -> None:
        transport: BaseTransport | None = self.transport
        if self._farewell is None and isinstance(transport, BaseTransport) and not self.disconnected:
            self._farewell = self.loop.call_later(LINGER_S, self.transport.abort)
