"""What the figures of tools say, in words with the numbers behind them, and what to do about it."""

from collections.abc import Mapping
from typing import Any, Final

from app.analysis.tool_conduct_insights import failing_more, resting, slowing_down, timing_out
from app.analysis.tool_insight import Insight, Subject
from app.analysis.tool_place_insights import failing_at_an_hour, failing_on_a_symbol
from app.analysis.tool_spread import Spread
from app.analysis.tool_statistics import ToolStatistics
from app.analysis.tool_use_insights import never_moving, unused
from app.analysis.tool_users import EVERYBODY
from app.domain.tool_policies import ToolPolicy

_RULES: Final = (
    resting,
    timing_out,
    failing_more,
    slowing_down,
    failing_on_a_symbol,
    failing_at_an_hour,
    unused,
    never_moving,
)


def insights(
    metrics: Mapping[str, Mapping[str, Any]], statistics: ToolStatistics, policy: ToolPolicy, decisions: int
) -> tuple[Insight, ...]:
    """Return what is worth knowing, tool by tool.

    Args:
        metrics: of every tool, as `tool_metrics` gives them.
        decisions: how many were looked at.
    """
    subjects = (
        Subject(
            name,
            figures,
            statistics.use((name, EVERYBODY, "")),
            statistics.symbols.get(name, Spread()),
            statistics.hours.get(name, Spread()),
            policy,
            decisions,
        )
        for name, figures in metrics.items()
    )
    return tuple(insight for each in subjects for rule in _RULES if (insight := rule(each)))
