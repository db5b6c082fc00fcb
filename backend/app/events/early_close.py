"""Asks the engine, vote by vote, whether the panel may stop."""

from collections.abc import Sequence

from app.consensus.early_close import can_close
from app.domain.votes import Vote, engine_vote
from app.events.intake import Case
from app.ports.seating import Seating


class EarlyClose:
    """Asks the engine whether the votes still missing could change the decision.

    Where several models sit nothing is settled early: each vote changes the weights of those that share its lineage.
    """

    def __init__(self, case: Case, seating: Seating) -> None:
        self._config = case.config
        self._may_share_lineages = sum(map(bool, map(seating.described, case.seats.values()))) > 1
        self._managers = frozenset(agent for agent, each in case.seats.items() if each.role == "risk_advisor")

    def __call__(self, votes: Sequence[Vote]) -> bool:
        if self._may_share_lineages:
            return False
        seen = [engine_vote(vote.as_dict()) for vote in votes]
        return can_close(seen, self._config, risk_managers=self._managers)
