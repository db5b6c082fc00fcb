"""What came of a scenario."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.testing.agent_tests.scenarios import Scenario

Standing = Literal["passed", "failed", "not_asked"]


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One expectation held against one scene.

    Args:
        scene: such as `crash 2`; `all scenes` for a habit.
        seed: of the scene's mock market; None for a habit.
        fault: what was seen instead; None when the expectation held.
    """

    expectation: str
    expected: str
    scene: str
    seed: int | None
    fault: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return the check as it stands in the report."""
        return {
            "expectation": self.expectation,
            "expected": self.expected,
            "scene": self.scene,
            "seed": self.seed,
            "held": self.fault is None,
            "observed": self.fault,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A scenario with its checks; one whose agent was nowhere asked has none and counts neither way."""

    scenario: Scenario
    checks: tuple[Check, ...]

    @property
    def standing(self) -> Standing:
        """`passed` when every check held."""
        if not self.checks:
            return "not_asked"
        return "failed" if any(check.fault for check in self.checks) else "passed"

    def as_dict(self) -> Mapping[str, Any]:
        """Return the outcome as it stands in the report."""
        scenario = self.scenario
        return {
            "scenario": scenario.name,
            "regime": scenario.regime,
            "fault": scenario.trial.name,
            "kind": scenario.trial.kind,
            "agent_type": scenario.agent_type,
            "success": {"passed": True, "failed": False}.get(self.standing),
            "checks": [check.as_dict() for check in self.checks],
        }
