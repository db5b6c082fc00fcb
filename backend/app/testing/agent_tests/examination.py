"""Asks every question that the scenarios need, once, and judges the answers."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.ports.analyst import Analyst
from app.ports.rehearsal import Rehearsal
from app.testing.agent_tests.expectations import Expectation
from app.testing.agent_tests.model_trials import STAGES
from app.testing.agent_tests.outcomes import Check, Outcome
from app.testing.agent_tests.scenarios import Scenario
from app.testing.agent_tests.scenes import Scene, scene
from app.testing.agent_tests.stages import Stages
from app.testing.agent_tests.views import View

AT_ONCE: Final = 8
MAY_BE_ABSENT: Final = frozenset({"no_evidence", "not_asked"})

Progress = Callable[[int, int], None]
Key = tuple[str, int, str]
Answers = Mapping[Key, Mapping[str, View]]


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """Who is examined, and how.

    Args:
        analysts: by role; None takes those of the rehearsal.
        timeout_s: how long the panel has for a question.
        tell: called with how many questions are answered, and of how many.
    """

    rehearsal: Rehearsal
    analysts: Mapping[str, Analyst] | None
    timeout_s: float
    tell: Progress

    async def of(self, scenarios: Sequence[Scenario], regimes: Sequence[str]) -> list[Outcome]:
        """Return what came of each scenario, in order.

        Args:
            regimes: those whose scenes show habits.
        """
        agents = questions_of(scenarios, regimes)
        takes = {take for _, _, take in agents}
        async with Stages(self.rehearsal, self.analysts, self.timeout_s, takes) as stages:
            answers = await self._answers(stages, agents)
        return [_outcome(each, answers, regimes) for each in scenarios]

    async def _answers(self, stages: Stages, agents: Mapping[Key, Iterable[str]]) -> Answers:
        answers: dict[Key, Mapping[str, View]] = {}

        async def ask(keys: Iterator[Key]) -> None:
            for key in keys:
                regime, number, take = key
                answers[key] = await stages.views(scene(regime, number), take, tuple(agents[key]))
                self.tell(len(answers), len(agents))

        busy, idle = _apart(agents)
        for part, at_once in ((busy, AT_ONCE), (idle, len(idle))):
            keys = iter(part)
            async with asyncio.TaskGroup() as group:
                for place in range(at_once):
                    group.create_task(ask(keys), name=f"examiner {place}")
        return answers


def questions_of(scenarios: Iterable[Scenario], regimes: Sequence[str]) -> dict[Key, dict[str, None]]:
    """Return which agents are needed in which take of which scene; the takes of one scene stand together."""
    needed: defaultdict[Key, dict[str, None]] = defaultdict(dict)
    for scenario in scenarios:
        for regime in regimes if scenario.habit else (scenario.regime,):
            for number in scenario.numbers:
                for take in scenario.takes or ("clean",):
                    needed[regime, number, take][scenario.agent_type] = None
    return dict(needed)


def _apart(keys: Iterable[Key]) -> tuple[list[Key], list[Key]]:
    """Put last, by themselves, the questions that wait for a deadline: others at work would make them miss it."""
    waits: dict[bool, list[Key]] = {False: [], True: []}
    for key in keys:
        waits[key[2] in STAGES and STAGES[key[2]].fault == "hang"].append(key)
    return waits[False], waits[True]


def _outcome(scenario: Scenario, answers: Answers, regimes: Sequence[str]) -> Outcome:
    if scenario.habit is not None:
        return Outcome(scenario, tuple(_habit(scenario, answers, regimes)))
    checks = (
        check for number in scenario.numbers for check in _checks(scenario, scene(scenario.regime, number), answers)
    )
    return Outcome(scenario, tuple(checks))


def _checks(scenario: Scenario, shown: Scene, answers: Answers) -> Iterator[Check]:
    def view(take: str) -> View:
        return answers[scenario.regime, shown.number, take][scenario.agent_type]

    for expectation in scenario.expectations:
        views = {take: view(take) for take in expectation.takes}
        if not _is_absent(expectation, views):
            fault = expectation.judge(views)
            where = f"{scenario.regime} {shown.number}"
            yield Check(expectation.name, expectation.words, where, shown.seed, fault)


def _is_absent(expectation: Expectation, views: Mapping[str, View]) -> bool:
    """Whether the agent was not asked, so that there is nothing to judge."""
    return expectation.name not in MAY_BE_ABSENT and any(view.standing == "not_asked" for view in views.values())


def _habit(scenario: Scenario, answers: Answers, regimes: Sequence[str]) -> Iterator[Check]:
    seen: defaultdict[str, list[View]] = defaultdict(list)
    for regime in regimes:
        for number in scenario.numbers:
            for agent_type, view in answers[regime, number, "clean"].items():
                seen[agent_type].append(view)
    habit, own = scenario.habit, seen[scenario.agent_type]
    if habit is not None and any(view.standing != "not_asked" for view in own):
        fault = habit.fault(scenario.agent_type, seen)
        yield Check(habit.name, habit.words, f"all {len(own)} scenes", None, fault)
