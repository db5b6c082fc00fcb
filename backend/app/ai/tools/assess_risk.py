"""Tool: volatility, drawdown and losses."""

from collections.abc import Mapping
from typing import Any

from app.analysis.risk_measures import MINIMUM_BARS, assess
from app.domain.market import AnalysisContext


class AssessRisk:
    """Measures how risky a holding has been."""

    name = "assess_risk"
    description = "Annualised volatility, drawdown, worst bar and 95 % loss from the closes."

    def run(self, context: AnalysisContext) -> Mapping[str, Any]:
        """Return the measures; empty when the history is too short."""
        return assess(context.bars) if len(context.bars) >= MINIMUM_BARS else {}
