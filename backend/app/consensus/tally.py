"""What a method has counted: the mass at each level, as exact integers, and what it would be in full agreement."""

from dataclasses import dataclass
from typing import NamedTuple

from app.consensus.levels import BEAR, BULL, HOLD, Camp, Level


@dataclass(slots=True)
class Tally:
    """Mass by camp and level, in the method's own integer scale. Never changed once built; left unfrozen for speed.

    Args:
        bear, hold, bull: mass of the camps; `hold` includes any share moved there.
        strong_bear, strong_bull: the part of a camp's own mass that asks for STRONG.
        total: the whole mass of the ballots.
        ceiling: the mass if every valid ballot agreed at confidence 1, undiscounted; where absence counts against a
            camp, the same over all expected agents.
    """

    bear: int
    hold: int
    bull: int
    strong_bear: int
    strong_bull: int
    total: int
    ceiling: int

    @classmethod
    def of(cls, levels: list[int], ceiling: int) -> "Tally":
        """Build it from five masses indexed by level; Python's negative indices are the bears' side of the list."""
        hold, buy, strong_buy, strong_sell, sell = levels
        bear, bull = sell + strong_sell, buy + strong_buy
        return cls(bear, hold, bull, strong_sell, strong_buy, bear + hold + bull, ceiling)

    @property
    def levels(self) -> list[int]:
        """The mass at each level, indexed by level."""
        return [
            self.hold,
            self.bull - self.strong_bull,
            self.strong_bull,
            self.strong_bear,
            self.bear - self.strong_bear,
        ]

    def camp(self, camp: Camp) -> int:
        """The mass of one camp."""
        return (self.hold, self.bull, self.bear)[camp]

    def leaders(self) -> tuple[Camp, ...]:
        """The camps that hold the top mass, more than one in a tie."""
        top = max(self.bear, self.hold, self.bull)
        return tuple(camp for camp in (BEAR, HOLD, BULL) if self.camp(camp) == top)

    def unique_top(self) -> Camp | None:
        """The camp that holds more mass than either other, or None in a tie."""
        bear, hold, bull = self.bear, self.hold, self.bull
        if bull > bear and bull > hold:
            return BULL
        if bear > bull and bear > hold:
            return BEAR
        return HOLD if hold > bull and hold > bear else None

    def winning_level(self, camp: Camp) -> Level:
        """The level of a camp that has won: STRONG when more than half of its own mass is STRONG."""
        strong = (0, self.strong_bull, self.strong_bear)[camp]
        return 2 * camp if 2 * strong > self.camp(camp) else camp

    def plus(self, level: Level, mass: int, ceiling: int = 0) -> "Tally":
        """The tally after more mass at `level` and a ceiling that grew by `ceiling`."""
        levels = self.levels
        levels[level] += mass
        return Tally.of(levels, self.ceiling + ceiling)


NOTHING = Tally(0, 0, 0, 0, 0, 0, 0)


class Unresolved(NamedTuple):
    """A method's answer when it cannot settle: the status says why; `tied` holds the camps of a tie."""

    status: str
    tied: tuple[Camp, ...] = ()
