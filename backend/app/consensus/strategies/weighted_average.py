"""The centre of gravity of all ballots breaks a conflict: s = Σ w·c·level / Σ w·c, undiscounted, from -2 to 2.

More than 1.5 from HOLD is STRONG, more than 0.5 is plain, anything nearer is HOLD. Every ballot is weighed,
contending or not. It is not monotone in company: a vote that moves up can leave a tie and so take the question away
from this rule.
"""

from collections.abc import Collection, Sequence

from app.consensus.ballot import Ballot
from app.consensus.levels import HOLD, Camp, Level, camp_of


class WeightedAverage:
    """The level that the weighted mean of all levels is clearly closest to."""

    def resolve(self, ballots: Sequence[Ballot], contending: Collection[Camp]) -> Level:
        mass = sum(ballot.weight * ballot.confidence for ballot in ballots)
        moment = sum(ballot.weight * ballot.confidence * ballot.level for ballot in ballots)
        if 2 * abs(moment) > 3 * mass:
            return 2 * camp_of(moment)
        return camp_of(moment) if 2 * abs(moment) > mass else HOLD
