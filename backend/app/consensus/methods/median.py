"""The weighted median level: half of the mass lies on either side, so no single loud voice moves it far.

When two levels qualify, the one nearer HOLD is taken, and HOLD itself if it lies between them. The median is already
a level, so the rule that makes a camp STRONG is not applied on top: moving a vote up never moves the median level
down. A median of HOLD between bulls and bears may have no supporter at all; its confidence and support are then 0.

Source: weighted median by cumulative mass, F. Y. Edgeworth, "On observations relating to several quantities" (1887).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from app.consensus.ballot import Ballot
from app.consensus.exact import SCALE
from app.consensus.levels import HOLD, LEVELS, Level
from app.consensus.method import Method
from app.consensus.tally import Tally, Unresolved


@dataclass(frozen=True, slots=True)
class Median(Method):
    """Always settles when there is mass; the tally is Σ weight·confidence in 10^-12 units."""

    settles_monotonely: ClassVar[bool] = True

    def mass(self, ballot: Ballot) -> int:
        return ballot.weight * ballot.confidence

    def whole(self, weights: Sequence[int]) -> int:
        return sum(weights) * SCALE

    def settle(self, tally: Tally) -> Level | Unresolved:
        total = tally.total
        if total == 0:
            return Unresolved("zero_mass")
        masses = tally.levels
        up_to = list(accumulate(masses[level] for level in LEVELS))
        lower = next(level for level, mass in zip(LEVELS, up_to, strict=True) if 2 * mass >= total)
        upper = next(level for level, mass in zip(LEVELS, up_to, strict=True) if 2 * mass > total)
        return max(lower, min(HOLD, upper))
