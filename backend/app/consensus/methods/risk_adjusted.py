"""Risk-adjusted voting: a vote that would open or grow exposure loses mass to HOLD as risk rises.

The factor is d = 1 − λ·max(risk of the vote, market risk) for such a vote and 1 for any other; of its
weight·confidence the share d stays with its camp and 1 − d moves to HOLD. Risk therefore never makes the opposite
trade likelier, and closing a position is never discounted. With λ = 0 or without risk it decides as weighted voting
does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from app.consensus.ballot import Ballot
from app.consensus.exact import HALF, SCALE
from app.consensus.levels import HOLD, grows_exposure
from app.consensus.method import MethodSettings
from app.consensus.methods.threshold import ThresholdMethod
from app.consensus.tally import Tally

_WHOLE: Final = SCALE * SCALE


@dataclass(frozen=True, slots=True)
class RiskAdjusted(ThresholdMethod):
    """The winning camp holds more than `threshold` of the mass after discounting; the tally is in 10^-24 units.

    Args:
        risk_aversion: λ, fixed point, 0 to 1.
        market_risk: the least risk any opening vote carries, fixed point, 0 to 1.
        side: sign of the position: -1 short, 0 flat, 1 long.
    """

    risk_aversion: int = HALF
    market_risk: int = 0
    side: int = 0

    @classmethod
    def of(cls, config: MethodSettings) -> Self:
        return cls(config.threshold, config.risk_aversion, config.market_risk, config.side)

    def mass(self, ballot: Ballot) -> int:
        return ballot.weight * ballot.confidence * (_WHOLE - self._lost_share(ballot))

    def whole(self, weights: Sequence[int]) -> int:
        return sum(weights) * SCALE * _WHOLE

    def count(self, ballots: Sequence[Ballot], absent: Iterable[int]) -> Tally:
        kept = ThresholdMethod.count(self, ballots, absent)
        undiscounted = sum(ballot.weight * ballot.confidence for ballot in ballots) * _WHOLE
        return kept.plus(HOLD, undiscounted - kept.total)

    def _lost_share(self, ballot: Ballot) -> int:
        """1 − d in 10^-12 units."""
        if not grows_exposure(ballot.level, self.side):
            return 0
        return self.risk_aversion * max(ballot.risk, self.market_risk)
