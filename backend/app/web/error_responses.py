"""Every error as an RFC 9457 problem document: the only place that knows HTTP codes for errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.access.policy import Refusal
from app.access.strict_json import MalformedJsonError
from app.domain import errors as desk
from app.domain.errors import AgentSystemError, FieldError, InvalidInputError
from app.domain.requests import invalid_input
from app.observability.metrics.http import route_of

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = "1"
UNAVAILABLE = 503


class BodyTooLargeError(AgentSystemError):
    """More bytes than this route reads."""


class NotJsonError(AgentSystemError):
    """The body does not say that it is JSON."""


class RefusedError(AgentSystemError):
    """The caller may not come in."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.reason = refusal.reason


class NoKeyError(RefusedError):
    """The caller did not show the key."""


class StoppingError(AgentSystemError):
    """The server leaves before it has an answer; others may have it, or have it soon."""

    def __init__(self) -> None:
        super().__init__(
            "This server stops and could not finish the request; "
            "ask again, under the same Idempotency-Key if you sent one."
        )


KINDS: Mapping[type[Exception], tuple[int, str, str]] = {
    desk.KeyReusedError: (422, "key-reused", "Idempotency key used for another request"),
    desk.UnknownNameError: (422, "unknown-name", "Unknown name"),
    desk.InvalidMarketDataError: (422, "invalid-market-data", "Invalid market data"),
    desk.ConfigurationError: (422, "invalid-configuration", "Invalid configuration"),
    desk.InvalidInputError: (422, "invalid-input", "Invalid input"),
    desk.NotFoundError: (404, "not-found", "Not found"),
    desk.StillRunningError: (409, "still-running", "Still running"),
    desk.ConflictError: (409, "conflict", "Conflict"),
    desk.StoreUnavailableError: (503, "store-unavailable", "Store unavailable"),
    desk.OverloadedError: (503, "overloaded", "Overloaded"),
    desk.StoreOutdatedError: (503, "store-outdated", "Store outdated"),
    StoppingError: (503, "stopping", "Server stopping"),
    MalformedJsonError: (400, "malformed-json", "Malformed JSON"),
    BodyTooLargeError: (413, "body-too-large", "Body too large"),
    NotJsonError: (415, "not-json", "Unsupported media type"),
    NoKeyError: (401, "key-required", "Key required"),
    RefusedError: (403, "refused", "Refused"),
    Exception: (500, "internal-error", "Internal error"),
}
HTTP_TITLES = {400: "Bad request", 404: "Not found", 405: "Method not allowed"}
HTTP_DETAILS = {
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not take that method; the Allow header lists those it takes.",
}
_ASK_AGAIN = (desk.StillRunningError, desk.StoreUnavailableError, desk.OverloadedError, StoppingError)
_UNEXPECTED = "Something failed in this server; its log has the reason under the correlation id of this request."


def status_of(error: Exception) -> int:
    """Return the HTTP status for an error."""
    return _kind(error)[0]


def problem_of(error: Exception) -> dict[str, Any]:
    """Return the problem document: never a trace, never a word of what was sent."""
    if isinstance(error, ValidationError):
        error = invalid_input(error)
    status, slug, title = _kind(error)
    detail = error.public if isinstance(error, AgentSystemError) else _UNEXPECTED
    findings = error.errors if isinstance(error, InvalidInputError) else ()
    return _problem(status, slug, title, detail, findings)


def respond(error: Exception) -> Response:
    """Return the answer to a request that failed with `error`."""
    return _answer(problem_of(error), _headers(error))


async def on_error(request: Request, error: Exception) -> Response:
    """Answer an error of the desk; an outage is a line in the log, what nobody expected comes with its trace."""
    fields = {"error": type(error).__name__, "method": request.method, "route": route_of(request.scope)}
    status = status_of(error)
    if isinstance(error, AgentSystemError) and status == UNAVAILABLE:
        log.warning("request put off", **fields, why=error.public)
    elif status >= 500:
        log.error("request failed", **fields, exc_info=error)
    return respond(error)


async def on_invalid_fields(_request: Request, error: Exception) -> Response:
    """Answer path or query values that do not fit."""
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    findings = [FieldError(".".join(str(part) for part in each["loc"][1:2]), each["msg"]) for each in found]
    first = f"{findings[0].loc}: {findings[0].message}." if findings else "A value does not fit."
    return respond(InvalidInputError(first, findings))


async def on_http_error(_request: Request, error: Exception) -> Response:
    """Answer what the framework refuses itself, such as an unknown address or method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    status = error.status_code
    title = HTTP_TITLES.get(status, "Request refused")
    detail = HTTP_DETAILS.get(status, "The request cannot be served.")
    return _answer(_problem(status, f"http-{status}", title, detail), dict(error.headers or {}))


def refused(refusal: Refusal) -> RefusedError:
    """Return the error for a caller that may not come in."""
    return NoKeyError(refusal) if refusal.reason == "key" else RefusedError(refusal)


def _kind(error: Exception) -> tuple[int, str, str]:
    return next(KINDS[each] for each in type(error).__mro__ if each in KINDS)


def _problem(status: int, slug: str, title: str, detail: str, findings: Sequence[FieldError] = ()) -> dict[str, Any]:
    listed = [{"loc": each.loc, "message": each.message} for each in findings]
    return {
        "type": f"urn:conclave:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": listed,
    }


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, _ASK_AGAIN):
        return {"Retry-After": RETRY_AFTER_S}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, NoKeyError) else {}


def _answer(problem: dict[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(orjson.dumps(problem), problem["status"], dict(headers), PROBLEM_JSON)
