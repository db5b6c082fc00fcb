"""Simulated markets: start one, watch it on the feed, look at its figures, stop it."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body
from starlette.requests import Request
from starlette.responses import Response

from app.composition import Desk
from app.domain.simulation_requests import SimulationRequest
from app.domain.simulations import SimulationPlan, SimulationState
from app.testing.mock_market.regimes import REGIMES
from app.web import examples, schemas_of_simulations
from app.web.bodies import JsonRoute
from app.web.idempotency import Claim, IdempotencyKey, once
from app.web.replies import json_reply, reply
from app.web.routes.common import WITH_BODY, PathId, desk_of, known_form, problems

router = APIRouter(prefix="/api/v1/simulations", tags=["simulations"], route_class=JsonRoute)


@router.post(
    "",
    status_code=202,
    summary="Let a market happen",
    response_model=None,
    responses={202: {"model": schemas_of_simulations.SimulationView}, **problems(*WITH_BODY, 409, 503)},
)
async def start(
    request: Request,
    body: Annotated[SimulationRequest, Body(openapi_examples=examples.SIMULATIONS)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Start a simulated market on whose every bar the panel decides, and answer at once.

    Bars (`market_update`), tool calls, votes and decisions are on the feed with `simulated` true in their data; every
    decision is recorded with `simulated` among its `degraded_reasons` and the simulation's id as correlation id.
    """
    desk, plan = await desk_of(request), body.to_plan()

    async def work(claim: Claim | None) -> Response:
        return json_reply(await _started(desk, plan, claim), 202)

    return await once(request, desk, idempotency_key, work)


@router.get(
    "",
    summary="The simulations of this process",
    response_model=None,
    responses={200: {"model": schemas_of_simulations.SimulationList}},
)
async def simulations(request: Request) -> Response:
    """List the regimes there are, and every simulation since the start of this process with its figures so far."""
    desk = await desk_of(request)
    return reply({"regimes": REGIMES, "items": [_told(state) for state in desk.simulations.states()]})


@router.get(
    "/{simulation_id}",
    summary="Where a simulation stands",
    response_model=None,
    responses={200: {"model": schemas_of_simulations.SimulationView}, **problems(404)},
)
async def simulation(request: Request, simulation_id: PathId) -> Response:
    """Answer `running`, `complete`, `stopped` or `failed`, with the figures so far."""
    desk = await desk_of(request)
    return reply(_told(desk.simulations.state(known_form(simulation_id))))


@router.delete(
    "/{simulation_id}",
    summary="Stop a simulation",
    response_model=None,
    responses={200: {"model": schemas_of_simulations.SimulationView}, **problems(404, 409)},
)
async def stop(request: Request, simulation_id: PathId) -> Response:
    """End it now: when the answer comes nothing of it runs any more. What was decided stays."""
    desk = await desk_of(request)
    return reply(_told(await desk.simulations.stop(known_form(simulation_id))))


async def _started(desk: Desk, plan: SimulationPlan, claim: Claim | None) -> bytes:
    """Start, and keep the answer if it is claimed; what cannot be kept is not left running."""
    state = await desk.simulations.start(plan)
    body = orjson.dumps(_told(state))
    if claim is not None:
        try:
            await desk.store.keep_answer(claim.answer(202, body=body))
        except BaseException:
            await desk.simulations.stop(state.simulation_id)
            raise
    return body


def _told(state: SimulationState) -> dict[str, Any]:
    return {**state.as_dict(), "status_url": f"{router.prefix}/{state.simulation_id}"}
