"""The names under which indicators may be supplied, and what each means."""

from fastapi import APIRouter
from starlette.responses import Response

from app.analysis.indicators import INDICATORS
from app.web import schemas_of_parts
from app.web.bodies import JsonRoute
from app.web.replies import reply

router = APIRouter(prefix="/api/v1/indicators", tags=["indicators"], route_class=JsonRoute)

TOLD = ("name", "meaning", "unit", "minimum_bars")


@router.get(
    "",
    summary="Names and meanings of indicators",
    response_model=None,
    responses={200: {"model": schemas_of_parts.IndicatorList}},
)
async def indicators() -> Response:
    """List every indicator the desk computes; a request may supply any of them itself."""
    return reply({"indicators": [{name: getattr(each, name) for name in TOLD} for each in INDICATORS]})
