"""How large: the lower weighted median of what the supporters of the decision would put in.

Supporters are the whole winning camp, weighed by the method's own mass. When every supporter who gave a size has no
mass, the smallest of their sizes is taken: a size was given, and the lower median errs on the small side.
"""

from collections.abc import Iterable

from app.consensus.ballot import Ballot
from app.consensus.exact import unfixed
from app.consensus.levels import HOLD, Camp
from app.consensus.method import Method


def size_of(camp: Camp, ballots: Iterable[Ballot], method: Method) -> float | None:
    """Return the share of equity, 0 to 1; 0 for HOLD, None when no supporter gave a size."""
    if camp == HOLD:
        return 0.0
    supporters = [ballot for ballot in ballots if ballot.level * camp > 0]
    sizes = [(size, method.mass(ballot)) for ballot in supporters if (size := ballot.size) is not None]
    return unfixed(_lower_median(sorted(sizes))) if sizes else None


def _lower_median(weighed: list[tuple[int, int]]) -> int:
    """The smallest value with at least half of the mass at or below it; the pairs are (value, mass), sorted."""
    total = sum([mass for _, mass in weighed])
    below = 0
    for value, mass in weighed:
        below += mass
        if 2 * below >= total:
            return value
    raise AssertionError("a sorted, non-empty list reaches its own total")
