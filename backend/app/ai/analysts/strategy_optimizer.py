"""Regime: which strategy fits now."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.domain.market import AnalysisContext
from app.domain.votes import BUY, HOLD, SELL, STRONG_SELL, Opinion
from app.domain.wording import counted
from app.ports.analyst import Needs, ToolBelt
from app.risk.sizing import stop_and_target, volatility_target_size

FOLLOWED = {"trending_bullish": BUY, "recovery": BUY, "trending_bearish": SELL, "crash": STRONG_SELL}
FADED = frozenset({"sideways", "low_volatility"})
STRETCH, FARTHEST = 0.75, 10.0


class StrategyOptimizer:
    """Follows regimes that persist, fades the edges of those that go nowhere, and stays out of mere turbulence."""

    role: ClassVar = "strategy_optimizer"
    question: ClassVar = "Which regime is this, how long do such regimes last here, and which strategy fits it?"
    rule: ClassVar = (
        "Regime persistence (Hamilton 1989, Econometrica 57) on rule labels with counted transitions: trends, "
        "crashes and recoveries are followed as surely as the lower end of their staying probability's Wilson interval "
        "allows; in sideways and quiet regimes a price stretched beyond 0.75 Bollinger half-widths is faded."
    )
    needs: ClassVar = Needs(bars=150)
    tools: ClassVar = ("detect_regime", "compute_indicators", "assess_risk")

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Return the opinion; see `rule`."""
        regime = await tools.call("detect_regime")
        values = (await tools.call("compute_indicators"))["values"]
        risk = await tools.call("assess_risk")
        stay = regime["next"].get(regime["label"], {"probability": 0.0, "low": 0.0, "count": 0})
        stretch = _stretch(values, context.price)
        word = _word(regime["label"], stretch)
        side = -1 if word in (SELL, STRONG_SELL) else 1
        stop, target = stop_and_target(context.price, values.get("atr_14", 0.0), side)
        return Opinion(
            decision=word,
            confidence=round(_confidence(word, regime["label"], stay["low"], stretch), 4),
            reasoning=_reason(regime, stay, stretch),
            risk=round(1 - stay["low"], 4),
            position_size=0.0
            if word == HOLD
            else round(volatility_target_size(risk["volatility_20"]) * stay["low"], 4),
            stop_loss=None if word == HOLD else stop,
            take_profit=None if word == HOLD else target,
        )


def _stretch(values: Mapping[str, float], price: float) -> float:
    """Distance from the 20-bar average in Bollinger half-widths, ten at most; 0 where the bands have no width."""
    half_width = values["bb_upper"] - values["bb_middle"]
    stretch = (price - values["bb_middle"]) / half_width if half_width > 1e-9 * price else 0.0
    return max(-FARTHEST, min(FARTHEST, stretch))


def _word(label: str, stretch: float) -> str:
    if label in FADED and abs(stretch) >= STRETCH:
        return SELL if stretch > 0 else BUY
    return FOLLOWED.get(label, HOLD)


def _confidence(word: str, label: str, stay_low: float, stretch: float) -> float:
    """A followed regime is as sure as it is to stay; a faded stretch grows from 0.3 by its size."""
    if word == HOLD or label in FOLLOWED:
        return stay_low
    return min(0.9, 0.3 + 0.4 * (abs(stretch) - STRETCH)) * max(stay_low, 0.5)


def _reason(regime: Mapping[str, Any], stay: Mapping[str, float], stretch: float) -> str:
    return (
        f"The regime is {regime['label'].replace('_', ' ')} for {counted(regime['bars_in_label'], 'bar')}; "
        f"it stayed in {stay['probability']:.0%} of its bars (at least {stay['low']:.0%}, {stay['count']} seen), "
        f"and the price stands {stretch:+.2f} Bollinger half-widths from its 20-bar average."
    )
