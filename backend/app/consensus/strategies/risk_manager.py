"""The risk managers break a conflict, provided they agree. Not monotone: nobody else is heard."""

from collections.abc import Collection, Sequence

from app.consensus.ballot import Ballot
from app.consensus.levels import HOLD, Camp, Level, camp_of, mildest


class RiskManager:
    """The common camp of all risk managers at its mildest level; HOLD if there are none, they are divided or it does
    not contend."""

    def resolve(self, ballots: Sequence[Ballot], contending: Collection[Camp]) -> Level:
        theirs = [ballot.level for ballot in ballots if ballot.is_risk_manager]
        camps = set(map(camp_of, theirs))
        return mildest(theirs) if len(camps) == 1 and camps <= set(contending) else HOLD
