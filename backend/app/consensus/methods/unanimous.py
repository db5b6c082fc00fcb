"""Agreement: by default every expected agent votes and all of them are in one camp."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from app.consensus.ballot import Ballot
from app.consensus.exact import SCALE
from app.consensus.levels import Level
from app.consensus.method import Method, MethodSettings
from app.consensus.tally import Tally, Unresolved


@dataclass(frozen=True, slots=True)
class Unanimous(Method):
    """A unique top camp with at least `agreement` of the valid ballots wins; the tally counts ballots.

    Args:
        agreement: α, fixed point (1_000_000 is everybody).
    """

    agreement: int = SCALE

    default_quorum: ClassVar[int] = SCALE
    mass_has_confidence: ClassVar[bool] = False
    settles_monotonely: ClassVar[bool] = True

    @classmethod
    def of(cls, config: MethodSettings) -> Self:
        return cls(config.agreement)

    def mass(self, ballot: Ballot) -> int:
        return 1

    def whole(self, weights: Sequence[int]) -> int:
        return len(weights)

    def settle(self, tally: Tally) -> Level | Unresolved:
        winner = tally.unique_top()
        if winner is None or tally.camp(winner) * SCALE < self.agreement * tally.total:
            return Unresolved("no_agreement")
        return tally.winning_level(winner)
