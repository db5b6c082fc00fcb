"""Majority voting: one agent, one vote. Confidence does not count here, only in what is reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.consensus.ballot import Ballot
from app.consensus.methods.threshold import ThresholdMethod


@dataclass(frozen=True, slots=True)
class Majority(ThresholdMethod):
    """The winning camp holds more than `threshold` of the ballots; the tally counts ballots."""

    mass_has_confidence: ClassVar[bool] = False

    def mass(self, ballot: Ballot) -> int:
        return 1

    def whole(self, weights: Sequence[int]) -> int:
        return len(weights)
