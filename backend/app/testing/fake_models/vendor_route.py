"""One route of a vendor, as an ASGI application."""

from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from app.testing.fake_models.answers import Incoming, Vendor
from app.testing.fake_models.desk import Desk
from app.testing.fake_models.exchange import LARGEST_BODY, Exchange, Handler
from app.testing.fake_models.wire import Line


class VendorRoute:
    """Notes each request and has it answered.

    Args:
        handler: makes the answer; None asks the model.
    """

    def __init__(self, desk: Desk, vendor: Vendor, path: str, handler: Handler | None = None) -> None:
        self._desk = desk
        self._vendor = vendor
        self._path = path
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        try:
            raw = await _body(request)
        except ClientDisconnect:
            return
        incoming = Incoming(self._path, dict(request.headers), raw, _parsed(raw))
        entry = await self._desk.journal.begin(self._vendor.name, self._path, incoming.body)
        try:
            exchange = Exchange(self._desk, self._vendor, incoming, entry, self._handler)
            await exchange.run(Line(scope, receive, send, self._desk.closing))
        finally:
            await self._desk.journal.end()


async def _body(request: Request) -> bytes:
    """Read the body to its end; of one that is too large keep only as much as shows it."""
    kept = bytearray()
    async for piece in request.stream():
        kept += piece[: LARGEST_BODY + 1 - len(kept)]
    return bytes(kept)


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
