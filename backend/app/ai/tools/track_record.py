"""How earlier votes did: each vote for a side is held against what the bars did after it."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from app.analysis.voting import CAMPS
from app.domain.market import Bars, PastVote
from app.domain.times import to_micros

HORIZON_BARS = 5
SIGN = {"BULL": 1, "BEAR": -1}


@dataclass(frozen=True, slots=True)
class Score:
    """How one vote did: the return over the horizon in its direction, and the confidence it was given with."""

    forward_return: float
    confidence: float | None

    @property
    def was_right(self) -> bool:
        """Whether the price moved the way the vote said."""
        return self.forward_return > 0


def record_of(votes: Iterable[PastVote], bars: Bars) -> dict[str, Any]:
    """Return `votes`, `scored`, and the means of those scored; a mean of nothing is None.

    Returns:
        `hit_rate` (fraction), `mean_forward_return_in_its_direction` (fraction of the price), `brier` (0 perfect,
        0.25 a coin at one half; Brier 1950, Monthly Weather Review 78).
    """
    cast = list(votes)
    scores = [score for vote in cast if (score := score_of(vote, bars))]
    misses = [(each.confidence - each.was_right) ** 2 for each in scores if each.confidence is not None]
    return {
        "votes": len(cast),
        "scored": len(scores),
        "hit_rate": _mean([float(each.was_right) for each in scores]),
        "mean_forward_return_in_its_direction": _mean([each.forward_return for each in scores]),
        "brier": _mean(misses),
    }


def score_of(vote: PastVote, bars: Bars) -> Score | None:
    """Return how a vote did from the last bar it could see to the fifth after it; None if that is not known.

    A HOLD or an abstention names no side and has no score.
    """
    side = SIGN.get(CAMPS.get(vote.decision, ""))
    seen = int(np.searchsorted(bars.times, to_micros(vote.as_of) - bars.interval.micros, side="right"))
    if side is None or seen == 0 or seen + HORIZON_BARS > len(bars):
        return None
    change = float(bars.close[seen - 1 + HORIZON_BARS] / bars.close[seen - 1]) - 1
    return Score(side * change, vote.confidence)


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None
