"""From a path of closes to whole bars: opens after a gap, extremes of a Brownian bridge, volume by the range."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.domain.market import Column
from app.testing.mock_market.recursions import affine

TYPICAL_VOLUME: Final = 20_000_000
LEAST_RANGE: Final = 0.05
BROWNIAN_RANGE: Final = 1.596


@dataclass(frozen=True, slots=True)
class VolumeModel:
    """How volume follows the range of a bar.

    Args:
        slope: change of log volume with the log of range over usual range.
        memory: first autocorrelation of what the range does not explain; noise: its standard deviation.
    """

    slope: float
    memory: float
    noise: float


def gaps_of(moves: Column, spread: Column, share: Column, random: np.random.Generator) -> Column:
    """Return which part of each move from close to close came before the open.

    A Brownian path that moves by m in all has moved by share * m on average after that share of its variance.

    Args:
        moves: log return from close to close; spread: its standard deviation as expected.
        share: of the variance that falls before the open.
    """
    gaps: Column = share * moves + np.sqrt(share * (1 - share)) * spread * random.standard_normal(len(moves))
    return gaps


def bridge_extremes(
    opens: Column, closes: Column, spread: Column, tops: np.random.Generator, bottoms: np.random.Generator
) -> tuple[Column, Column]:
    """Return high and low of log price within each bar, each as of a Brownian bridge from open to close.

    The maximum m of a bridge from a to b with variance s2 has P(m > x) = exp(-2 (x - a)(x - b) / s2); solved for x.
    (I. Karatzas and S. Shreve, 1991, Brownian Motion and Stochastic Calculus, 4.3.40.)
    """
    middle, squared = (opens + closes) / 2, (closes - opens) ** 2
    up, down = (
        np.sqrt(squared + 2 * spread**2 * random.standard_exponential(len(opens))) / 2 for random in (tops, bottoms)
    )
    return np.maximum(middle + up, np.maximum(opens, closes)), np.minimum(middle - down, np.minimum(opens, closes))


def volume_of(relative_range: Column, model: VolumeModel, share_of_day: Column, random: np.random.Generator) -> Column:
    """Return shares traded in each bar, whole, at least 1.

    Args:
        relative_range: high to low in log price over the usual range of such a bar.
        share_of_day: the share of a day's volume that usually falls on the bar.
    """
    noise = random.standard_normal(len(relative_range)) * (model.noise * np.sqrt(1 - model.memory**2))
    lasting = affine(np.full(len(noise), model.memory), noise, 0.0)
    explained = model.slope * np.log(np.maximum(relative_range, LEAST_RANGE))
    return np.maximum(np.rint(TYPICAL_VOLUME * share_of_day * np.exp(explained + lasting)), 1.0)
