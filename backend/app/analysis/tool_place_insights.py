"""Insights into where a tool fails: on which symbol, at which hour."""

from collections.abc import Callable
from typing import Any

from app.analysis.tool_insight import Insight, Subject
from app.analysis.tool_spread import Cluster

LEAST_FAILURES, CLUSTER_SHARE, CLUSTER_EXCESS = 5, 0.5, 2.0


def failing_on_a_symbol(tool: Subject) -> Insight | None:
    """Tell of a tool whose failures gather on a symbol."""
    return _gathering(tool, "fails_on_symbol", tool.symbols.worst(), lambda symbol: f"on {symbol}")


def failing_at_an_hour(tool: Subject) -> Insight | None:
    """Tell of a tool whose failures gather at an hour of the day."""
    return _gathering(
        tool, "fails_at_hour", tool.hours.worst(), lambda hour: f"between {hour:02}:00 and {hour:02}:59 UTC"
    )


def _gathering(tool: Subject, kind: str, cluster: Cluster | None, where: Callable[[Any], str]) -> Insight | None:
    """Failures gather where they are at least half of all and twice what the calls there would explain."""
    if cluster is None or cluster.failures < LEAST_FAILURES or cluster.share_of_failures < CLUSTER_SHARE:
        return None
    if cluster.share_of_failures < CLUSTER_EXCESS * cluster.share_of_runs:
        return None
    place = where(cluster.value)
    return Insight(
        tool.name,
        kind,
        f"{cluster.share_of_failures:.0%} of the failures of {tool.name} ({cluster.failures}) happened {place}, where "
        f"{cluster.share_of_runs:.0%} of its runs were.",
        f"Look at what is different for {tool.name} {place}.",
        {
            "value": cluster.value,
            "failures": cluster.failures,
            "share_of_failures": cluster.share_of_failures,
            "share_of_runs": cluster.share_of_runs,
        },
    )
