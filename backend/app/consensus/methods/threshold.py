"""The rule that majority, weighted and risk-adjusted voting share: a unique top camp above a share of the mass.

At a threshold of 1 no camp can ever hold more than all of the mass, so nothing settles, not even full agreement. At 0
the rule is plurality, under which an agent who moves from HOLD to BUY can turn the result into SELL; from one half
upwards it is monotone by camp (with the `conservative` strategy).
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from app.consensus.exact import HALF, SCALE
from app.consensus.levels import Level
from app.consensus.method import Method, MethodSettings
from app.consensus.tally import Tally, Unresolved


@dataclass(frozen=True, slots=True)
class ThresholdMethod(Method):
    """A unique top camp that holds more than `threshold` of the mass wins.

    Args:
        threshold: share to exceed, fixed point (500_000 is one half).
    """

    threshold: int = HALF

    settles_monotonely: ClassVar[bool] = True

    @classmethod
    def of(cls, config: MethodSettings) -> Self:
        return cls(config.threshold)

    def settle(self, tally: Tally) -> Level | Unresolved:
        total = tally.total
        if total == 0:
            return Unresolved("zero_mass")
        winner = tally.unique_top()
        if winner is None:
            return Unresolved("tie", tally.leaders())
        if tally.camp(winner) * SCALE <= self.threshold * total:
            return Unresolved("below_threshold")
        return tally.winning_level(winner)
