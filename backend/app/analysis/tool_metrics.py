"""The figures of every tool, put together from what was counted."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.analysis.tool_influence import EVERYBODY, Influence, Key
from app.analysis.tool_statistics import Tally, ToolStatistics, UseStatistics

Totals = Mapping[Key, Tally]
"""Everything that was ever stored, by tool and role."""


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
        `share_of_decisions_moved` (of those that can be told), `decisions_undecidable`, and `by_role`, the same by the
        role of the agent. A tool never called has zeros; other figures of nothing are None.
    """
    called = {tool for tool, _ in totals} | statistics.by_tool.keys()
    every = dict.fromkeys([*names, *sorted(called)])
    return {name: _of_tool(name, statistics, totals, decisions, influences) for name in every}


def _of_tool(
    name: str, statistics: ToolStatistics, totals: Totals, decisions: int, influences: Mapping[Key, Influence]
) -> dict[str, Any]:
    seen = statistics.by_tool.get(name, UseStatistics())
    uses = dict(statistics.roles(name))
    roles = sorted({role for tool, role in totals if tool == name} | uses.keys())
    stored = _sum(tally for (tool, _), tally in totals.items() if tool == name)
    by_role = {
        role: {
            **_figures(uses.get(role, UseStatistics()), totals.get((name, role), Tally())),
            **_influence(influences.get((name, role), Influence()), decisions),
        }
        for role in roles
    }
    influence = _influence(influences.get((name, EVERYBODY), Influence()), decisions)
    return {"tool_name": name, **_figures(seen, stored), **influence, "by_role": by_role}


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


def _sum(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for each in tallies:
        whole.calls += each.calls
        whole.denied += each.denied
        whole.successes += each.successes
        whole.runs += each.runs
        whole.run_ms += each.run_ms
    return whole
