"""What a consensus method is: how heavy a ballot weighs and when a tally settles the question.

A method is a frozen value in a module of `methods/` with a line in `app/plugins.py`. Masses are non-negative integers
in a scale of the method's own choosing; sums are exact, so the order of the votes cannot matter.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, Protocol, Self

from app.consensus.ballot import Ballot
from app.consensus.exact import HALF, SCALE
from app.consensus.levels import Camp, Level, camp_of
from app.consensus.tally import Tally, Unresolved


class MethodSettings(Protocol):
    """The settings that methods may read; see ConsensusConfig."""

    @property
    def threshold(self) -> int:
        """Share of the mass a winning camp must exceed, fixed point."""

    @property
    def agreement(self) -> int:
        """Share of the ballots that `unanimous` asks for, fixed point."""

    @property
    def risk_aversion(self) -> int:
        """λ of `risk_adjusted`, fixed point."""

    @property
    def market_risk(self) -> int:
        """The least risk of an opening vote, fixed point."""

    @property
    def side(self) -> int:
        """The sign of the position: -1 short, 0 flat, 1 long."""


class Method(ABC):
    """One rule for turning ballots into a level."""

    __slots__ = ()

    default_quorum: ClassVar[int] = HALF
    """The share of expected agents that must vote unless the caller says otherwise, fixed point."""

    mass_has_confidence: ClassVar[bool] = True
    """Whether `mass` already contains the ballot's confidence."""

    counts_the_absent: ClassVar[bool] = False
    """Whether the ceiling is that of all expected agents rather than of those who voted."""

    settles_monotonely: ClassVar[bool] = False
    """A promise that early close relies on: mass moved onto one level makes that outcome likelier and every other
    less so, hence all of the missing mass on one level at a time is the worst that can happen."""

    @classmethod
    def of(cls, config: MethodSettings) -> Self:
        """Build the method from the settings it reads; by default it reads none."""
        return cls()

    @abstractmethod
    def mass(self, ballot: Ballot) -> int:
        """The mass this ballot gives to its own camp."""

    @abstractmethod
    def whole(self, weights: Sequence[int]) -> int:
        """The mass of agents of these weights (fixed point) who all agree at confidence 1, undiscounted."""

    @abstractmethod
    def settle(self, tally: Tally) -> Level | Unresolved:
        """The level the tally stands for, or why it stands for none."""

    def count(self, ballots: Sequence[Ballot], absent: Iterable[int]) -> Tally:
        """Tally the ballots; `absent` holds the weights of expected agents without one."""
        levels = [0, 0, 0, 0, 0]
        for ballot in ballots:
            levels[ballot.level] += self.mass(ballot)
        weights = [ballot.weight for ballot in ballots]
        if self.counts_the_absent:
            weights += absent
        return Tally.of(levels, self.whole(weights))

    def confidence(self, camp: Camp, ballots: Iterable[Ballot], tally: Tally) -> tuple[int, int]:
        """The confidence in `camp` as an exact fraction: its supporters' confident mass over the ceiling."""
        if self.mass_has_confidence:
            return tally.camp(camp), tally.ceiling
        confident = sum([self.mass(ballot) * ballot.confidence for ballot in ballots if camp_of(ballot.level) == camp])
        return confident, tally.ceiling * SCALE
