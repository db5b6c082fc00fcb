"""Conflict means HOLD: nothing is traded on a split panel."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from app.consensus.levels import HOLD, Camp, Level

if TYPE_CHECKING:
    from app.consensus.ballots import Ballot


class Conservative:
    """Always HOLD."""

    def resolve(self, ballots: "Sequence[Ballot]", contending: Collection[Camp]) -> Level:
        return HOLD
