"""Weighted voting: an agent counts by the weight it has earned and by how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.consensus.ballot import Ballot
from app.consensus.exact import SCALE
from app.consensus.methods.threshold import ThresholdMethod


@dataclass(frozen=True, slots=True)
class Weighted(ThresholdMethod):
    """The winning camp holds more than `threshold` of Σ weight·confidence; the tally is in 10^-12 units."""

    def mass(self, ballot: Ballot) -> int:
        return ballot.weight * ballot.confidence

    def whole(self, weights: Sequence[int]) -> int:
        return sum(weights) * SCALE
