"""Tool: the last price bars."""

from collections.abc import Mapping
from math import isnan
from typing import Annotated, Any, ClassVar

from pydantic import Field

from app.domain.market import AnalysisContext
from app.domain.times import from_micros
from app.ports.analyst import ToolArguments


class BarCount(ToolArguments):
    """How much of the history is wanted."""

    count: Annotated[int, Field(ge=1, le=200, description="how many of the last bars")] = 60


class GetBars:
    """Hands out the newest bars by column."""

    name: ClassVar = "get_bars"
    description: ClassVar = "The last price bars by column, oldest first; a bar is stamped with its start (UTC)."
    arguments: ClassVar = BarCount
    quick: ClassVar = True

    def run(self, context: AnalysisContext, count: int = 60) -> Mapping[str, Any]:
        """Return `interval`, `times` and the columns; a volume that is not known is None."""
        known = len(context.bars)
        bars = context.bars.between(max(0, known - count), known)
        prices = {name: getattr(bars, name).tolist() for name in ("open", "high", "low", "close")}
        return {
            "interval": bars.interval.text,
            "times": [from_micros(time).isoformat() for time in bars.times.tolist()],
            **prices,
            "volume": [None if isnan(volume) else volume for volume in bars.volume.tolist()],
        }
