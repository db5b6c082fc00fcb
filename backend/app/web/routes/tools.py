"""How the analysts' tools do."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.analysis.tool_metrics import as_answer
from app.web import schemas_of_parts
from app.web.bodies import JsonRoute
from app.web.replies import reply
from app.web.routes.common import desk_of, problems

router = APIRouter(prefix="/api/v1/tools", tags=["tools"], route_class=JsonRoute)


@router.get(
    "/performance",
    summary="How each tool did, what that means, and the policy it leads to",
    response_model=None,
    responses={200: {"model": schemas_of_parts.ToolPerformanceList}, **problems(503)},
)
async def performance(request: Request) -> Response:
    """Answer with the figures of every tool, insights and recommendations, and how tools are run at present."""
    report = await (await desk_of(request)).tool_tracker.analyze_tool_performance()
    return reply(as_answer(report))
