"""Oscillators and mean reversion."""

from collections.abc import Mapping
from typing import ClassVar

from app.domain.market import AnalysisContext
from app.domain.votes import BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL, Opinion
from app.ports.analyst import Needs, ToolBelt
from app.risk.sizing import stop_and_target, volatility_target_size

DIRECTION, STRONG = 0.45, 0.85
# name: (what is neutral, how far from it counts as one full step)
OSCILLATORS: Mapping[str, tuple[float, float]] = {
    "rsi_14": (50.0, 20.0),
    "stoch_k": (50.0, 40.0),
    "williams_r_14": (-50.0, 40.0),
    "cci_20": (0.0, 120.0),
    "mfi_14": (50.0, 30.0),
}


class TechnicalAnalyst:
    """Votes against the last days: what ran ahead of itself comes back."""

    role: ClassVar = "technical_analyst"
    question: ClassVar = "Has the price run ahead of itself, so that it should come back?"
    rule: ClassVar = (
        "Short-term mean reversion (Jegadeesh 1990, J. Finance 45; Lehmann 1990, Quarterly J. of Economics 105) read "
        "from RSI, stochastic, Williams %R, CCI, money flow and the place within the Bollinger bands, each as steps "
        "from neutral; the mean step, turned round, is the vote."
    )
    needs: ClassVar = Needs(bars=150)
    tools: ClassVar = ("compute_indicators", "assess_risk")

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Return the opinion; see `rule`."""
        values = (await tools.call("compute_indicators"))["values"]
        risk = await tools.call("assess_risk")
        steps = stretched(values, context.price)
        score = -sum(steps.values()) / len(steps) if steps else 0.0
        word = _word(score)
        stop, target = stop_and_target(context.price, values.get("atr_14", 0.0), 1 if score > 0 else -1)
        read = ", ".join(f"{name} {values[name]:.1f}" for name in steps if name in values) or "no oscillator is defined"
        return Opinion(
            decision=word,
            confidence=round(min(1.0, abs(score)) if word != HOLD else 1 - min(1.0, abs(score)), 4),
            reasoning=(
                f"The price is {-score:+.2f} steps from neutral ({read}; Bollinger {steps.get('bollinger', 0.0):+.2f} "
                f"half-widths), {'too little to expect a reversal' if word == HOLD else 'which tends to revert'}."
            ),
            risk=round(min(1.0, abs(score) * risk["volatility_ratio"] / 2), 4),
            position_size=0.0 if word == HOLD else round(volatility_target_size(risk["volatility_20"]) / 2, 4),
            stop_loss=None if word == HOLD else stop,
            take_profit=None if word == HOLD else target,
        )


def stretched(values: Mapping[str, float], price: float) -> dict[str, float]:
    """Return how many steps each defined oscillator is above neutral, each within [-1.5, 1.5]."""
    steps = {name: (values[name] - neutral) / step for name, (neutral, step) in OSCILLATORS.items() if name in values}
    half_width = values.get("bb_upper", 0.0) - values.get("bb_middle", 0.0)
    if half_width > 1e-9 * price:
        steps["bollinger"] = (price - values["bb_middle"]) / half_width
    return {name: max(-1.5, min(1.5, step)) for name, step in steps.items()}


def _word(score: float) -> str:
    if abs(score) < DIRECTION:
        return HOLD
    if score > 0:
        return STRONG_BUY if score >= STRONG else BUY
    return STRONG_SELL if score <= -STRONG else SELL
