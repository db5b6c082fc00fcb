"""An insight into a tool, and what the rules for insights look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.analysis.tool_spread import Spread
from app.analysis.tool_statistics import UseStatistics
from app.domain.tool_policies import ToolPolicy


@dataclass(frozen=True, slots=True)
class Insight:
    """One thing worth knowing of a tool.

    Args:
        kind: one word for it.
        text: what was seen.
        advice: what to do about it.
        figures: the numbers in the text.
    """

    tool_name: str
    kind: str
    text: str
    advice: str
    figures: Mapping[str, Any]

    def as_insight(self) -> dict[str, Any]:
        """Return what was seen."""
        return {"tool_name": self.tool_name, "kind": self.kind, "text": self.text, "figures": dict(self.figures)}

    def as_recommendation(self) -> dict[str, Any]:
        """Return what to do about it."""
        return {"tool_name": self.tool_name, "kind": self.kind, "text": self.advice}


@dataclass(frozen=True, slots=True)
class Subject:
    """A tool that is looked at.

    Args:
        metrics: as `tool_metrics` gives them.
        seen: its calls as far as they are remembered; symbols and hours where they fell.
        decisions: how many were looked at for its influence.
    """

    name: str
    metrics: Mapping[str, Any]
    seen: UseStatistics
    symbols: Spread
    hours: Spread
    policy: ToolPolicy
    decisions: int
