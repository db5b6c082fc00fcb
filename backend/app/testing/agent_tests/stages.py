"""Where questions are put: a desk of rules, or one whose models are stand-ins with a fault of their own."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

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
    """Puts questions; what they need is started with the `async with` and stopped with it.

    Args:
        analysts: by role; None takes those of the rehearsal.
        timeout_s: how long a panel has.
        takes: those that will be put.
    """

    def __init__(
        self, rehearsal: Rehearsal, analysts: Mapping[str, Analyst] | None, timeout_s: float, takes: Iterable[str]
    ) -> None:
        self._rehearsal = rehearsal
        self._analysts = analysts
        self._timeout_s = timeout_s
        self._needed = {STAGES.get(take) for take in takes}
        self._stack = AsyncExitStack()
        self._standing: dict[Stage | None, RehearsedDesk] = {}
        self._fakes: dict[Stage, FakeModels] = {}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for stage in self._needed:
                await self._set(stage, stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()

    async def _set(self, stage: Stage | None, stack: AsyncExitStack) -> None:
        """Open the desk that is asked again and again, or start the stand-in of a stage."""
        if stage is None or stage == STAGES[BY_RULE]:
            rehearsal: Rehearsal = plugins.load("rehearsal", "in_memory")() if stage else self._rehearsal
            self._standing[stage] = await stack.enter_async_context(rehearsal.desk(self._analysts))
            return
        from app.testing.fake_models.server import FakeModels

        self._fakes[stage] = fakes = await stack.enter_async_context(FakeModels(brain=stage.brain))
        for provider in VENDORS if stage.fault else ():
            fakes.fault(provider, stage.fault)

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
        if stage is None or stage in self._standing:
            yield self._standing[stage]
            return
        fakes = self._fakes[stage]
        vendor = Vendor(provider, fakes.anthropic_url if provider == "anthropic" else fakes.ollama_url, fakes.key)
        async with self._rehearsal.desk(self._analysts, vendor) as desk:
            yield desk
