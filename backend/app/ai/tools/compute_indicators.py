"""Tool: the indicators as of the last bar."""

from collections.abc import Mapping
from typing import Any

from app.analysis.indicators import compute
from app.domain.market import AnalysisContext


class ComputeIndicators:
    """Computes every defined indicator; values the caller supplied take the place of computed ones."""

    name = "compute_indicators"
    description = "All indicators as of the last bar, and which of them the caller supplied."

    def run(self, context: AnalysisContext) -> Mapping[str, Any]:
        """Return `values` by name and `overridden`, the names of the caller's."""
        values = {**compute(context.bars), **context.indicators}
        return {"values": values, "overridden": sorted(context.indicators)}
