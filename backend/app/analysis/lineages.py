"""Several votes of one model are not several opinions: how much each of them may weigh.

Opinions of one lineage share their errors. With a mean correlation r between any two of n, they are worth
n_eff = n / (1 + (n - 1) r) independent ones (the design effect of Kish, Survey Sampling, 1965): each weighs n_eff / n.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.analysis.voting import CAMPS

ASSUMED_CORRELATION: Final = 0.6
LEAST_DECISIONS: Final = 50
SIDE: Final[Mapping[str, float]] = {"BULL": 1.0, "HOLD": 0.0, "BEAR": -1.0}


@dataclass(frozen=True, slots=True)
class LineageWeight:
    """What the votes of one lineage are worth in one decision.

    Args:
        n: its votes with an opinion.
        r: correlation between any two of them, in [0, 1].
        decisions: how many decisions r was measured on; 0 when it is assumed.
    """

    lineage: str
    n: int
    r: float
    decisions: int

    @property
    def n_eff(self) -> float:
        """Independent opinions that they amount to, in [1, n]."""
        return self.n / (1 + (self.n - 1) * self.r)

    def as_dict(self) -> dict[str, Any]:
        """Return the weight as it stands in the record."""
        return {
            "lineage": self.lineage,
            "n": self.n,
            "n_eff": round(self.n_eff, 9),
            "r": round(self.r, 9),
            "decisions": self.decisions,
        }


@dataclass(frozen=True, slots=True)
class Correlation:
    """How alike the votes of one lineage have been, as sums over pairs of votes in the same decision.

    The intraclass correlation of Fisher (Statistical Methods for Research Workers, 1925) over sides -1, 0 and 1:
    mean product of deviations over mean square of deviations.
    """

    decisions: int = 0
    pairs: int = 0
    total: float = 0.0
    squares: float = 0.0
    products: float = 0.0

    def with_decision(self, words: Iterable[str]) -> "Correlation":
        """Return the sums with one more decision in which the lineage cast these words; one vote tells nothing."""
        sides = [SIDE[CAMPS[word]] for word in words if word in CAMPS]
        count, whole, squares = len(sides), sum(sides), sum(side * side for side in sides)
        if count < 2:
            return self
        return Correlation(
            self.decisions + 1,
            self.pairs + count * (count - 1) // 2,
            self.total + whole * (count - 1),
            self.squares + squares * (count - 1),
            self.products + (whole * whole - squares) / 2,
        )

    @property
    def measured(self) -> float | None:
        """The correlation in [0, 1]; None while every vote was the same, which tells nothing of errors."""
        if not self.pairs:
            return None
        mean = self.total / (2 * self.pairs)
        variance = self.squares / (2 * self.pairs) - mean * mean
        if variance <= 1e-12:
            return None
        return max(0.0, min(1.0, (self.products / self.pairs - mean * mean) / variance))

    def shrunk(self) -> tuple[float, int]:
        """Return r and the decisions it rests on: assumed below fifty, from there drawn to the assumption."""
        measured = self.measured
        if self.decisions < LEAST_DECISIONS or measured is None:
            return ASSUMED_CORRELATION, 0
        prior = LEAST_DECISIONS * ASSUMED_CORRELATION
        return (self.decisions * measured + prior) / (self.decisions + LEAST_DECISIONS), self.decisions


def lineage_weights(
    votes: Sequence[Mapping[str, Any]], correlation: Callable[[str], Correlation]
) -> tuple[LineageWeight, ...]:
    """Return what each lineage with two opinions or more is worth, by name."""
    counts = Counter(vote["lineage"] for vote in votes if vote["decision"] in CAMPS)
    return tuple(
        LineageWeight(lineage, count, *correlation(lineage).shrunk())
        for lineage, count in sorted(counts.items())
        if count > 1
    )


def weighed(
    votes: Sequence[Mapping[str, Any]], weights: Mapping[str, int], lineages: Sequence[LineageWeight], one: int
) -> dict[str, int]:
    """Return the weights of all agents with those of shared lineages scaled by n_eff / n.

    Args:
        weights: fixed point, `one` being 1; an agent that is not listed has `one`.
    """
    share = {each.lineage: each.n_eff / each.n for each in lineages}
    scaled = {
        vote["agent_id"]: round(weights.get(vote["agent_id"], one) * share[vote["lineage"]])
        for vote in votes
        if vote["lineage"] in share
    }
    return {**weights, **scaled}
