"""The panel: ask it now, ask it in the background, see who is on it."""

from dataclasses import replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body
from starlette.requests import Request
from starlette.responses import Response

from app.domain.identifiers import agent_id
from app.domain.questions import Question
from app.domain.requests import AnalysisRequest
from app.events.intake import WHOLE_PANEL
from app.events.jobs.desk import ConsensusStatus
from app.ports.analyst import Analyst
from app.web import examples, schemas, schemas_of_parts
from app.web.bodies import BarsRoute
from app.web.idempotency import Claim, IdempotencyKey, once
from app.web.replies import consensus_reply, json_reply, record_reply, reply
from app.web.requests import ConsensusRequest
from app.web.routes.common import WITH_BODY, PathId, desk_of, known_form, problems

router = APIRouter(prefix="/api/v1/agents", tags=["agents"], route_class=BarsRoute)


@router.post(
    "/analyze",
    summary="Decide about a symbol now",
    response_model=None,
    responses={200: {"model": schemas.DecisionRecord}, **problems(*WITH_BODY, 409, 503)},
)
async def analyze(
    request: Request,
    body: Annotated[AnalysisRequest, Body(openapi_examples=examples.ANALYSES)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Ask the panel and answer with the decision record, stored with its evidence before it is sent.

    `NO_DECISION` is an answer too: nobody could vote, or too few.
    """
    desk = await desk_of(request)
    question = body.to_question(correlation_id=request.state.correlation_id)

    async def work(claim: Claim | None) -> Response:
        keyed = claim.answer(200, decision_id=question.decision_id) if claim else None
        return record_reply(await desk.coordinator.decide(replace(question, keyed=keyed)))

    return await once(request, desk, idempotency_key, work)


@router.post(
    "/consensus",
    status_code=202,
    summary="Decide about a symbol in the background",
    response_model=None,
    responses={202: {"model": schemas.ConsensusAccepted}, **problems(*WITH_BODY, 409, 503)},
)
async def request_consensus(
    request: Request,
    body: Annotated[ConsensusRequest, Body(openapi_examples=examples.CONSENSUS)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Answer at once with the id; it becomes the id of the decision."""
    desk = await desk_of(request)
    question = body.to_analysis().to_question(correlation_id=request.state.correlation_id)

    async def work(claim: Claim | None) -> Response:
        accepted = _accepted(question)
        answer = claim.answer(202, body=accepted) if claim else None
        await desk.coordinator.request_consensus(question, answer)
        return json_reply(accepted, 202)

    return await once(request, desk, idempotency_key, work)


@router.get(
    "/consensus/{consensus_id}",
    summary="Where a consensus stands",
    response_model=None,
    responses={200: {"model": schemas.ConsensusStatusView}, **problems(404, 503)},
)
async def consensus(request: Request, consensus_id: PathId) -> Response:
    """Answer `pending`, `complete`, `cancelled` or `failed`; complete comes with the decision record."""
    desk = await desk_of(request)
    return _standing(await desk.coordinator.consensus(known_form(consensus_id)))


@router.delete(
    "/consensus/{consensus_id}",
    summary="Stop a consensus",
    response_model=None,
    responses={200: {"model": schemas.ConsensusStatusView}, **problems(404, 409, 503)},
)
async def cancel(request: Request, consensus_id: PathId) -> Response:
    """Stop it: no further model is called. What is complete stays."""
    desk = await desk_of(request)
    return _standing(await desk.coordinator.cancel_consensus(known_form(consensus_id)))


@router.get(
    "",
    summary="Who is on the panel",
    response_model=None,
    responses={200: {"model": schemas_of_parts.PanelView}},
)
async def panel(request: Request) -> Response:
    """List every analyst with its question, its rule, what it needs and the tools it may call."""
    desk = await desk_of(request)
    seats = await desk.coordinator.seats()
    told = [_told(seat, analyst) for seat, analyst in seats.analysts.items()]
    return reply({"whole_panel": WHOLE_PANEL, "models": {"mode": "rules", **seats.resolved}, "agents": told})


@router.get(
    "/status",
    summary="The whole system at a glance",
    response_model=None,
    responses={200: {"model": schemas_of_parts.SystemStatus}},
)
async def status(request: Request) -> Response:
    """Answer with the health of each part and what has been done so far."""
    return reply(await request.app.state.system.get_system_status())


@router.get(
    "/performance",
    summary="How each agent did",
    response_model=None,
    responses={200: {"model": schemas_of_parts.AgentPerformanceList}, **problems(503)},
)
async def performance(request: Request) -> Response:
    """Answer with votes, means and how often each agent named the final side."""
    desk = await desk_of(request)
    return reply({"agents": await desk.coordinator.agent_performance()})


def _accepted(question: Question) -> bytes:
    where = f"{router.prefix}/consensus/{question.decision_id}"
    return orjson.dumps({"consensus_id": question.decision_id, "status": "pending", "status_url": where})


def _standing(status: ConsensusStatus) -> Response:
    return consensus_reply(status.consensus_id, status.status, status.record, status.reason)


def _told(seat: str, analyst: Analyst) -> dict[str, Any]:
    return {
        "role": analyst.role,
        "agent_id": agent_id(seat, "<SYMBOL>"),
        "question": analyst.question,
        "rule": analyst.rule,
        "needs": {"bars": analyst.needs.bars, "news": analyst.needs.news},
        "tools": list(analyst.tools),
    }
