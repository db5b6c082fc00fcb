"""The desk of the stand-ins: takes one request, thinks, and answers well or as badly as it is told to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from app.testing.fake_models.answers import Answer, Incoming, Vendor, document
from app.testing.fake_models.bent_replies import bent, can_bend
from app.testing.fake_models.brain import Brain
from app.testing.fake_models.conversation import Asked, RefusedError, Reply, tokens
from app.testing.fake_models.faults import STREAM_ONLY, Fault, FaultBook, Stage
from app.testing.fake_models.journal import Journal, Received
from app.testing.fake_models.wire import Line

LARGEST_BODY: Final = 32 * 1024 * 1024
A_WEB_PAGE: Final = b"<!doctype html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"

Handler = Callable[[Incoming], Answer]


@dataclass(slots=True)
class Desk:
    """What all routes share.

    Args:
        latency_s: wait before the first byte of every answer.
        tool_rounds: turns that a model spends on tools before it answers.
    """

    brain: Brain
    latency_s: float = 0.0
    tool_rounds: int = 1
    faults: FaultBook = field(default_factory=FaultBook)
    journal: Journal = field(default_factory=Journal)
    closing: asyncio.Event = field(default_factory=asyncio.Event)


class VendorRoute:
    """One route of a vendor as an ASGI application.

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
            await self._serve(incoming, entry, Line(scope, receive, send, self._desk.closing))
        finally:
            await self._desk.journal.end()

    async def _serve(self, incoming: Incoming, entry: Received, line: Line) -> None:
        if self._desk.latency_s and await line.over(self._desk.latency_s):
            return await line.hang_up()
        fault = self._take("arrival", incoming, entry, lambda _fault: True)
        if fault is not None and fault.kind == "hang":
            await line.over()
        if fault is not None and fault.kind in {"hang", "drop"}:
            return await line.hang_up()
        answer = self._answer(incoming, entry) if fault is None else self._failed(fault)
        return await self._send(answer, incoming, entry, line)

    def _failed(self, fault: Fault) -> Answer:
        match fault.kind:
            case "status":
                return self._vendor.failure(int(fault.value))
            case "retry_after":
                return replace(self._vendor.failure(429), headers={"retry-after": fault.value})
            case "html":
                return Answer((A_WEB_PAGE,), media_type="text/html; charset=utf-8")
            case "wrong_shape":
                return document(self._vendor.misshapen())
        return document({})

    def _answer(self, incoming: Incoming, entry: Received) -> Answer:
        try:
            if len(incoming.raw) > LARGEST_BODY:
                raise RefusedError(413, "")
            return self._asked(incoming, entry) if self._handler is None else self._handler(incoming)
        except RefusedError as refused:
            return self._vendor.failure(refused.status, str(refused), refused.kind)

    def _asked(self, incoming: Incoming, entry: Received) -> Answer:
        asked = self._vendor.read(incoming)
        reply = self._desk.brain.reply(asked, self._desk.tool_rounds)
        fault = self._take("reply", incoming, entry, lambda each: can_bend(each.kind, asked, reply))
        said = _within_budget(asked, bent(fault.kind, asked, reply) if fault else reply)
        if not asked.stream:
            return document(self._vendor.whole(asked, said))
        pieces = tuple(self._vendor.pieces(asked, said))
        return Answer(pieces, media_type=self._vendor.stream_type, streamed=True)

    async def _send(self, answer: Answer, incoming: Incoming, entry: Received, line: Line) -> None:
        good = answer.status == 200 and not entry.fault
        fault = self._take("bytes", incoming, entry, lambda each: _can_break(each, answer)) if good else None
        entry.status = answer.status
        match fault.kind if fault else None:
            case "cut" if not answer.streamed or (fault and fault.value == "socket"):
                await line.head(answer, None if answer.streamed else sum(map(len, answer.pieces)))
                await line.pieces(_half(answer).pieces)
                await line.hang_up()
            case "slow" if fault:
                await line.slowly(answer, fault.number(1.0))
            case None:
                await line.send(answer)
            case kind:
                await line.send(_broken(kind, answer, self._vendor))

    def _take(self, stage: Stage, incoming: Incoming, entry: Received, fits: Callable[[Fault], bool]) -> Fault | None:
        path = "" if incoming.path == self._vendor.model_path else incoming.path
        book, name = self._desk.faults, self._vendor.name
        fault = book.take(name, path, incoming.raw, lambda each: each.stage == stage and fits(each))
        if fault is not None:
            entry.fault = (*entry.fault, fault.kind)
        return fault


def _within_budget(asked: Asked, reply: Reply) -> Reply:
    """Stop where the token limit is reached; thinking counts."""
    if asked.budget is None or reply.stop == "refusal":
        return reply
    room = asked.budget - (tokens(reply.thinking) if asked.thinks else 0)
    if tokens(reply.text) + sum(tokens(str(each.arguments)) for each in reply.calls) <= room:
        return reply
    return replace(reply, text=reply.text[: max(0, 4 * room)], calls=(), stop="length")


def _can_break(fault: Fault, answer: Answer) -> bool:
    return answer.streamed or fault.kind not in STREAM_ONLY


def _broken(kind: str, answer: Answer, vendor: Vendor) -> Answer:
    half = _half(answer)
    match kind:
        case "stream_error":
            return replace(half, pieces=(*half.pieces, vendor.stream_failure()))
        case "blank_line":
            return replace(answer, pieces=(answer.pieces[0], b"\n", *answer.pieces[1:]))
        case "bad_json" if answer.streamed:
            torn = answer.pieces[len(half.pieces)]
            return replace(half, pieces=(*half.pieces, torn[: -len(torn) // 3], b"\n\n"))
    return half


def _half(answer: Answer) -> Answer:
    if answer.streamed:
        return replace(answer, pieces=answer.pieces[: len(answer.pieces) // 2])
    return replace(answer, pieces=(answer.pieces[0][: len(answer.pieces[0]) // 2],))


async def _body(request: Request) -> bytes:
    """Read the body to its end; of one that is too large only as much as shows it."""
    kept = bytearray()
    async for piece in request.stream():
        kept += piece[: LARGEST_BODY + 1 - len(kept)]
    return bytes(kept)


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
