"""What one agent brought to a decision: its vote or its failure, and the paper that goes with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from app.domain.model_calls import Exchange, ModelCall
from app.domain.tool_calls import ToolCall
from app.domain.votes import Vote
from app.ports.panel import Failure, PanelResult, Sitting


@dataclass(frozen=True, slots=True)
class Contribution:
    """One agent's part of a panel's result.

    Args:
        model: how to seat the model again that spoke; None where rules did.
    """

    vote: Vote | None
    failure: Failure | None
    tool_calls: tuple[ToolCall, ...] = ()
    model_calls: tuple[ModelCall, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    model: dict[str, Any] | None = None


def contribution_of(
    agent_id: str, panel: PanelResult, sitting: Sitting, models: Mapping[str, Mapping[str, Any]]
) -> Contribution:
    """Return the part of a panel's result that is an agent's own."""
    calls = tuple(each for each in sitting.model_calls if each.agent_id == agent_id)
    kept = {each.exchange_id for each in calls}
    return Contribution(
        vote=next((each for each in panel.votes if each.agent_id == agent_id), None),
        failure=next((each for each in panel.failures if each.agent_id == agent_id), None),
        tool_calls=tuple(each for each in panel.tool_calls if each.agent_id == agent_id),
        model_calls=calls,
        exchanges=tuple(each for each in sitting.exchanges if each.id in kept),
        model=dict(models[agent_id]) if agent_id in models else None,
    )


def panel_of(contributions: Iterable[Contribution], missing: Iterable[Failure]) -> PanelResult:
    """Return the result of a panel whose members worked apart, in the order of `contributions`."""
    parts = tuple(contributions)
    failed = tuple(each.failure for each in parts if each.failure is not None)
    votes = tuple(each.vote for each in parts if each.vote is not None)
    return PanelResult(votes, tuple(call for each in parts for call in each.tool_calls), (*failed, *missing))


def write(contribution: Contribution) -> bytes:
    """Return a contribution as JSON."""
    return _adapter().dump_json(contribution)


def read(content: bytes) -> Contribution:
    """Return what `write` wrote."""
    return _adapter().validate_json(content)


def paid_for(content: bytes) -> tuple[Sequence[ModelCall], Sequence[Exchange]]:
    """Return what models were asked for a contribution as `write` wrote it."""
    part = read(content)
    return part.model_calls, part.exchanges


@cache
def _adapter() -> TypeAdapter[Contribution]:
    return TypeAdapter(Contribution)
