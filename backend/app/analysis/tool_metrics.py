"""The figures of every tool, put together from what was counted."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.analysis.tool_influence import Influence
from app.analysis.tool_statistics import Tally, ToolStatistics, UseStatistics
from app.analysis.tool_users import AGENT, EVERYBODY, ROLE, Key

Totals = Mapping[Key, Tally]
"""Everything that was ever stored."""


def tool_metrics(
    names: Iterable[str],
    statistics: ToolStatistics,
    totals: Totals,
    decisions: int,
    influences: Mapping[Key, Influence],
) -> dict[str, dict[str, Any]]:
    """Return the figures of every tool by its name: those of `names` first, then whatever else was called.

    Returns:
        `tool_name`, `calls`, `success_rate` (fraction of the calls that were not denied), `denied`,
        `average_execution_time_ms` (of runs), `p95_execution_time_ms` and `p99_execution_time_ms` (of the last 1,000
        runs), `errors` (by kind), `trend`, `decisions_informed`, `share_of_decisions_informed`, `decisions_moved`,
        `share_of_decisions_moved` (of those that can be told), `decisions_undecidable`, and the same `by_role` and
        `by_agent`, whose name is its id without the symbol. A tool never called has zeros; other figures of nothing are
        None.
    """
    called = {tool for tool, _, _ in totals}.union(statistics.tools)
    every = dict.fromkeys([*names, *sorted(called)])
    return {name: _of_tool(name, statistics, totals, decisions, influences) for name in every}


def as_answer(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tracker's report as REST and command line answer with it: `tools`, a list, in place of `metrics`."""
    rest = {name: told for name, told in report.items() if name != "metrics"}
    return {"tools": list(report["metrics"].values()), **rest}


def _of_tool(
    name: str, statistics: ToolStatistics, totals: Totals, decisions: int, influences: Mapping[Key, Influence]
) -> dict[str, Any]:
    def figures(by: str, who: str) -> dict[str, Any]:
        key = name, by, who
        influence = _influence(influences.get(key, Influence()), decisions)
        return {**_figures(statistics.use(key), totals.get(key, Tally())), **influence}

    def figures_by(by: str) -> dict[str, Any]:
        stored = (who for tool, each, who in totals if (tool, each) == (name, by))
        return {who: figures(by, who) for who in sorted({*stored, *statistics.users(name, by)})}

    return {
        "tool_name": name,
        **figures(EVERYBODY, ""),
        "by_role": figures_by(ROLE),
        "by_agent": figures_by(AGENT),
    }


def _figures(seen: UseStatistics, stored: Tally) -> dict[str, Any]:
    """A tally of the store is of everything; one of our own may hold events that were never stored."""
    tally = stored if stored.calls >= seen.tally.calls else seen.tally
    p95, p99 = seen.percentiles()
    return {
        "calls": tally.calls,
        "success_rate": tally.success_rate or 0.0,
        "denied": tally.denied,
        "average_execution_time_ms": tally.average_ms if tally.calls else 0.0,
        "p95_execution_time_ms": p95,
        "p99_execution_time_ms": p99,
        "errors": dict(sorted(seen.errors.items())),
        "trend": seen.trend(),
    }


def _influence(influence: Influence, decisions: int) -> dict[str, Any]:
    informed, decidable, moved = influence
    return {
        "decisions_informed": informed,
        "share_of_decisions_informed": informed / decisions if decisions else None,
        "decisions_moved": moved,
        "share_of_decisions_moved": moved / decidable if decidable else None,
        "decisions_undecidable": informed - decidable,
    }
