"""Counts who is turned away and what is put off."""

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.domain.errors import OverloadedError
from app.observability.metrics.catalogue import AUTH_FAILURES, RATE_LIMITED
from app.observability.metrics.registry import Metrics

OnError = Callable[[Request, Any], Coroutine[Any, Any, Response]]


def counted_refusals(metrics: Metrics) -> Callable[[str], None]:
    """Return what an access policy tells of each refusal."""
    refusals = metrics.counter(AUTH_FAILURES)
    return lambda reason: refusals.at(reason).inc()


def counting_overload(metrics: Metrics, on_error: OnError) -> OnError:
    """Return an error handler that counts requests put off because too much is asked, and answers as `on_error`."""
    limited = metrics.counter(RATE_LIMITED)

    async def counted(request: Request, error: Exception) -> Response:
        if isinstance(error, OverloadedError):
            limited.at("requests").inc()
        return await on_error(request, error)

    return counted
