"""The feed's sockets, counted, and the delay of what is sent to them."""

from collections.abc import Callable
from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.metrics import catalogue
from app.observability.metrics.registry import Metrics
from app.observability.metrics.stamps import AT

EVERY: Final = 16
WEBSOCKET: Final = "websocket"


class FeedMetrics:
    """The figures of the feed."""

    def __init__(self, metrics: Metrics) -> None:
        self.clients = metrics.gauge(catalogue.STREAM_CLIENTS).at(WEBSOCKET)
        self.delay = metrics.histogram(catalogue.STREAM_DELAY).at(WEBSOCKET)
        self._evictions = metrics.counter(catalogue.STREAM_EVICTIONS)
        self._limited = metrics.counter(catalogue.RATE_LIMITED).at("feed")

    def cut_off(self, reason: str) -> None:
        """A client did not read."""
        self._evictions.at(WEBSOCKET, reason).inc()

    def turned_away(self) -> None:
        """There were too many clients, or one asked for too much at once."""
        self._limited.inc()


class MeteredFeed:
    """Passes sockets on to `app` and watches what is sent to them: of each, the first message and every 16th."""

    def __init__(self, app: ASGIApp, figures: FeedMetrics) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it leaves."""
        self._figures.clients.inc()
        try:
            await self._app(scope, receive, _watched(send, self._figures.delay.observe))
        finally:
            self._figures.clients.dec()


def _watched(send: Send, observe: Callable[[float], None]) -> Send:
    sent = 0

    async def watched(message: Message) -> None:
        nonlocal sent
        await send(message)
        if AT in message:
            if not sent % EVERY:
                observe(perf_counter() - message[AT])
            sent += 1

    return watched
