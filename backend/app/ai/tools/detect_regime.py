"""Tool: the market regime and what usually follows it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.analysis.regimes import current_regime
from app.domain.market import AnalysisContext
from app.ports.analyst import ToolArguments


class DetectRegime:
    """Labels the market by rule and counts how labels followed one another."""

    name: ClassVar = "detect_regime"
    description: ClassVar = "The current regime with transition counts, probabilities and 95 % intervals."
    arguments: ClassVar = ToolArguments
    quick: ClassVar = True

    def run(self, context: AnalysisContext) -> Mapping[str, Any]:
        """Return the regime; its `label` is None when the history is too short."""
        regime = current_regime(context.bars)
        return {"label": None} if regime is None else regime.as_dict()
