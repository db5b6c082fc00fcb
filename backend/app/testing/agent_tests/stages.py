"""Where questions are put: a desk of rules, or one whose models are stand-ins with a fault of their own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app import plugins
from app.domain.identifiers import new_id
from app.ports.analyst import Analyst
from app.ports.rehearsal import Rehearsal, RehearsedDesk, Vendor
from app.testing.agent_tests.model_trials import BY_RULE, STAGES, Stage
from app.testing.agent_tests.scenes import Scene
from app.testing.agent_tests.takes import put
from app.testing.agent_tests.views import PANEL, View, view_of
from app.testing.mock_data_generator import REGIMES

if TYPE_CHECKING:
    from app.testing.fake_models.server import FakeModels

VENDORS: Final = ("ollama", "anthropic")


class Stages:
    """Puts questions; stand-ins are started when first needed and stopped with the `async with`.

    Args:
        analysts: by role; None takes those of the rehearsal.
        timeout_s: how long a panel has.
    """

    def __init__(self, rehearsal: Rehearsal, analysts: Mapping[str, Analyst] | None, timeout_s: float) -> None:
        self._rehearsal = rehearsal
        self._analysts = analysts
        self._timeout_s = timeout_s
        self._rules: Rehearsal = plugins.load("rehearsal", "in_memory")()
        self._stack = AsyncExitStack()
        self._fakes: dict[Stage, FakeModels] = {}
        self._tested: RehearsedDesk | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> "Stages":
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()

    async def views(self, scene: Scene, take: str, agent_types: tuple[str, ...]) -> dict[str, View]:
        """Return what each agent makes of a take of a scene; the stand-ins take turns from regime to regime."""
        stage = STAGES.get(take)
        asked = put(scene, stage.take if stage else take)
        roles = () if PANEL in agent_types else agent_types
        question = replace(asked.question, timeout_s=self._timeout_s, agents=roles, decision_id=new_id())
        async with self._desk(stage, VENDORS[(REGIMES.index(scene.regime) + scene.number) % len(VENDORS)]) as desk:
            made = await desk.decide(question)
        return {name: view_of(name, made, replace(asked, question=question)) for name in agent_types}

    @asynccontextmanager
    async def _desk(self, stage: Stage | None, provider: str) -> AsyncIterator[RehearsedDesk]:
        """Give a model's fault a desk of its own each time, or its breaker would soon spare it the question."""
        if stage is None:
            yield await self._panel()
            return
        if stage == STAGES[BY_RULE]:
            async with self._rules.desk(self._analysts) as desk:
                yield desk
            return
        fakes = await self._stand_in(stage)
        vendor = Vendor(provider, fakes.anthropic_url if provider == "anthropic" else fakes.ollama_url, fakes.key)
        async with self._rehearsal.desk(self._analysts, vendor) as desk:
            yield desk

    async def _panel(self) -> RehearsedDesk:
        async with self._opening:
            if self._tested is None:
                self._tested = await self._stack.enter_async_context(self._rehearsal.desk(self._analysts))
        return self._tested

    async def _stand_in(self, stage: Stage) -> "FakeModels":
        from app.testing.fake_models.server import FakeModels

        async with self._opening:
            if stage not in self._fakes:
                self._fakes[stage] = fakes = await self._stack.enter_async_context(FakeModels(brain=stage.brain))
                for provider in VENDORS if stage.fault else ():
                    fakes.fault(provider, stage.fault)
        return self._fakes[stage]
