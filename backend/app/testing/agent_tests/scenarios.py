"""Every combination of regime, trial and agent that has an expectation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.errors import UnknownNameError
from app.testing.agent_tests.expectations import Expectation
from app.testing.agent_tests.habits import HABITS, Habit
from app.testing.agent_tests.trials import Trial
from app.testing.agent_tests.views import PANEL
from app.testing.mock_data_generator import REGIMES

ALL: Final = "all"


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """One agent in one trial of one regime, tried in some scenes.

    Args:
        regime: `all` for a habit, which shows over all scenes alone.
        expectations: all must hold in every scene.
        numbers: of the scenes.
        habit: what must hold over all scenes; then there are no expectations of single ones.
    """

    regime: str
    trial: Trial
    agent_type: str
    expectations: tuple[Expectation, ...]
    numbers: tuple[int, ...]
    habit: Habit | None = None

    @property
    def name(self) -> str:
        """How it is called in the report."""
        return f"{self.regime}/{self.trial.name}/{self.agent_type}"

    @property
    def takes(self) -> tuple[str, ...]:
        """The takes of a scene whose answers are needed."""
        return tuple(dict.fromkeys(take for each in self.expectations for take in each.takes))


def scenarios_of(
    trials: Iterable[Trial], regimes: Sequence[str], agent_types: Sequence[str], numbers: tuple[int, ...]
) -> tuple[Scenario, ...]:
    """Return the scenarios of these trials, by regime, trial and agent."""
    return tuple(
        Scenario(regime, trial, agent_type, demands, numbers)
        for regime in regimes
        for trial in trials
        if not trial.regimes or regime in trial.regimes
        for agent_type in agent_types
        if (demands := trial.demands(agent_type, regime))
    )


def habits_of(regimes: Sequence[str], agent_types: Sequence[str], numbers: tuple[int, ...]) -> tuple[Scenario, ...]:
    """Return what is looked for over all scenes of the regimes, where they are enough."""
    return tuple(
        Scenario(ALL, Trial(habit.name, "habit", habit.meaning, _nothing), agent_type, (), numbers, habit)
        for habit in HABITS
        for agent_type in agent_types
        if habit.applies(agent_type, len(regimes) * len(numbers), len(set(agent_types) - {PANEL}))
    )


def _nothing(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return ()


def chosen(kind: str, wanted: str | Iterable[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the names wanted, each once, or all of them.

    Raises:
        UnknownNameError: a name that there is not.
    """
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted or ())
    told = tuple(dict.fromkeys(str(getattr(name, "value", name)) for name in names))
    for name in told:
        if name not in known:
            raise UnknownNameError(kind, name, known)
    return told or tuple(known)


def regimes_of(wanted: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the regimes wanted; raises as `chosen` does."""
    return chosen("regime", wanted, REGIMES)


def agent_types_of(wanted: str | Iterable[str] | None, seated: Iterable[str]) -> tuple[str, ...]:
    """Return the agents wanted, `comprehensive` standing for the decision of the whole panel; raises as `chosen`."""
    return chosen("analyst", wanted, (*seated, PANEL))
