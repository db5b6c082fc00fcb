"""The web application: the desk behind REST routes and a socket, with a gate in front."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from app.access.policy import AccessPolicy
from app.agent_system import AgentSystem
from app.config import Settings, read_settings
from app.domain.errors import AgentSystemError
from app.observability.metrics.feed import FeedMetrics, MeteredFeed
from app.observability.metrics.http import HttpMetrics, expect_routes
from app.web import docs_page
from app.web import error_responses as errors
from app.web.audits import auditing
from app.web.feed import Feed
from app.web.gate import Gate
from app.web.openapi import describe
from app.web.refusals import counted_refusals, counting_overload
from app.web.routes import agents, consensus, decisions, health, indicators, metrics, simulations, tools

MODULES = (agents, consensus, decisions, simulations, indicators, tools, health, metrics)
ROUTERS = tuple(module.router for module in MODULES)
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(system: AgentSystem | None = None, settings: Settings | None = None) -> FastAPI:
    """Build the application; the desk starts and stops with the application's lifespan.

    Args:
        system: built from `settings` when None.
        settings: read from the environment when None.

    Raises:
        InvalidInputError: a setting in the environment is wrong; the message names it.
    """
    settings = settings or read_settings()
    system = system or AgentSystem(settings)
    figures = system.metrics
    policy = AccessPolicy.of(settings, counted_refusals(figures))
    app = FastAPI(
        title="Conclave",
        version=version("conclave"),
        lifespan=_lifespan(system, settings),
        middleware=[Middleware(HttpMetrics, metrics=figures), Middleware(Gate, policy=policy)],
        exception_handlers={
            AgentSystemError: counting_overload(figures, errors.on_error),
            RequestValidationError: errors.on_invalid_fields,
            HTTPException: errors.on_http_error,
        },
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    app.state.system = system
    app.state.metrics = figures
    feed_figures = FeedMetrics(figures)
    app.state.feed = Feed(system, settings, policy, feed_figures)
    app.state.stream = MeteredFeed(app.state.feed, feed_figures)
    app.state.running_keys = {}
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(docs_page.router)
    app.mount(docs_page.ASSETS_PATH, docs_page.assets())
    app.router.add_websocket_route("/ws/agents", app.state.stream)
    expect_routes(figures, (app.router, docs_page.router, *ROUTERS))
    app.openapi = describe(app, needs_key=policy.key is not None)  # type: ignore[method-assign]
    return app


def _lifespan(system: AgentSystem, settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        async with system, app.state.feed, auditing(await system.start(), settings.audit_seconds):
            yield

    return run
