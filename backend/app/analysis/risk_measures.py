"""How risky a holding has been: volatility, drawdown and loss, all from closes and free of the price level."""

from math import sqrt
from typing import Any

import numpy as np

from app.domain.market import Bars, Column

SHORT, LONG = 20, 100
MINIMUM_BARS = LONG + 1
LEAST_DEVIATION = 1e-7
_YEAR_MICROS = 365.25 * 86_400 * 1e6


def bars_per_year(bars: Bars) -> float:
    """Return how many bars a year holds at the rate at which these came (about 252 for sessions, 365 for every day)."""
    span = int(bars.times[-1]) - int(bars.times[0])
    return (len(bars) - 1) / span * _YEAR_MICROS


def assess(bars: Bars) -> dict[str, Any]:
    """Return the measures as of the last bar; needs 101 bars.

    Returns:
        `volatility_20`, `volatility_100`: annualised standard deviation of log returns (fractions).
        `volatility_ratio`: the first over the second; 1 when every bar moved alike.
        `drawdown`, `max_drawdown`: fall from the highest close so far, now and at worst (fractions, 0 or more).
        `drawdown_in_deviations`: the fall over what 60 bars usually move.
        `worst_return`: the worst bar as a fraction; `loss_95`: the loss that one bar in twenty exceeds, 0 or more.
    """
    logs = np.log(bars.close)
    returns = logs[1:] - logs[:-1]
    per_bar, usual = deviation(returns[-SHORT:]), deviation(returns[-LONG:])
    year = sqrt(bars_per_year(bars))
    falls = 1 - bars.close / np.maximum.accumulate(bars.close)
    drawdown = float(falls[-1])
    return {
        "volatility_20": per_bar * year,
        "volatility_100": usual * year,
        "volatility_ratio": per_bar / usual if usual else 1.0,
        "drawdown": drawdown,
        "max_drawdown": float(falls.max()),
        "drawdown_in_deviations": drawdown / (usual * sqrt(3 * SHORT)) if usual else 0.0,
        "worst_return": float(np.expm1(returns.min())),
        "loss_95": max(0.0, -float(np.expm1(np.partition(returns, len(returns) // 20)[len(returns) // 20]))),
    }


def deviation(returns: Column) -> float:
    """Return the standard deviation; 0 for returns that differ by rounding alone."""
    count = len(returns)
    off = returns - returns.sum() / count
    spread = sqrt(float((off * off).sum()) / count)
    return spread if spread > LEAST_DEVIATION else 0.0
