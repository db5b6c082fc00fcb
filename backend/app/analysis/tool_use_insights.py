"""Insights into what a tool is good for: whether anybody uses it, whether it ever mattered."""

from typing import Final

from app.analysis.tool_insight import Insight, Subject

LEAST_DECISIONS: Final = 20


def unused(tool: Subject) -> Insight | None:
    """Tell of a tool that nobody called in 20 decisions or more."""
    if tool.metrics["calls"] or tool.decisions < LEAST_DECISIONS:
        return None
    return Insight(
        tool.name,
        "unused",
        f"Nobody called {tool.name} in {tool.decisions} decisions.",
        f"Let an analyst declare {tool.name}, or take it off the table.",
        {"decisions": tool.decisions},
    )


def never_moving(tool: Subject) -> Insight | None:
    """Tell of a tool that was heard in 20 decisions or more and moved none."""
    informed, undecidable = tool.metrics["decisions_informed"], tool.metrics["decisions_undecidable"]
    decidable = informed - undecidable
    if decidable < LEAST_DECISIONS or tool.metrics["decisions_moved"]:
        return None
    return Insight(
        tool.name,
        "never_moved_a_vote",
        f"{tool.name} informed {informed} decisions and moved the side of none of the {decidable} in which that can be "
        "told.",
        f"Ask whether {tool.name} is worth the {tool.metrics['average_execution_time_ms'] or 0:.2f} ms of a run.",
        {"decisions_informed": informed, "decisions_decidable": decidable},
    )
