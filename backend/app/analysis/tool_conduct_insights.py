"""Insights into how a tool behaves: whether it rests, times out, fails more or slows down."""

from collections.abc import Mapping
from typing import Final

from app.analysis.tool_insight import Insight, Subject

LEAST_TIMEOUTS, TIMEOUT_SHARE = 3, 0.05
SLOWER_BY, LEAST_MS_SLOWER = 1.5, 1.0
SUCCESS_DROP: Final = 0.1
TIMED_OUT: Final = ("timeout", "given_up")


def resting(tool: Subject) -> Insight | None:
    """Tell of a tool that is suspended."""
    if not tool.policy.suspends(tool.name):
        return None
    return Insight(
        tool.name,
        "suspended",
        f"{tool.name} failed too often lately and is not run for a while.",
        f"Find out why {tool.name} fails; it is tried again by itself.",
        {"errors": dict(tool.seen.errors)},
    )


def timing_out(tool: Subject) -> Insight | None:
    """Tell of a tool that gave no answer in time in 5 % of its calls or more."""
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


def failing_more(tool: Subject) -> Insight | None:
    """Tell of a tool whose success rate fell by a tenth or more."""
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


def slowing_down(tool: Subject) -> Insight | None:
    """Tell of a tool that takes half as long again as before, and a millisecond more."""
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


def _listed(errors: Mapping[str, int]) -> str:
    """The most frequent kinds first."""
    ranked = sorted(errors.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{kind} ({count})" for kind, count in ranked) or "none is known"
