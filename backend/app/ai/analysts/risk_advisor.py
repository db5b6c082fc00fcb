"""Volatility, drawdown and exposure."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.domain.market import AnalysisContext
from app.domain.votes import BUY, HOLD, SELL, STRONG_SELL, Opinion
from app.ports.analyst import Needs, ToolBelt
from app.risk.sizing import drawdown_scale, stop_and_target, volatility_target_size

CALM, HIGH, EXTREME = 0.4, 0.6, 0.85


class RiskAdvisor:
    """Votes for less when risk runs above its usual level, for more only in calm near the high."""

    role: ClassVar = "risk_advisor"
    question: ClassVar = "Is this a time to carry risk, and how much of it?"
    rule: ClassVar = (
        "Volatility targeting (Moreira and Muir 2017, J. Finance 72) and drawdown control (Grossman and Zhou 1993, "
        "Mathematical Finance 3): the risk score joins short over long volatility and the drawdown in usual "
        "deviations; the size is what both leave room for, and holding more than that is itself a reason to sell."
    )
    needs: ClassVar = Needs(bars=150)
    tools: ClassVar = ("assess_risk", "compute_indicators", "get_position")

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Return the opinion; see `rule`."""
        measures = await tools.call("assess_risk")
        values = (await tools.call("compute_indicators"))["values"]
        share = (await tools.call("get_position"))["share_of_equity"] or 0.0
        score = risk_score(measures)
        size = volatility_target_size(measures["volatility_20"]) * drawdown_scale(measures["drawdown"])
        word = _word(score, room=size - share)
        side = -1 if word in (SELL, STRONG_SELL) else 1
        stop, target = stop_and_target(context.price, values.get("atr_14", 0.0), side)
        return Opinion(
            decision=word,
            confidence=round(_confidence(word, score, share - size), 4),
            reasoning=_reason(measures, score, size, share),
            risk=round(score, 4),
            position_size=0.0 if word == HOLD else round(size, 4),
            stop_loss=None if word == HOLD else stop,
            take_profit=None if word == HOLD else target,
        )


def risk_score(measures: Mapping[str, Any]) -> float:
    """Return how risky a holding is now, in [0, 1]: 0.4 is usual volatility at the high."""
    volatility = 0.4 * measures["volatility_ratio"]
    return float(min(1.0, max(0.0, volatility + 0.12 * measures["drawdown_in_deviations"])))


def _word(score: float, room: float) -> str:
    """`room` is the share of equity that may still be added; below 0 too much is held already."""
    if score >= EXTREME:
        return STRONG_SELL
    if score >= HIGH or room < 0:
        return SELL
    return BUY if score < CALM and room > 0 else HOLD


def _confidence(word: str, score: float, excess: float) -> float:
    """How far score, or holding, lies from where the word would change; a BUY never speaks louder than 0.6."""
    if word == BUY:
        return 0.3 + 0.3 * (CALM - score) / CALM
    if word == HOLD:
        return 0.4 + 0.4 * max(0.0, min(score - CALM, HIGH - score)) / ((HIGH - CALM) / 2)
    return min(1.0, 0.5 + max(score - HIGH, excess, 0.0))


def _reason(measures: Mapping[str, Any], score: float, size: float, share: float) -> str:
    held = f" The account holds {share:.1%} of equity." if share else ""
    return (
        f"Volatility is {measures['volatility_20']:.1%} a year, {measures['volatility_ratio']:.2f} times its long run, "
        f"and the price is {measures['drawdown']:.1%} below its high ({measures['drawdown_in_deviations']:.2f} usual "
        f"deviations): risk {score:.2f}, room for {size:.1%} of equity.{held}"
    )
