"""Agreement that survives traitors: a camp needs more than two thirds of the stake of all expected agents.

The weight of an agent is its stake; missing stake counts against every camp. Two camps never both pass, whoever is
silent. When none of the ballots has a stake the status is `zero_mass`, even if the absent have some: what was cast
weighs nothing.

Source: the quorum bound of M. Castro and B. Liskov, "Practical Byzantine Fault Tolerance" (OSDI 1999), by stake.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.consensus.ballot import Ballot
from app.consensus.levels import Level
from app.consensus.method import Method
from app.consensus.tally import Tally, Unresolved


@dataclass(frozen=True, slots=True)
class Bft(Method):
    """Settled when 3·stake(camp) > 2·stake(all expected); the tally is stake in 10^-6 units."""

    mass_has_confidence: ClassVar[bool] = False
    counts_the_absent: ClassVar[bool] = True
    settles_monotonely: ClassVar[bool] = True

    def mass(self, ballot: Ballot) -> int:
        return ballot.weight

    def whole(self, weights: Sequence[int]) -> int:
        return sum(weights)

    def settle(self, tally: Tally) -> Level | Unresolved:
        if tally.total == 0:
            return Unresolved("zero_mass")
        winner = tally.unique_top()
        if winner is None or 3 * tally.camp(winner) <= 2 * tally.ceiling:
            return Unresolved("no_agreement")
        return tally.winning_level(winner)
