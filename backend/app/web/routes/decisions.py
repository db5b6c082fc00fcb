"""The record: look decisions up, fetch the bytes that were hashed, make them again."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.domain.errors import FieldError, InvalidInputError
from app.domain.requests import SYMBOL_PATTERN
from app.domain.times import parse_time
from app.events.record import canonical_bytes
from app.web import schemas
from app.web.bodies import JsonRoute
from app.web.replies import json_reply, page_reply, record_reply, reply
from app.web.routes.common import PathId, desk_of, known_form, problems

router = APIRouter(prefix="/api/v1/decisions", tags=["decisions"], route_class=JsonRoute)

Symbol = Annotated[str | None, Query(pattern=SYMBOL_PATTERN, max_length=32, description="upper or lower case")]
Since = Annotated[str | None, Query(max_length=40, description="ISO 8601: only those created at or after")]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=200, description="the next_cursor of the page before")]


@router.get(
    "",
    summary="List decisions, newest first",
    response_model=None,
    responses={200: {"model": schemas.DecisionPageView}, **problems(422, 503)},
)
async def decisions(
    request: Request, symbol: Symbol = None, since: Since = None, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Answer with a page of records; `next_cursor` is null on the last."""
    desk = await desk_of(request)
    wanted = symbol.upper() if symbol else None
    return page_reply(await desk.store.list(wanted, _moment(since), limit, cursor))


@router.get(
    "/{decision_id}",
    summary="One decision",
    response_model=None,
    responses={200: {"model": schemas.DecisionRecord}, **problems(404, 503)},
)
async def decision(request: Request, decision_id: PathId) -> Response:
    """Answer with the record exactly as it was first sent."""
    desk = await desk_of(request)
    return record_reply(await desk.coordinator.record(known_form(decision_id)))


@router.get(
    "/{decision_id}/canonical",
    summary="The bytes that were hashed",
    response_model=None,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}, **problems(404, 503)},
)
async def canonical(request: Request, decision_id: PathId) -> Response:
    """Answer with canonical JSON (RFC 8785): hash them after the previous hash to check the chain."""
    desk = await desk_of(request)
    record = await desk.coordinator.record(known_form(decision_id))
    return json_reply(await asyncio.to_thread(canonical_bytes, record.body))


@router.get(
    "/{decision_id}/replay",
    summary="Make a decision again from its evidence",
    response_model=None,
    responses={200: {"model": schemas.ReplayView}, **problems(404, 503)},
)
async def replay(request: Request, decision_id: PathId) -> Response:
    """Recompute analysts, tools and consensus from what was stored and compare."""
    desk = await desk_of(request)
    return reply((await desk.coordinator.replay(known_form(decision_id))).as_dict())


@router.get(
    "/{decision_id}/voting",
    summary="Who agreed with whom",
    response_model=None,
    responses={200: {"model": schemas.VotingView}, **problems(404, 503)},
)
async def voting(request: Request, decision_id: PathId) -> Response:
    """Summarise the vote behind a decision."""
    desk = await desk_of(request)
    return reply(await desk.coordinator.voting_analysis(known_form(decision_id)))


def _moment(since: str | None) -> datetime | None:
    try:
        return None if since is None else parse_time(since)
    except (ValueError, OverflowError):
        why = "since must be an ISO 8601 time such as 2024-01-02T21:00:00+00:00."
        raise InvalidInputError(why, [FieldError("since", why)]) from None
