"""Tool: how the analysts' earlier votes on this symbol did."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from app.ai.tools.track_record import HORIZON_BARS, record_of
from app.domain.market import AnalysisContext, PastVote
from app.ports.analyst import ToolArguments


class WhoseRecord(ToolArguments):
    """Whose votes are looked at."""

    role: Annotated[str | None, Field(max_length=64, description="one analyst's role; everybody when left out")] = None


class GetAnalystTrackRecord:
    """Holds earlier votes against what the bars did afterwards, as far as that is known by now."""

    name: ClassVar = "get_analyst_track_record"
    description: ClassVar = (
        "Per analyst role, how earlier votes on this symbol did over the five bars that followed: hit rate, mean "
        "return in the direction of the vote, Brier score; null where nothing can be scored yet."
    )
    arguments: ClassVar = WhoseRecord
    quick: ClassVar = True

    def run(self, context: AnalysisContext, role: str | None = None) -> Mapping[str, Any]:
        """Return `horizon_bars` and `roles`, by role what `record_of` tells."""
        bars = context.bars.until(context.as_of)
        votes: defaultdict[str, list[PastVote]] = defaultdict(list)
        for vote in context.past_votes:
            if vote.as_of < context.as_of and role in (None, vote.agent_type):
                votes[vote.agent_type].append(vote)
        return {"horizon_bars": HORIZON_BARS, "roles": {name: record_of(cast, bars) for name, cast in votes.items()}}
