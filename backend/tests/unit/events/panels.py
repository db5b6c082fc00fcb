"""Desks with models: a coordinator whose seats are played by scripted models, rules or both."""

from collections.abc import Mapping
from typing import Any

import orjson

from app import plugins
from app.ai.model_panel.seating import Casting, ModelSeating
from app.ai.model_panel.voices import Voice
from app.domain.completions import Completion, ModelRequest
from app.domain.questions import Question
from app.domain.requests import read_request
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.observability.system_clock import SystemClock
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.builders import request_fields
from tests.unit.ai.model_panel.scenes import Listening, archive, said, tone, voice, vote

ROLES = plugins.names("analyst")
NEWS = [{"timestamp": "2024-03-01T00:00:00+00:00", "source": "wire", "title": "Quarterly profit surges"}]
TOLD = {"asked_for": "auto", "choice": "scripted:m-1", "found": {"scripted": "CONCLAVE_SCRIPT is set"}}


def is_about_news(request: ModelRequest) -> bool:
    """Whether the news analyst asks."""
    return request.prompt.startswith("news_analyst@")


def answers(**of_roles: Any) -> Any:
    """A script by role: a completion, an error, or a list of them to be taken in turn; others vote BUY.

    In two phases a request without a schema is answered with words alone, unless the role has a list.
    """
    left = {role: list(lines) for role, lines in of_roles.items() if isinstance(lines, list)}

    def answer(request: ModelRequest) -> Completion:
        role = request.prompt.partition("@")[0]
        line = left[role].pop(0) if role in left else of_roles.get(role)
        if line is None and request.schema is None:
            return said("I have seen enough.")
        if line is None:
            line = said(tone() if is_about_news(request) else vote())
        if isinstance(line, BaseException):
            raise line
        assert isinstance(line, Completion)
        return line

    return answer


def seating(
    door: Listening | None, mode: Any = None, rules: Mapping[str, Any] | None = None, **others: Any
) -> ModelSeating:
    """Seats one model in every role that has a prompt; without a door models sit that cannot be asked."""
    seated = {role: plugins.load("analyst", role)() for role in ROLES} if rules is None else rules
    roles = others.pop("roles", ROLES)
    spoken: dict[str, Voice] = {role: voice(door) for role in roles if role in seated}
    casting = Casting(spoken, others.pop("gatherer", None), TOLD)

    async def resolve() -> Casting:
        return casting

    kept, clock = others.pop("archive", archive()), others.pop("clock", SystemClock())
    return ModelSeating(seated, resolve, kept, clock, mode=mode, **others)


def desk(door: Listening | None, mode: Any = None, store: Any = None, **others: Any) -> MultiAgentCoordinator:
    """A coordinator with such seats."""
    kept = {name: others.pop(name) for name in ("bus", "panel") if name in others}
    return MultiAgentCoordinator(store=store or InMemoryDecisionStore(), seating=seating(door, mode, **others), **kept)


def question(count: int = 200, **others: Any) -> Question:
    """A question that every role can answer."""
    return read_request(request_fields(count, **{"news": NEWS, **others})).to_question()


async def decided(coordinator: MultiAgentCoordinator, **others: Any) -> dict[str, Any]:
    """The record of a decision."""
    return orjson.loads((await coordinator.decide(question(**others))).body)  # type: ignore[no-any-return]


async def evidence_of(store: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence of a decision."""
    return orjson.loads((await store.evidence(record["decision_id"])).document)  # type: ignore[no-any-return]


def by_agent(record: Mapping[str, Any]) -> dict[str, Any]:
    """The votes of a record by agent, without the symbol."""
    return {each["agent_id"].removesuffix("_AAPL"): each for each in record["votes"]}
