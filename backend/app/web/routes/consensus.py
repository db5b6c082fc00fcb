"""The engine alone: bring your own votes."""

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Body
from starlette.requests import Request
from starlette.responses import Response

from app.consensus.engine import decide
from app.web import examples, schemas
from app.web.bodies import JsonRoute
from app.web.idempotency import Claim, IdempotencyKey, once
from app.web.replies import json_reply
from app.web.requests import TallyRequest
from app.web.routes.common import WITH_BODY, desk_of, problems

router = APIRouter(prefix="/api/v1/consensus", tags=["consensus"], route_class=JsonRoute)

MANY_VOTES = 500


@router.post(
    "/tally",
    summary="Count votes of your own agents",
    response_model=None,
    responses={200: {"model": schemas.TallyResult}, **problems(*WITH_BODY, 409, 503)},
)
async def tally(
    request: Request,
    body: Annotated[TallyRequest, Body(openapi_examples=examples.TALLIES)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Decide by any method and strategy. A vote that cannot be counted is listed in `rejected` with the reason."""

    async def work(claim: Claim | None) -> Response:
        result = await _count(body)
        if claim is not None:
            await desk.store.keep_answer(claim.answer(200, body=result))
        return json_reply(result)

    desk = await desk_of(request)
    return await once(request, desk, idempotency_key, work)


async def _count(body: TallyRequest) -> bytes:
    if len(body.votes) > MANY_VOTES:
        return await asyncio.to_thread(_counted, body)
    return _counted(body)


def _counted(body: TallyRequest) -> bytes:
    return orjson.dumps(decide(body.votes, body.config).as_dict())
