"""`AgentTestingFramework`: analysts in scenarios with expectations that can fail, and what came of it."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import Any, Final

from app import plugins
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.rehearsal import Rehearsal
from app.testing.agent_tests.examination import Examination, questions_of
from app.testing.agent_tests.model_trials import MODEL_TRIALS, ROLES_OF_MODELS, STAGES
from app.testing.agent_tests.report import report_of
from app.testing.agent_tests.scenarios import Scenario, agent_types_of, habits_of, regimes_of, scenarios_of
from app.testing.agent_tests.trials import TRIALS

SCENES: Final = 3
MODEL_SCENES: Final = 1
TIMEOUT_S: Final = 5.0

Filter = str | Iterable[str] | None
Progress = Callable[[str, int, int], None]


class AgentTestingFramework:
    """Tests the analysts of the plugin table, or those handed in.

    Args:
        analysts: by role.
        rehearsal: opens the desks that are asked; None is one in memory, of rules alone.
        scenes: how many scenes of each regime.
        timeout_s: how long the panel has for a question.
        costs: whether the panel's answers cost money: then the benchmark asks it eight questions and stress none.
        progress: called with what is done now, how much of it is done, and of how much.
    """

    def __init__(
        self,
        analysts: Mapping[str, Analyst] | None = None,
        *,
        rehearsal: Rehearsal | None = None,
        scenes: int = SCENES,
        timeout_s: float = TIMEOUT_S,
        costs: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._analysts = analysts
        self._given_rehearsal = rehearsal
        self._numbers = tuple(range(1, scenes + 1))
        self._timeout_s = timeout_s
        self._costs = costs
        self._progress = progress or _silent

    @cached_property
    def _rehearsal(self) -> Rehearsal:
        return self._given_rehearsal or plugins.load("rehearsal", "in_memory")()

    @property
    def agent_types(self) -> tuple[str, ...]:
        """The roles that can be tested; `comprehensive`, the decision of the whole panel, can be too."""
        return tuple(self._analysts or plugins.names("analyst"))

    def create_test_scenarios(self, regime_filter: Filter = None, agent_types: Filter = None) -> tuple[Scenario, ...]:
        """Return every scenario: regimes by trials by agents, and what shows over all scenes alone.

        Args:
            regime_filter: names of regimes; None is all.
            agent_types: roles, `comprehensive` for the decision of the whole panel; None is all of them.

        Raises:
            UnknownNameError: there is no such regime or agent; says what there is.
        """
        regimes, agents = regimes_of(regime_filter), agent_types_of(agent_types, self.agent_types)
        models = MODEL_TRIALS if ROLES_OF_MODELS & set(self.agent_types) else ()
        return (
            *scenarios_of(TRIALS, regimes, agents, self._numbers),
            *habits_of(regimes, agents, self._numbers),
            *scenarios_of(models, regimes, agents, self._numbers[:MODEL_SCENES]),
        )

    async def run_comprehensive_agent_test(
        self, regime_filter: Filter = None, agent_types: Filter = None, *, measures: bool = False
    ) -> dict[str, Any]:
        """Run the scenarios and return `{"test_report": …}`; see `agent_tests.report.report_of`.

        Args:
            measures: whether `benchmark`, `stress` and, as `self_check`, the broken analysts are added to the report.

        Raises:
            UnknownNameError: as `create_test_scenarios` does.
        """
        regimes = regimes_of(regime_filter)
        report = await self.examine(self.create_test_scenarios(regimes, agent_types), regimes)
        if measures:
            report["benchmark"] = await self.benchmark()
            report["stress"] = await self.stress()
            report["self_check"] = await self.check_against_broken_analysts()
        return {"test_report": report}

    def questions(self, regime_filter: Filter = None, agent_types: Filter = None) -> int:
        """Return how many questions the panel under test would be asked; stand-ins are asked beside it.

        Raises:
            UnknownNameError: as `create_test_scenarios` does.
        """
        regimes = regimes_of(regime_filter)
        asked = questions_of(self.create_test_scenarios(regimes, agent_types), regimes)
        return sum(take not in STAGES for _, _, take in asked)

    async def benchmark(self) -> dict[str, Any]:
        """Return what a decision takes; see `agent_tests.benchmark`."""
        from app.testing.agent_tests.benchmark import benchmark

        tell = partial(self._progress, "benchmark")
        return await benchmark(self._rehearsal, self._analysts, tell, costs=self._costs)

    async def stress(self) -> dict[str, Any]:
        """Return how many decisions can be made at once; see `agent_tests.stress`."""
        from app.testing.agent_tests.stress import stress

        return await stress(self._rehearsal, self._analysts, partial(self._progress, "stress"), costs=self._costs)

    async def check_against_broken_analysts(self) -> dict[str, Any]:
        """Return whether ten analysts that are broken on purpose are caught; see `agent_tests.mutation_check`."""
        from app.testing.agent_tests.mutation_check import mutation_check

        rules = plugins.load("rehearsal", "in_memory")()
        return await mutation_check(rules, partial(self._progress, "broken analysts"))

    async def examine(self, scenarios: tuple[Scenario, ...], regimes: tuple[str, ...]) -> dict[str, Any]:
        """Run these scenarios and return the report alone.

        Args:
            regimes: those whose scenes show what a scenario looks for over all scenes.
        """
        clock: Clock = plugins.load("clock", "system")()
        began_at, began, asked = clock.now().isoformat(), clock.monotonic(), 0

        def tell(done: int, total: int) -> None:
            nonlocal asked
            asked = done
            self._progress("questions", done, total)

        outcomes = await Examination(self._rehearsal, self._analysts, self._timeout_s, tell).of(scenarios, regimes)
        took_s = clock.monotonic() - began
        return report_of(outcomes, questions=asked, duration_s=took_s, began_at=began_at, panel=self._panel_in_words())

    def _panel_in_words(self) -> tuple[str, ...]:
        return (*self.agent_types, "with the models that are set up" if self._costs else "by their rules")


def _silent(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""
