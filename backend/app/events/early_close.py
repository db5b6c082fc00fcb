"""Asks the engine, vote by vote, whether the panel may stop."""

from collections.abc import Sequence

from app.consensus.early_close import can_close
from app.domain.identifiers import agent_id
from app.domain.votes import Vote, engine_vote
from app.events.intake import Case


class EarlyClose:
    """Asks the engine whether the votes still missing could change the decision."""

    def __init__(self, case: Case) -> None:
        self._config = case.config
        self._managers = frozenset(
            agent_id(each.role, case.context.symbol) for each in case.analysts if each.role == "risk_advisor"
        )

    def __call__(self, votes: Sequence[Vote]) -> bool:
        seen = [engine_vote(vote.as_dict()) for vote in votes]
        return can_close(seen, self._config, risk_managers=self._managers)
