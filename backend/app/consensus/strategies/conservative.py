"""Conflict means HOLD: nothing is traded on a split panel."""

from collections.abc import Collection, Sequence

from app.consensus.ballot import Ballot
from app.consensus.levels import HOLD, Camp, Level


class Conservative:
    """Always HOLD."""

    def resolve(self, ballots: Sequence[Ballot], contending: Collection[Camp]) -> Level:
        return HOLD
