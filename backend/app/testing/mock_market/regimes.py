"""What each regime asks of the market: its drift, its volatility, how strongly it is held back, in which order.

Drift and volatility are told in usual deviations of one step, as the labels of `app.analysis.regimes` are. A step is a
bar, within sessions a day. Their sizes are those that bars of that label had in real series.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np

from app.domain.errors import UnknownNameError
from app.domain.market import Column
from app.testing.mock_market import fitted

REGIMES: Final = (
    "trending_bullish",
    "trending_bearish",
    "sideways",
    "high_volatility",
    "low_volatility",
    "crash",
    "recovery",
    "regime_switching",
)
SWITCHING: Final = REGIMES[-1]
TREND_PULL: Final = 0.001
RANGE_PULL: Final = 0.02
FALL_BARS: Final = 30
REBOUND_BARS: Final = 30
AFTERMATH_BARS: Final = 40
BOUNCE: Final = 0.5
SEEN_AFTER: Final = 20
FORESEEN: Final = 0.4
ENDS_IN: Final = {"crash": FALL_BARS, "recovery": REBOUND_BARS}


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of bars of one character.

    Args:
        drift: mean return of a bar, in usual deviations.
        level: volatility as a multiple of the usual one.
        pull: the share of its distance from the start by which the log price is drawn back at each bar.
        bars: how long it lasts; 0 is until the end.
        bounce: which share of a shock the next bar takes back. In a fall and on the way back from one prices overshoot
            and return, so that the way of 30 bars is surer than its days.
    """

    drift: float
    level: float
    pull: float = TREND_PULL
    bars: int = 0
    bounce: float = 0.0


USUAL: Final = Phase(0.02, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Drift, level, pull and bounce of every step, float64[n] each."""

    drift: Column
    level: Column
    pull: Column
    bounce: Column

    def through(self, per_session: int, count: int) -> "Course":
        """Return the course of `count` bars, so many a session, of whose days this is the course."""
        columns = (self.drift, self.level, self.pull / per_session, np.zeros(len(self.drift)))
        drift, level, pull, bounce = (np.repeat(each, per_session)[:count] for each in columns)
        return Course(drift, level, pull, bounce)


def course_of(regime: str, count: int, lead_in: int | None, random: np.random.Generator) -> Course:
    """Return what a regime asks of each of `count` steps.

    Args:
        lead_in: how many usual steps come first, which for a recovery end in the fall that it recovers from; None is
            none, but for a crash and a recovery as many as let the series end in it.
        random: chooses the phases of a market that switches between regimes.

    Raises:
        UnknownNameError: there is no such regime.
    """
    if regime not in REGIMES:
        raise UnknownNameError("regime", regime, REGIMES)
    asked_for = max(0, count - ENDS_IN.get(regime, count)) if lead_in is None else lead_in
    first = min(asked_for, count + FALL_BARS)
    phases = _switching(count - first, random) if regime == SWITCHING else _in_turn(plans()[regime], count - first)
    fallen = min(first, FALL_BARS) if regime == "recovery" else 0
    return _spread([(USUAL, first - fallen), (plans()["crash"][0], fallen), *phases], count)


@cache
def plans() -> dict[str, tuple[Phase, ...]]:
    """Return the phases of each regime that has some, in order; after the last the first comes again."""
    real = {name: (each["drift"], each["level"]) for name, each in fitted.document()["phases"].items()}
    fall = Phase(*real["crash"], bars=FALL_BARS, bounce=BOUNCE)
    return {
        "trending_bullish": (Phase(*real["trending_bullish"]),),
        "trending_bearish": (Phase(*real["trending_bearish"]),),
        "sideways": (Phase(0.0, real["sideways"][1], RANGE_PULL),),
        "high_volatility": (Phase(0.0, real["high_volatility"][1]),),
        "low_volatility": (Phase(0.0, real["low_volatility"][1]),),
        "crash": (fall, Phase(0.0, fall.level, bars=AFTERMATH_BARS)),
        "recovery": (Phase(*real["recovery"], bars=_bars_to_make_up(real), bounce=BOUNCE), USUAL),
    }


def _bars_to_make_up(real: dict[str, tuple[float, float]]) -> int:
    """Return how long a recovery takes to make up for a fall."""
    return round(FALL_BARS * -real["crash"][0] / real["recovery"][0])


def _in_turn(plan: tuple[Phase, ...], count: int) -> list[tuple[Phase, int]]:
    """Return phases and their lengths that make `count` bars."""
    chosen: list[tuple[Phase, int]] = []
    while count > 0:
        phase = plan[len(chosen) % len(plan)]
        chosen.append((phase, min(count, phase.bars or count)))
        count -= chosen[-1][1]
    return chosen


def _switching(count: int, random: np.random.Generator) -> list[tuple[Phase, int]]:
    """Return phases drawn as labels followed one another in real series.

    A label looks back on 20 bars, so a phase lasts 20 bars longer than its label does on average. Most of the drift
    that labels show is chance seen afterwards: with more than a part of it returns would foretell one another.
    """
    names, followers, lasting = _chain()
    place, chosen = names.index("sideways"), list[tuple[Phase, int]]()
    while count > 0:
        bars = min(count, SEEN_AFTER + int(random.geometric(1 / lasting[place])))
        phase = plans()[names[place]][0]
        chosen.append((replace(phase, drift=phase.drift * FORESEEN), bars))
        count -= bars
        place = int(np.searchsorted(followers[place], random.random(), side="right"))
    return chosen


@cache
def _chain() -> tuple[list[str], Column, list[float]]:
    """Return labels, the cumulated chances of who follows whom when the label changes, and mean bars in a label."""
    told = fitted.document()["transitions"]
    counts = np.array(told["counts"], np.float64)
    staying = np.diag(counts)
    leaving = counts.sum(axis=1) - staying
    np.fill_diagonal(counts, 0.0)
    cumulated = np.cumsum(counts / leaving[:, None], axis=1)
    cumulated[:, -1] = 1.0
    return told["labels"], cumulated, (1 + staying / leaving).tolist()


def _spread(stretches: list[tuple[Phase, int]], count: int) -> Course:
    asked = np.array([(phase.drift, phase.level, phase.pull, phase.bounce) for phase, _ in stretches])
    drift, level, pull, bounce = np.repeat(asked, [bars for _, bars in stretches], axis=0)[:count].T
    return Course(drift, level, pull, bounce)
