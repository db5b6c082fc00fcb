"""What a method has counted: the mass at each level, as exact integers, and what it would be in full agreement."""

from typing import NamedTuple

from app.consensus.levels import BEAR, BULL, HOLD, Camp, Level


class Tally(NamedTuple):
    """Mass by camp and level, in the method's own integer scale.

    Args:
        bear, hold, bull: mass of the camps; `hold` includes any share moved there.
        strong_bear, strong_bull: the part of a camp's own mass that asks for STRONG.
        ceiling: the mass if every valid ballot agreed at confidence 1, undiscounted; where absence counts against a
            camp, the same over all expected agents.
    """

    bear: int
    hold: int
    bull: int
    strong_bear: int
    strong_bull: int
    ceiling: int

    @classmethod
    def of(cls, levels: list[int], ceiling: int) -> "Tally":
        """Build it from five masses indexed by level; Python's negative indices are the bears' side of the list."""
        return cls(levels[-1] + levels[-2], levels[0], levels[1] + levels[2], levels[-2], levels[2], ceiling)

    @property
    def total(self) -> int:
        """The whole mass of the ballots."""
        return self.bear + self.hold + self.bull

    @property
    def levels(self) -> list[int]:
        """The mass at each level, indexed by level."""
        bear, hold, bull, strong_bear, strong_bull, _ = self
        return [hold, bull - strong_bull, strong_bull, strong_bear, bear - strong_bear]

    def camp(self, camp: Camp) -> int:
        """The mass of one camp."""
        return self[camp + 1]

    def leaders(self) -> tuple[Camp, ...]:
        """The camps that hold the top mass: one, or those that tie."""
        top = max(self.bear, self.hold, self.bull)
        return tuple(camp for camp in (BEAR, HOLD, BULL) if self.camp(camp) == top)

    def winning_level(self, camp: Camp) -> Level:
        """The level of a camp that has won: STRONG when more than half of its own mass is STRONG."""
        strong = (self.strong_bear, 0, self.strong_bull)[camp + 1]
        return 2 * camp if 2 * strong > self.camp(camp) else camp

    def plus(self, level: Level, mass: int, ceiling: int) -> "Tally":
        """The tally after votes of this mass at `level` and a ceiling that grew by `ceiling`."""
        levels = self.levels
        levels[level] += mass
        return Tally.of(levels, self.ceiling + ceiling)


NOTHING = Tally(0, 0, 0, 0, 0, 0)


class Unresolved(NamedTuple):
    """A method's answer when it cannot settle: the status says why; `tied` holds the camps of a tie."""

    status: str
    tied: tuple[Camp, ...] = ()
