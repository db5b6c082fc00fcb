"""Request bodies: counted while they stream in, JSON in the strict sense, validated once, never echoed."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, cast

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.access.strict_json import parse_strictly
from app.domain.requests import invalid_input
from app.web.error_responses import BodyTooLargeError, NotJsonError

SMALL_BODY = 256 * 1024
BARS_BODY = 4 * 1024 * 1024

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class _ReadRequest(Request):
    """A request whose body has been read and validated already."""

    model: BaseModel

    async def body(self) -> bytes:
        return b"{}"

    async def json(self) -> Any:
        return self.model


class JsonRoute(APIRoute):
    """A route that reads its body by our rules; the framework only sees the finished model."""

    max_bytes: ClassVar[int] = SMALL_BODY

    def get_route_handler(self) -> Handler:
        """Return the handler; routes without a body keep the framework's own."""
        standard = super().get_route_handler()
        if self.body_field is None:
            return standard
        model = cast(type[BaseModel], self.body_field.field_info.annotation)

        async def handle(request: Request) -> Response:
            read = _ReadRequest(request.scope, request.receive)
            read.model = await _read(request, model, self.max_bytes)
            return await standard(read)

        return handle


class BarsRoute(JsonRoute):
    """A route whose body carries bars."""

    max_bytes: ClassVar[int] = BARS_BODY


def json_of(request: Request) -> Any:
    """Return the parsed JSON of a request, as it was sent."""
    return request.scope["conclave.json"]


async def _read(request: Request, model: type[BaseModel], max_bytes: int) -> BaseModel:
    if not _says_json(request.headers.get("content-type", "")):
        raise NotJsonError("Send the body as JSON, with Content-Type: application/json.")
    sent = request.scope["conclave.json"] = parse_strictly(await _bytes(request, max_bytes))
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise invalid_input(error) from None


def _says_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


async def _bytes(request: Request, max_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def _too_large(max_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body is larger than the {max_bytes} bytes that this address reads; send less.")
