"""Counts and times requests; stands outside everything else, so it sees what a caller sees."""

from collections.abc import Iterable
from time import perf_counter

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.metrics.catalogue import HTTP_DURATION, HTTP_REQUESTS
from app.observability.metrics.registry import Metrics

NO_ROUTE = "none"
GONE = 499
"""The status that is counted where nobody waited for the answer."""


class HttpMetrics:
    """Passes requests on to `app`; the label is the route's template, never the path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._requests = metrics.counter(HTTP_REQUESTS)
        self._seconds = metrics.histogram(HTTP_DURATION)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; sockets are left alone."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        status, started = GONE, perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            labels = (scope["method"], route_of(scope), f"{status // 100}xx")
            self._requests.at(*labels).inc()
            self._seconds.at(*labels).observe(perf_counter() - started)


def route_of(scope: Scope) -> str:
    """Return the template of the route that a request was led to, or `none`."""
    return getattr(scope.get("route"), "path", NO_ROUTE)


def expect_routes(metrics: Metrics, routers: Iterable[Router]) -> None:
    """Announce every route that stands in one of the routers itself, so that its series exist before anybody calls."""
    for method in ("GET", "POST"):
        metrics.expect(method=method, route=NO_ROUTE)
    for route in (each for router in routers for each in router.routes if isinstance(each, Route)):
        for method in (route.methods or set()) - {"HEAD"}:
            metrics.expect(method=method, route=route.path)
