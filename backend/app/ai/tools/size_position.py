"""Tool: how much to hold, and where to get out."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from app.analysis.indicators import compute
from app.analysis.risk_measures import MINIMUM_BARS, assess
from app.domain.market import AnalysisContext
from app.ports.analyst import ToolArguments
from app.risk.sizing import drawdown_scale, stop_and_target, volatility_target_size

RANGE = "atr_14"


class PositionIdea(ToolArguments):
    """The side of a trade and how sure one is of it."""

    side: Annotated[Literal["buy", "sell"], Field(description="buy for a long holding, sell for a short one")]
    conviction: Annotated[float, Field(ge=0, le=1, description="how sure you are; the size is in proportion")] = 1.0


class SizePosition:
    """Sizes a holding by volatility and drawdown and sets its ways out by true range."""

    name: ClassVar = "size_position"
    description: ClassVar = (
        "Share of equity by volatility target, drawdown and conviction, with stop loss and take profit two and three "
        "average true ranges from the price; null where the history is too short."
    )
    arguments: ClassVar = PositionIdea
    quick: ClassVar = True

    def run(self, context: AnalysisContext, side: str, conviction: float = 1.0) -> Mapping[str, Any]:
        """Return `share_of_equity` in [0, 1], `stop_loss` and `take_profit`; None where the history is too short."""
        share = _room(context) * conviction if len(context.bars) >= MINIMUM_BARS else None
        true_range = {**compute(context.bars), **context.indicators}.get(RANGE)
        stop, target = None, None
        if true_range is not None:
            stop, target = stop_and_target(context.price, true_range, 1 if side == "buy" else -1)
        return {"side": side, "share_of_equity": share, "stop_loss": stop, "take_profit": target}


def _room(context: AnalysisContext) -> float:
    measures = assess(context.bars)
    return volatility_target_size(measures["volatility_20"]) * drawdown_scale(measures["drawdown"])
