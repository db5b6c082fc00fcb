"""`/metrics` at a port of its own, for a process that serves nothing else, or whose callers must not see it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from app.access.policy import AccessPolicy, check_bind
from app.config import Settings
from app.guest_server import GuestServer
from app.listening import listen_on, url_of
from app.observability.metrics.registry import Metrics
from app.web.gate import Gate
from app.web.protocols import GuardedHttp
from app.web.refusals import counted_refusals
from app.web.routes.metrics import shown

GRACE_S: Final = 2


@asynccontextmanager
async def metrics_port(settings: Settings, metrics: Metrics) -> AsyncIterator[None]:
    """Show the figures at the port of CONCLAVE_METRICS_PORT, if it is set, until the block ends.

    Who may call is as everywhere: loopback, or beyond it with the key.

    Raises:
        InvalidInputError: the address needs a key or cannot be listened on; says what to do.
    """
    if settings.metrics_port is None:
        yield
        return
    settings = settings.model_copy(update={"host": settings.metrics_host, "port": settings.metrics_port})
    check_bind(settings)
    with listen_on(settings.host, settings.port, "CONCLAVE_METRICS_PORT and CONCLAVE_METRICS_HOST") as listener:
        server = GuestServer(_config(settings, metrics))
        running = asyncio.create_task(server.serve(sockets=[listener]), name="metrics port")
        running.add_done_callback(lambda _: server.listens.set())
        await server.listens.wait()
        print(f"Figures are at {url_of(listener)}/metrics", file=sys.stderr, flush=True)  # noqa: T201
        try:
            yield
        finally:
            server.should_exit = True
            await running


def _config(settings: Settings, metrics: Metrics) -> uvicorn.Config:
    policy = AccessPolicy.of(settings, counted_refusals(metrics))
    app = Starlette(routes=[Route("/metrics", shown)], middleware=[Middleware(Gate, policy=policy)])
    app.state.metrics = metrics
    return uvicorn.Config(
        app,
        http=GuardedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
