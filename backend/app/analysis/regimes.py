"""Market regimes by rule, and how they have followed one another.

The label of a bar comes from that bar and those before it alone, so it never changes when later bars arrive. Returns
are log returns; their 20-bar mean and deviation are held against the deviation of the last 100, so that the labels do
not depend on the price level or on how volatile the market is by nature.

The transition counts are those of a first-order Markov chain (Hamilton 1989 treats the hidden-state form); each
probability comes with its Wilson score interval (E. B. Wilson, 1927, J. Am. Stat. Assoc. 22, 209-212).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.market import Bars, Column

SHORT, LONG = 20, 100
MINIMUM_BARS = LONG + 2
LABELS = (
    "crash",
    "recovery",
    "trending_bullish",
    "trending_bearish",
    "high_volatility",
    "low_volatility",
    "sideways",
)
Z_95 = 1.959964
LEAST_DEVIATION = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Regime:
    """The current label and what followed it so far.

    Args:
        label: one of LABELS.
        run: bars since the label last changed.
        counts: transitions seen, int64[7, 7], row to column in the order of LABELS.
    """

    label: str
    run: int
    counts: NDArray[np.int64]

    def next_labels(self) -> dict[str, dict[str, float]]:
        """Return for each label that has followed the current one its count, probability and 95 % interval."""
        return chances(LABELS, self.counts[LABELS.index(self.label)].tolist())

    def as_dict(self) -> dict[str, Any]:
        """Return the regime as a tool result."""
        counts: list[list[int]] = self.counts.tolist()
        following = chances(LABELS, counts[LABELS.index(self.label)])
        stay = following.get(self.label, {"probability": 0.0})["probability"]
        return {
            "label": self.label,
            "bars_in_label": self.run,
            "transitions": sum(map(sum, counts)),
            "next": following,
            "expected_duration_bars": round(1 / (1 - stay), 2) if stay < 1 else None,
            "labels": list(LABELS),
            "counts": counts,
        }


def label_bars(close: Column) -> NDArray[np.int64]:
    """Return the place in LABELS of each bar from the 101st on, int64[n - 100]; empty for a shorter series."""
    if len(close) <= LONG:
        return np.empty(0, np.int64)
    import talib

    logs = np.log(close)
    moved, spread, usual = deviations_of(close)
    expected = usual * sqrt(SHORT)
    half = 0.5 * expected
    trend = np.maximum(spread * sqrt(SHORT), half)
    fallen = talib.MAX(logs, 3 * SHORT)[LONG:] - logs[LONG:]
    rules = (
        (moved < -1.8 * expected) & (spread > 1.1 * usual),
        (moved > 0.8 * expected) & (fallen > half),
        moved > trend,
        moved < -trend,
        spread > 1.3 * usual,
        spread < 0.65 * usual,
    )
    labels = np.full(len(usual), len(rules), np.int64)
    for place in reversed(range(len(rules))):
        labels[rules[place]] = place
    return labels


def deviations_of(close: Column) -> tuple[Column, Column, Column]:
    """Return move and deviation of the last 20 log returns, and deviation of the last 100, float64[n - 100] each.

    Args:
        close: of at least 101 bars.
    """
    logs = np.log(close)
    returns = logs[1:] - logs[:-1]
    squares = returns * returns
    moved, spread = _moving(returns, squares, SHORT)
    return moved, spread, _moving(returns, squares, LONG)[1]


def _moving(returns: Column, squares: Column, count: int) -> tuple[Column, Column]:
    """Sum and standard deviation of the last `count` returns at each bar from the 101st on, free of later bars."""
    import talib

    total = talib.SUM(returns, count)[LONG - 1 :]
    square = talib.SUM(squares, count)[LONG - 1 :]
    variance = np.maximum(square / count - (total / count) ** 2, 0.0)
    return total, np.maximum(np.sqrt(variance), LEAST_DEVIATION)


def current_regime(bars: Bars) -> Regime | None:
    """Return the regime as of the last bar; None with fewer than 102 bars."""
    if len(bars) < MINIMUM_BARS:
        return None
    labels = label_bars(bars.close)
    counts = count_transitions(labels, len(LABELS))
    changes = np.flatnonzero(labels != labels[-1])
    run = len(labels) - (int(changes[-1]) + 1 if len(changes) else 0)
    return Regime(LABELS[int(labels[-1])], run, counts)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share; (0, 1) when nothing was tried."""
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, Z_95 * Z_95
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 * sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials)
    return max(0.0, centre - half), min(1.0, centre + half)


def chances(names: Sequence[str], row: Sequence[int]) -> dict[str, dict[str, float]]:
    """Return for each state that followed, by how often each did, its count, probability and 95 % interval."""
    total = sum(row)
    return {name: _chance(count, total) for name, count in zip(names, row, strict=True) if count}


def _chance(count: int, total: int) -> dict[str, float]:
    low, high = wilson_interval(count, total)
    return {"count": count, "probability": round(count / total, 4), "low": round(low, 4), "high": round(high, 4)}


def count_transitions(states: NDArray[np.int64], kinds: int) -> NDArray[np.int64]:
    """Return how often each state was followed by each, int64[kinds, kinds], row to column.

    Args:
        states: numbers below `kinds`, oldest first.
    """
    counts = np.bincount(states[:-1] * kinds + states[1:], minlength=kinds * kinds).reshape(kinds, kinds)
    return counts.astype(np.int64, copy=False)
