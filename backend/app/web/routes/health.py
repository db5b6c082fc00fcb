"""Is the process alive, is it ready, how is each part?"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.observability.health import DOWN
from app.web import schemas_of_parts
from app.web.bodies import JsonRoute
from app.web.replies import reply
from app.web.routes.common import desk_of

router = APIRouter(prefix="/health", tags=["health"], route_class=JsonRoute)

_LIVE, _READY, _NOT_READY = {"status": "alive"}, {"status": "ready"}, {"status": "not ready"}


@router.get(
    "",
    summary="How each part is doing",
    response_model=None,
    responses={
        200: {"model": schemas_of_parts.HealthView},
        503: {"model": schemas_of_parts.HealthView, "description": "a part that nothing works without is down"},
    },
)
async def health(request: Request) -> Response:
    """Answer 200, or 503 when what nothing works without is down; both say which part, how, why and since when."""
    told = await request.app.state.system.get_system_status()
    whole = {name: told[name] for name in ("status", "component_health")}
    return reply(whole, 503 if told["status"] == DOWN else 200)


@router.get(
    "/live",
    summary="Whether the process is alive",
    response_model=None,
    responses={200: {"model": schemas_of_parts.LifeSign}},
)
async def live() -> Response:
    """Answer without touching anything."""
    return reply(_LIVE)


@router.get(
    "/ready",
    summary="Whether requests can be served",
    response_model=None,
    responses={200: {"model": schemas_of_parts.LifeSign}, 503: {"model": schemas_of_parts.LifeSign}},
)
async def ready(request: Request) -> Response:
    """Answer 200 when the desk runs and its store can be read, else 503; a degraded desk is ready."""
    desk = await desk_of(request)
    is_ready = desk.health.overall(await desk.health.report()) != DOWN
    return reply(_READY if is_ready else _NOT_READY, 200 if is_ready else 503)
