"""Doubts about bars that are possible but suspicious; they are flagged, never repaired."""

from datetime import datetime

import numpy as np

from app.domain.market import Bars
from app.domain.times import to_micros

STALE_INTERVALS = 3
LOG_RATIOS = np.log([1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 50])
TOLERANCE = 0.03
UNUSUAL = 12.0
LEAST_GAP = 0.37


def is_stale(bars: Bars, as_of: datetime) -> bool:
    """Whether the last bar ended more than three intervals before `as_of`."""
    return len(bars) > 0 and to_micros(as_of) - bars.ends_at > STALE_INTERVALS * bars.interval.micros


def suspected_split(bars: Bars) -> bool:
    """Whether an overnight jump looks like a split that the prices were not adjusted for.

    The open stands to the close before as a common split ratio does (either way, within 3 %), and that gap is more
    than 12 times the median move between closes.
    """
    if len(bars) < 3:
        return False
    gaps = np.abs(np.log(bars.open[1:]) - np.log(bars.close[:-1]))
    if gaps.max() < LEAST_GAP:
        return False
    usual = float(np.median(np.abs(np.diff(np.log(bars.close)))))
    suspects = gaps[(gaps > LEAST_GAP) & (gaps > UNUSUAL * usual)]
    return bool((np.abs(suspects[:, None] - LOG_RATIOS) < TOLERANCE).any())
