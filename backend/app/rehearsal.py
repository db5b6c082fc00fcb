"""Desks for tests of agents: the real road with a store in memory, so that no test is ever on record."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import structlog
from pydantic import SecretStr

from app import plugins
from app.config_models import ModelSettings
from app.domain.errors import NotFoundError
from app.domain.questions import Question
from app.domain.tool_calls import with_shared_results
from app.events.agent_event_bus import AgentEventBus
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.events.rules_seating import RulesSeating, installed_analysts
from app.model_desk import model_desk
from app.observability.logging import configure_logging
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.rehearsal import Rehearsed, Vendor
from app.ports.seating import Seating


class InMemoryRehearsal:
    """Opens desks of rules, of the models that are set up, or of stand-ins.

    Args:
        analysts: by role; None takes those of the plugin table.
        settings: seats the models that are set up, at their vendors' price; None seats rules alone.
    """

    def __init__(self, analysts: Mapping[str, Analyst] | None = None, settings: ModelSettings | None = None) -> None:
        self._analysts = analysts
        self._settings = settings

    @asynccontextmanager
    async def desk(
        self, analysts: Mapping[str, Analyst] | None = None, vendor: Vendor | None = None
    ) -> AsyncIterator["InMemoryDesk"]:
        """Open a desk; see `Rehearsal.desk`."""
        if not structlog.is_configured():
            configure_logging()
        rules = analysts or self._analysts or installed_analysts()
        settings = settings_of(vendor) if vendor else self._settings
        if settings is None:
            yield InMemoryDesk(RulesSeating(rules))
            return
        clock: Clock = plugins.load("clock", "system")()
        async with model_desk(settings, rules, _empty_store(), clock) as models:
            yield InMemoryDesk(models.seating)


class InMemoryDesk:
    """Decides each question with a store of its own, so that no answer knows of another; the log is spared."""

    def __init__(self, seating: Seating) -> None:
        self._seating = seating

    async def decide(self, question: Question) -> Rehearsed:
        """Return the decision; see `RehearsedDesk.decide`."""
        store = _empty_store()
        with structlog.contextvars.bound_contextvars(rehearsal=True):
            return await self._decide(question, store)

    async def _decide(self, question: Question, store: DecisionStore) -> Rehearsed:
        async with (
            AgentEventBus() as bus,
            MultiAgentCoordinator(store=store, bus=bus, seating=self._seating) as coordinator,
        ):
            sealed = await coordinator.decide(question)
        evidence = await store.evidence(sealed.decision_id)
        if evidence is None:
            raise NotFoundError("The store in memory lost the evidence of a decision it has just kept.")
        document = orjson.loads(evidence.document)
        told = _told(document["model_calls"], {each.id: each.request for each in evidence.exchanges})
        return Rehearsed(orjson.loads(sealed.body), with_shared_results(document["tool_calls"]), told)


def _empty_store() -> DecisionStore:
    store: DecisionStore = plugins.load("decision_store", "memory")()
    return store


def _told(calls: Sequence[Mapping[str, Any]], requests: Mapping[str, bytes]) -> dict[str, str]:
    """Return the first words to each model, that is those before it could have said anything itself."""
    told: dict[str, str] = {}
    for call in calls:
        request = requests.get(call["exchange_id"])
        if request is not None:
            told.setdefault(call["agent_id"], request.decode())
    return told


def settings_of(vendor: Vendor) -> ModelSettings:
    """Return the settings of a panel of models of one vendor alone; nothing of the environment is in them."""
    usual = {name: field.get_default(call_default_factory=True) for name, field in ModelSettings.model_fields.items()}
    told: dict[str, Any] = {"provider": vendor.provider, "panel": "models", "stream_models": False}
    if vendor.provider == "anthropic":
        told |= {"anthropic_api_key": SecretStr(vendor.key), "anthropic_base_url": vendor.url}
    else:
        told |= {"ollama_base_url": vendor.url}
    return ModelSettings.model_construct(**{**usual, **told})
