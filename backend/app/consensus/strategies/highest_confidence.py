"""The surest voice breaks a conflict, but only if the surest voices agree.

A tie-breaker and nothing more: it is not monotone, and a loud wrong agent wins under it.
"""

from collections.abc import Collection, Sequence

from app.consensus.ballot import Ballot
from app.consensus.levels import HOLD, Camp, Level, camp_of, mildest


class HighestConfidence:
    """The camp of the ballots with the top confidence among the contending, at its mildest level there; else HOLD."""

    def resolve(self, ballots: Sequence[Ballot], contending: Collection[Camp]) -> Level:
        heard = [ballot for ballot in ballots if camp_of(ballot.level) in contending]
        top = max((ballot.confidence for ballot in heard), default=0)
        loudest = [ballot.level for ballot in heard if ballot.confidence == top]
        return mildest(loudest) if len(set(map(camp_of, loudest))) == 1 else HOLD
