"""Tool: the indicators as of the last bar."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from app.analysis.indicators import INDICATORS, compute
from app.domain.market import AnalysisContext
from app.ports.analyst import ToolArguments

NAMES = [each.name for each in INDICATORS]


def _known(names: list[str]) -> list[str]:
    if not set(names).issubset(NAMES):
        raise ValueError(f"choose from {', '.join(NAMES)}")
    return names


class IndicatorNames(ToolArguments):
    """Which indicators are wanted."""

    names: Annotated[
        list[str] | None,
        AfterValidator(lambda names: names and _known(names)),
        Field(
            max_length=len(NAMES),
            description="the indicators wanted; all when left out",
            json_schema_extra={"items": {"type": "string", "enum": NAMES}},
        ),
    ] = None


class ComputeIndicators:
    """Computes the defined indicators; values the caller supplied take the place of computed ones."""

    name: ClassVar = "compute_indicators"
    description: ClassVar = "The indicators as of the last bar, and which of them the caller supplied."
    arguments: ClassVar = IndicatorNames
    quick: ClassVar = True

    def run(self, context: AnalysisContext, names: Sequence[str] | None = None) -> Mapping[str, Any]:
        """Return `values` by name, those not defined left out, and `overridden`, the names of the caller's."""
        values = {**compute(context.bars), **context.indicators}
        overridden = sorted(context.indicators)
        if names is None:
            return {"values": values, "overridden": overridden}
        return {
            "values": {name: value for name, value in values.items() if name in names},
            "overridden": [name for name in overridden if name in names],
        }
