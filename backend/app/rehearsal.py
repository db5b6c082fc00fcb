"""Desks for tests of agents: the real road with a store in memory, so that no test is ever on record."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
from pydantic import SecretStr

from app import plugins
from app.config_models import ModelSettings
from app.domain.questions import Question
from app.domain.tool_calls import with_shared_results
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.events.rules_seating import installed_analysts
from app.model_desk import model_desk
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.rehearsal import Rehearsed, Vendor


class InMemoryRehearsal:
    """Opens a desk of its own for each test.

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
        rules = analysts or self._analysts or installed_analysts()
        settings = settings_of(vendor) if vendor else self._settings
        store: DecisionStore = plugins.load("decision_store", "memory")()
        clock: Clock = plugins.load("clock", "system")()
        async with AsyncExitStack() as stack:
            models = await stack.enter_async_context(model_desk(settings, rules, store, clock)) if settings else None
            coordinator = MultiAgentCoordinator(
                store=store, clock=clock, analysts=rules, seating=models.seating if models else None
            )
            yield InMemoryDesk(await stack.enter_async_context(coordinator), store)


class InMemoryDesk:
    """A coordinator and the store in which it may write."""

    def __init__(self, coordinator: MultiAgentCoordinator, store: DecisionStore) -> None:
        self._coordinator = coordinator
        self._store = store

    async def decide(self, question: Question) -> Rehearsed:
        """Return the decision; see `RehearsedDesk.decide`."""
        sealed = await self._coordinator.decide(question)
        evidence = await self._store.evidence(sealed.decision_id)
        document = orjson.loads(evidence.document) if evidence else {"tool_calls": []}
        return Rehearsed(orjson.loads(sealed.body), with_shared_results(document["tool_calls"]))


def settings_of(vendor: Vendor) -> ModelSettings:
    """Return the settings of a panel of models of one vendor alone; nothing of the environment is in them."""
    usual = {name: field.get_default(call_default_factory=True) for name, field in ModelSettings.model_fields.items()}
    told: dict[str, Any] = {"provider": vendor.provider, "panel": "models", "stream_models": False}
    if vendor.provider == "anthropic":
        told |= {"anthropic_api_key": SecretStr(vendor.key), "anthropic_base_url": vendor.url}
    else:
        told |= {"ollama_base_url": vendor.url}
    return ModelSettings.model_construct(**{**usual, **told})
