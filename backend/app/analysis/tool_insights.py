"""What the figures of tools say, in words with the numbers behind them, and what to do about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.analysis.tool_statistics import Cluster, Spread, ToolStatistics, UseStatistics
from app.domain.tool_policies import ToolPolicy

LEAST_TIMEOUTS, TIMEOUT_SHARE = 3, 0.05
LEAST_DECISIONS: Final = 20
LEAST_FAILURES, CLUSTER_SHARE, CLUSTER_EXCESS = 5, 0.5, 2.0
SLOWER_BY, LEAST_MS_SLOWER = 1.5, 1.0
SUCCESS_DROP: Final = 0.1
TIMED_OUT: Final = ("timeout", "given_up")


@dataclass(frozen=True, slots=True)
class Insight:
    """One thing worth knowing of a tool.

    Args:
        kind: one word for it.
        text: what was seen.
        advice: what to do about it.
        figures: the numbers in the text.
    """

    tool_name: str
    kind: str
    text: str
    advice: str
    figures: Mapping[str, Any]

    def as_insight(self) -> dict[str, Any]:
        """Return what was seen."""
        return {"tool_name": self.tool_name, "kind": self.kind, "text": self.text, "figures": dict(self.figures)}

    def as_recommendation(self) -> dict[str, Any]:
        """Return what to do about it."""
        return {"tool_name": self.tool_name, "kind": self.kind, "text": self.advice}


@dataclass(frozen=True, slots=True)
class _Subject:
    """A tool that is looked at."""

    name: str
    metrics: Mapping[str, Any]
    seen: UseStatistics
    symbols: Spread
    hours: Spread
    policy: ToolPolicy
    decisions: int


def insights(
    metrics: Mapping[str, Mapping[str, Any]], statistics: ToolStatistics, policy: ToolPolicy, decisions: int
) -> tuple[Insight, ...]:
    """Return what is worth knowing, tool by tool.

    Args:
        metrics: of every tool, as `tool_metrics` gives them.
        decisions: how many were looked at.
    """
    subjects = (
        _Subject(
            name,
            figures,
            statistics.by_tool.get(name, UseStatistics()),
            statistics.symbols.get(name, Spread()),
            statistics.hours.get(name, Spread()),
            policy,
            decisions,
        )
        for name, figures in metrics.items()
    )
    return tuple(insight for each in subjects for rule in _RULES if (insight := rule(each)))


def _resting(tool: _Subject) -> Insight | None:
    if not tool.policy.suspends(tool.name):
        return None
    return Insight(
        tool.name,
        "suspended",
        f"{tool.name} failed too often lately and is not run for a while.",
        f"Find out why {tool.name} fails; it is tried again by itself.",
        {"errors": dict(tool.seen.errors)},
    )


def _timing_out(tool: _Subject) -> Insight | None:
    timeouts, calls = sum(tool.seen.errors[kind] for kind in TIMED_OUT), tool.seen.tally.calls
    if timeouts < LEAST_TIMEOUTS or timeouts < TIMEOUT_SHARE * calls:
        return None
    limit_s = tool.policy.timeout_s(tool.name)
    return Insight(
        tool.name,
        "times_out",
        f"{tool.name} gave no answer in time in {timeouts} of {calls} calls ({timeouts / calls:.1%}).",
        f"Make {tool.name} faster; at present it may take {limit_s:g} s.",
        {"timeouts": timeouts, "calls": calls, "timeout_s": limit_s},
    )


def _failing_more(tool: _Subject) -> Insight | None:
    trend = tool.metrics["trend"]
    if trend is None:
        return None
    now, then = trend["recent"]["success_rate"], trend["before"]["success_rate"]
    if then - now < SUCCESS_DROP:
        return None
    return Insight(
        tool.name,
        "fails_more",
        f"{tool.name} succeeded in {now:.0%} of its last {trend['recent']['calls']} calls, in {then:.0%} of the "
        f"{trend['before']['calls']} before.",
        f"Look at the errors of {tool.name}: {_listed(tool.seen.errors)}.",
        {"recent": now, "before": then},
    )


def _slowing_down(tool: _Subject) -> Insight | None:
    trend = tool.metrics["trend"]
    now, then = (trend[part]["average_execution_time_ms"] for part in ("recent", "before")) if trend else (None, None)
    if now is None or then is None or now < SLOWER_BY * then or now - then < LEAST_MS_SLOWER:
        return None
    return Insight(
        tool.name,
        "slowed_down",
        f"{tool.name} took {now:.1f} ms on average over its last calls, {then:.1f} ms over those before.",
        f"Find out what {tool.name} waits for or has more of to do.",
        {"recent_ms": now, "before_ms": then},
    )


def _failing_on_a_symbol(tool: _Subject) -> Insight | None:
    return _gathering(tool, "fails_on_symbol", tool.symbols.worst(), lambda symbol: f"on {symbol}")


def _failing_at_an_hour(tool: _Subject) -> Insight | None:
    return _gathering(
        tool, "fails_at_hour", tool.hours.worst(), lambda hour: f"between {hour:02}:00 and {hour:02}:59 UTC"
    )


def _gathering(tool: _Subject, kind: str, cluster: Cluster | None, where: Callable[[Any], str]) -> Insight | None:
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


def _unused(tool: _Subject) -> Insight | None:
    if tool.metrics["calls"] or tool.decisions < LEAST_DECISIONS:
        return None
    return Insight(
        tool.name,
        "unused",
        f"Nobody called {tool.name} in {tool.decisions} decisions.",
        f"Let an analyst declare {tool.name}, or take it off the table.",
        {"decisions": tool.decisions},
    )


def _never_moving(tool: _Subject) -> Insight | None:
    informed, undecidable = tool.metrics["decisions_informed"], tool.metrics["decisions_undecidable"]
    decidable = informed - undecidable
    if decidable < LEAST_DECISIONS or tool.metrics["decisions_moved"]:
        return None
    return Insight(
        tool.name,
        "never_moved_a_vote",
        f"{tool.name} informed {informed} decisions and moved the side of none of the {decidable} in which that can be "
        "told.",
        f"Ask whether {tool.name} is worth its {tool.metrics['average_execution_time_ms']:.1f} ms.",
        {"decisions_informed": informed, "decisions_decidable": decidable},
    )


def _listed(errors: Mapping[str, int]) -> str:
    """The most frequent kinds first."""
    ranked = sorted(errors.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{kind} ({count})" for kind, count in ranked) or "none is known"


_RULES: Final = (
    _resting,
    _timing_out,
    _failing_more,
    _slowing_down,
    _failing_on_a_symbol,
    _failing_at_an_hour,
    _unused,
    _never_moving,
)
