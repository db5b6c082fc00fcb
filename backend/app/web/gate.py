"""The gate in front of every route: who may come in, under which correlation id, and one log line for each request."""

import time
from asyncio import CancelledError
from collections.abc import Sequence

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.labels import is_safe_label
from app.access.policy import AccessPolicy, Refusal, shows_key
from app.domain.identifiers import new_id
from app.observability.metrics.http import route_of
from app.web.error_responses import StoppingError, on_error, refused, respond

log = structlog.get_logger(__name__)

KEYLESS = frozenset({"/health/live", "/health/ready"})
CORRELATION_HEADER = b"x-correlation-id"


class Gate:
    """Lets a call through to `app` when the policy admits it; plain ASGI, so nothing stands between body and route."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        correlation_id = correlation_of(scope["headers"])
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        reply = _Reply(send, correlation_id)
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            await self._answer(scope, receive, reply)
            ms = round((time.perf_counter() - started) * 1_000, 2)
            log.info("request", method=scope["method"], route=route_of(scope), status=reply.status, ms=ms)

    async def _answer(self, scope: Scope, receive: Receive, reply: "_Reply") -> None:
        try:
            refusal = self._refusal(scope)
            await (respond(refused(refusal)) if refusal else self._app)(scope, receive, reply.send)
        except ClientDisconnect:
            log.info("client left before its request was complete")
        except CancelledError:
            # Nobody but a server that leaves cancels a request, and its task has nothing more to do than to say so.
            if reply.status:
                raise
            await _fail(StoppingError(), scope, receive, reply)
        except Exception as error:  # noqa: BLE001 - logged with its trace and answered
            await _fail(error, scope, receive, reply)

    def _refusal(self, scope: Scope) -> Refusal | None:
        refusal = self._policy.refusal(scope["headers"])
        if refusal or scope["path"] in KEYLESS:
            return refusal
        return self._policy.key_refusal(scope["headers"])

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        refusal = self._policy.refusal(headers)
        if refusal is None and shows_key(headers):
            refusal = self._policy.key_refusal(headers)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await _turn_away(refusal, scope, receive, send)


class _Reply:
    """Passes messages on, adding the correlation id and noting the status."""

    def __init__(self, send: Send, correlation_id: str) -> None:
        self.status = 0
        self._send = send
        self._header = (CORRELATION_HEADER, correlation_id.encode())

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), self._header]
        await self._send(message)


async def _fail(error: Exception, scope: Scope, receive: Receive, reply: _Reply) -> None:
    """Log what went wrong; answer it unless an answer is on its way."""
    answer = await on_error(Request(scope), error)
    if not reply.status:
        await answer(scope, receive, reply.send)


def correlation_of(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """Return the caller's own correlation id when it is a safe label, else a new one."""
    given = next((value.decode("latin-1") for name, value in headers if name == CORRELATION_HEADER), "")
    return given if is_safe_label(given) else new_id()


async def _turn_away(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the handshake with the problem where the server can, else close."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.detail})
        return
    answer = respond(refused(refusal))
    await send({"type": "websocket.http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})
