"""What shows over many scenes alone: whether confidence means something, and whether an agent has a mind of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import pstdev
from typing import Final

from app.domain.wording import counted
from app.testing.agent_tests.views import PANEL, View

LEAST_SCENES: Final = 6
LEAST_SPREAD: Final = 0.02

Seen = Mapping[str, Sequence[View]]


@dataclass(frozen=True, slots=True, eq=False)
class Habit:
    """One thing that must hold over all scenes.

    Args:
        fault: of an agent's answers, in the order of the scenes, and everybody's by agent; None when it holds.
    """

    name: str
    words: str
    meaning: str
    fault: Callable[[str, Seen], str | None]
    least_agents: int = 1

    def applies(self, agent_type: str, scenes: int, agents: int) -> bool:
        """Whether there is enough to see.

        Args:
            agents: how many are asked, the panel as a whole not counted.
        """
        return agent_type != PANEL and scenes >= LEAST_SCENES and agents >= self.least_agents


def _constant(agent_type: str, seen: Seen) -> str | None:
    given = [view.confidence for view in seen[agent_type] if view.standing == "opinion" and view.confidence is not None]
    if len(given) < LEAST_SCENES:
        return f"gives an opinion in {counted(len(given), 'scene')} alone"
    spread = pstdev(given)
    return f"{len(given)} confidences from {min(given):.2f} to {max(given):.2f}" if spread < LEAST_SPREAD else None


def _copied(agent_type: str, seen: Seen) -> str | None:
    own = _said(seen[agent_type])
    if sum(each is not None for each in own) < LEAST_SCENES:
        return None
    for other, views in seen.items():
        if other not in (agent_type, PANEL) and _said(views) == own:
            return f"answers as {other} does in all {len(own)} scenes"
    return None


def _said(views: Sequence[View]) -> list[tuple[str, float] | None]:
    return [(view.decision, round(view.confidence or 0.0, 3)) if view.standing == "opinion" else None for view in views]


HABITS: Final = (
    Habit("confidence_varies", "is surer in some scenes than in others", "its confidence over all scenes", _constant),
    Habit(
        "own_mind",
        "does not answer as another agent does in every scene",
        "its answers beside the others'",
        _copied,
        least_agents=2,
    ),
)
