"""Tool: volatility, drawdown and losses."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.analysis.risk_measures import MINIMUM_BARS, assess
from app.domain.market import AnalysisContext
from app.ports.analyst import ToolArguments


class AssessRisk:
    """Measures how risky a holding has been."""

    name: ClassVar = "assess_risk"
    description: ClassVar = "Annualised volatility, drawdown, worst bar and 95 % loss from the closes."
    arguments: ClassVar = ToolArguments
    quick: ClassVar = True

    def run(self, context: AnalysisContext) -> Mapping[str, Any]:
        """Return the measures; empty when the history is too short."""
        return assess(context.bars) if len(context.bars) >= MINIMUM_BARS else {}
