"""How the analysts' tools do."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app import plugins
from app.web import schemas_of_parts
from app.web.bodies import JsonRoute
from app.web.replies import reply
from app.web.routes.common import desk_of, problems

router = APIRouter(prefix="/api/v1/tools", tags=["tools"], route_class=JsonRoute)

NEVER_CALLED: dict[str, Any] = {"calls": 0, "success_rate": 0.0, "average_execution_time_ms": 0.0}


@router.get(
    "/performance",
    summary="How each tool did",
    response_model=None,
    responses={200: {"model": schemas_of_parts.ToolPerformanceList}, **problems(503)},
)
async def performance(request: Request) -> Response:
    """Answer with calls, success rate (a fraction) and mean time by tool; a tool never called has zeros."""
    desk = await desk_of(request)
    called = {each["tool_name"]: each for each in await desk.store.tool_performance()}
    known = {name: {"tool_name": name, **NEVER_CALLED} for name in plugins.names("tool")}
    return reply({"tools": list((known | called).values())})
