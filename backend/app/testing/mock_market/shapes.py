"""From a path of closes to whole bars: opens after a gap, extremes of a Brownian bridge, volume by the range."""

from dataclasses import dataclass

import numpy as np

from app.domain.market import Column
from app.testing.mock_market.recursions import affine


@dataclass(frozen=True, slots=True)
class VolumeModel:
    """How volume follows the range of a bar.

    Args:
        slope: change of log volume with the log of range over usual range.
        memory: first autocorrelation of what the range does not explain; noise: its standard deviation.
        typical: shares of a usual bar of a day.
    """

    slope: float
    memory: float
    noise: float
    typical: float


def bridge_extremes(
    opens: Column, closes: Column, spread: Column, random: np.random.Generator
) -> tuple[Column, Column]:
    """Return high and low of log price within each bar, each as of a Brownian bridge from open to close.

    The maximum m of a bridge from a to b with variance s2 has P(m > x) = exp(-2 (x - a)(x - b) / s2); solved for x.
    (I. Karatzas and S. Shreve, 1991, Brownian Motion and Stochastic Calculus, 4.3.40.)
    """
    middle, moved = (opens + closes) / 2, closes - opens
    up, down = (np.sqrt(moved**2 + 2 * spread**2 * random.standard_exponential(len(opens))) / 2 for _ in range(2))
    return np.maximum(middle + up, np.maximum(opens, closes)), np.minimum(middle - down, np.minimum(opens, closes))


def volume_of(relative_range: Column, model: VolumeModel, share_of_day: Column, random: np.random.Generator) -> Column:
    """Return shares traded in each bar, whole, at least 1.

    Args:
        relative_range: high to low in log price over the usual range of such a bar.
        share_of_day: the share of a day's volume that falls on the bar.
    """
    noise = random.standard_normal(len(relative_range)) * model.noise * np.sqrt(1 - model.memory**2)
    lasting = affine(np.full(len(noise), model.memory), noise, 0.0)
    explained = model.slope * np.log(np.maximum(relative_range, 0.05))
    return np.maximum(np.rint(model.typical * share_of_day * np.exp(explained + lasting)), 1.0)
