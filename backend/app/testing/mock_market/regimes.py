"""What each regime asks of the market: its drift, its volatility, how strongly it is held back, in which order.

Drift and volatility are told in usual deviations of one bar, as the labels of `app.analysis.regimes` are, so a regime
looks the same on bars of a day and of a minute.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.domain.errors import UnknownNameError
from app.domain.market import Column


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of bars of one character.

    Args:
        drift: mean return of a bar, in usual deviations.
        level: volatility as a multiple of the usual one.
        pull: the share of its distance from the start by which the log price is drawn back at each bar.
        bars: how long it lasts; 0 is until the end.
    """

    drift: float
    level: float
    pull: float = 0.001
    bars: int = 0


USUAL = Phase(0.03, 0.9)
FALL = Phase(-1.0, 2.0, bars=30)
AFTERSHOCK = Phase(0.0, 2.0, bars=40)
REBOUND = Phase(0.6, 1.4, bars=30)

PLANS: Final[dict[str, tuple[Phase, ...]]] = {
    "trending_bullish": (Phase(0.25, 0.85),),
    "trending_bearish": (Phase(-0.25, 1.15),),
    "sideways": (Phase(0.0, 0.9, pull=0.05),),
    "high_volatility": (Phase(0.0, 2.2),),
    "low_volatility": (Phase(0.02, 0.45),),
    "crash": (FALL, AFTERSHOCK),
    "recovery": (FALL, REBOUND, Phase(0.15, 1.1, bars=60)),
    "regime_switching": (),
}
REGIMES: Final = tuple(PLANS)
ENDS_IN: Final = {"crash": FALL.bars, "recovery": FALL.bars + REBOUND.bars}


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Drift, level and pull of every bar, float64[n] each."""

    drift: Column
    level: Column
    pull: Column


def course_of(regime: str, count: int, lead_in: int | None, random: np.random.Generator) -> Course:
    """Return what a regime asks of each of `count` bars.

    Args:
        lead_in: how many usual bars come first; None is none, but for a crash and a recovery as many as let the
            series end in it.
        random: chooses the phases of a market that switches between regimes.

    Raises:
        UnknownNameError: there is no such regime.
    """
    if regime not in PLANS:
        raise UnknownNameError("regime", regime, REGIMES)
    first = max(0, count - ENDS_IN.get(regime, count)) if lead_in is None else min(lead_in, count)
    phases = _phases(regime, count - first, random)
    return _spread([USUAL, *(phase for phase, _ in phases)], [first, *(bars for _, bars in phases)])


def _phases(regime: str, count: int, random: np.random.Generator) -> list[tuple[Phase, int]]:
    """Return phases and their lengths that make `count` bars."""
    chosen: list[tuple[Phase, int]] = []
    plan = PLANS[regime]
    while count > 0:
        phase = plan[len(chosen) % len(plan)] if plan else _drawn(random)
        bars = min(count, phase.bars or (count if plan else int(random.geometric(1 / 40))))
        chosen.append((phase, bars))
        count -= bars
    return chosen


def _drawn(random: np.random.Generator) -> Phase:
    names = [name for name in REGIMES if PLANS[name]]
    return PLANS[names[int(random.integers(len(names)))]][0]


def _spread(phases: list[Phase], bars: list[int]) -> Course:
    asked = np.array([(phase.drift, phase.level, phase.pull) for phase in phases])
    drift, level, pull = np.repeat(asked, bars, axis=0).T
    return Course(drift, level, pull)
