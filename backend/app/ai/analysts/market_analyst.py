"""Trend and momentum."""

from math import erf, sqrt
from typing import ClassVar

import numpy as np

from app.analysis.risk_measures import LEAST_DEVIATION, deviation
from app.domain.market import AnalysisContext
from app.domain.votes import BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL, Opinion
from app.ports.analyst import Needs, ToolBelt
from app.risk.sizing import stop_and_target, volatility_target_size

LOOKBACKS = (21, 63, 126)
DIRECTION, STRONG = 0.5, 1.3
FARTHEST = 10.0
TREND_ADX = 25.0


class MarketAnalyst:
    """Votes with the trend: gains beget gains over the months that follow them."""

    role: ClassVar = "market_analyst"
    question: ClassVar = "Which way has the market been moving, and is the move larger than its noise?"
    rule: ClassVar = (
        "Time-series momentum over 21, 63 and 126 bars, each return in units of its volatility (Moskowitz, Ooi and "
        "Pedersen 2012, J. Financial Economics 104); halved when the 20- and 50-bar averages disagree (Brock, "
        "Lakonishok and LeBaron 1992, J. Finance 47); strong only with an ADX of 25 or more (Wilder 1978)."
    )
    needs: ClassVar = Needs(bars=150)
    tools: ClassVar = ("compute_indicators", "assess_risk")

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Return the opinion; see `rule`."""
        values = (await tools.call("compute_indicators"))["values"]
        risk = await tools.call("assess_risk")
        moves = momentum(context)
        average_up = values["sma_20"] > values["sma_50"]
        mean = sum(moves) / len(moves)
        score = mean if mean == 0 or average_up == (mean > 0) else mean / 2
        adx = values.get("adx_14", 0.0)
        word = _word(score, adx)
        side = (score > 0) - (score < 0)
        stop, target = stop_and_target(context.price, values.get("atr_14", 0.0), side)
        told = ", ".join(f"{move:+.2f}" for move in moves)
        return Opinion(
            decision=word,
            confidence=_confidence(word, score),
            reasoning=(
                f"Momentum over 21, 63 and 126 bars is {told} deviations, {score:+.2f} on balance with the 20-bar "
                f"average {'above' if average_up else 'not above'} the 50-bar one; ADX {adx:.1f}."
            ),
            risk=round(min(1.0, risk["volatility_20"]), 4),
            position_size=0.0 if word == HOLD else round(volatility_target_size(risk["volatility_20"]), 4),
            stop_loss=None if word == HOLD else stop,
            take_profit=None if word == HOLD else target,
        )


def momentum(context: AnalysisContext) -> list[float]:
    """Return, per lookback, the log return in units of its expected deviation, cut off at ten of them."""
    logs = np.log(context.bars.close[-1 - LOOKBACKS[-1] :])
    recent = logs[-1 - LOOKBACKS[1] :]
    usual = deviation(recent[1:] - recent[:-1]) or LEAST_DEVIATION
    moves = (float(logs[-1] - logs[-1 - count]) / (usual * sqrt(count)) for count in LOOKBACKS)
    return [max(-FARTHEST, min(FARTHEST, move)) for move in moves]


def _word(score: float, adx: float) -> str:
    if abs(score) < DIRECTION:
        return HOLD
    strong = abs(score) >= STRONG and adx >= TREND_ADX
    if score > 0:
        return STRONG_BUY if strong else BUY
    return STRONG_SELL if strong else SELL


def _confidence(word: str, score: float) -> float:
    """The normal probability that noise alone moves less (a direction) or more (no direction) than this."""
    within = erf(abs(score) / sqrt(2))
    return round(1 - within if word == HOLD else within, 4)
