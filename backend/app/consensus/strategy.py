"""What a conflict strategy is: the answer of last resort when a method cannot settle, or when bulls face bears.

A strategy is a class in a module of `strategies/` with a line in `app/plugins.py`. It may look at what was said and how
surely, never at who said it, in which order it came, or at chance.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from app.consensus.ballot import Ballot
from app.consensus.levels import Camp, Level


class Strategy(Protocol):
    """Resolves a conflict between camps."""

    def resolve(self, ballots: Sequence[Ballot], contending: Collection[Camp]) -> Level:
        """Return the level to decide for.

        Args:
            ballots: all valid ballots, at least one, in no meaningful order.
            contending: the camps of a tie, else every camp with a ballot.
        """
        ...
