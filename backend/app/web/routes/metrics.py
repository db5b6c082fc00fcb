"""What Prometheus reads."""

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.observability.metrics.exposition import CONTENT_TYPE, page
from app.web.bodies import JsonRoute

router = APIRouter(tags=["health"], route_class=JsonRoute)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Answer with every figure of this process, or of all processes where they share a folder."""
    return await shown(request)


async def shown(request: Request) -> Response:
    """Return the page; it is written in a thread, because that takes some milliseconds."""
    kept = request.app.state.metrics
    await kept.refresh()
    return Response(await asyncio.to_thread(page, kept.registry), media_type=CONTENT_TYPE)
