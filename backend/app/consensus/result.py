"""What the engine answers: the decision, how it came about, and what a reader needs to check it."""

from typing import Any, NamedTuple


class CampMass(NamedTuple):
    """The exact mass of each camp, in the integer scale of the method (ballots, 10^-12, 10^-24 or 10^-6 units)."""

    bear: int
    hold: int
    bull: int


class ConsensusResult(NamedTuple):
    """One decision of a panel.

    Args:
        decision: a level's word, or NO_DECISION when nobody could vote or too few did.
        status: what the method said: `decided`, `tie`, `below_threshold`, `no_agreement`, `zero_mass`, or before it
            `no_votes`, `no_quorum`.
        resolved_by: who had the last word: `method`, a strategy's name, `risk_veto`, `min_confidence` or `fallback`.
        confidence: in the camp of the decision, 0 to 1, rounded to 9 decimals; a direction's exact confidence is
            above 0 even where fewer than half a billionth is shown as 0.
        support: that camp's share of the mass, 0 to 1, likewise.
        n_valid, n_expected: ballots counted, agents expected.
        missing: expected agents without a ballot, sorted.
        rejected: (agent id, code) of every vote that is no ballot, sorted.
        tally: exact mass by camp.
        position_size: share of equity, 0 to 1; 0 for HOLD; None when no supporter gave one.
    """

    decision: str
    status: str
    resolved_by: str
    confidence: float
    support: float
    n_valid: int
    n_expected: int
    missing: tuple[str, ...]
    rejected: tuple[tuple[str, str], ...]
    tally: CampMass
    position_size: float | None

    def as_dict(self) -> dict[str, Any]:
        """The result in wire form; the tally as decimal strings, for its integers outgrow JSON numbers."""
        return {
            "decision": self.decision,
            "status": self.status,
            "resolved_by": self.resolved_by,
            "confidence": self.confidence,
            "support": self.support,
            "n_valid": self.n_valid,
            "n_expected": self.n_expected,
            "missing": list(self.missing),
            "rejected": [list(pair) for pair in self.rejected],
            "tally": {"BEAR": str(self.tally.bear), "HOLD": str(self.tally.hold), "BULL": str(self.tally.bull)},
            "position_size": self.position_size,
        }
