"""How the calls of each tool went: counts, times, errors, trends, and where failures gather; bounded in memory.

A call counts towards the success rate unless it was denied: then nothing was tried. One that shared the result of an
identical call counts as a success but not towards the times, since nothing was run for it.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from statistics import fmean
from typing import Any, Final

from app.analysis.tool_spread import MOST_NAMES, Spread, count
from app.analysis.tool_users import AGENT, EVERYBODY, ROLE, Key, keys_of
from app.domain.identifiers import seat_of
from app.domain.tool_activity import Activity
from app.domain.tool_calls import CACHED, DENIED, ERROR, SUCCESS, TIMEOUT

RAN: Final = frozenset({SUCCESS, ERROR, TIMEOUT})
SUCCEEDED: Final = frozenset({SUCCESS, CACHED})
FAILED: Final = frozenset({ERROR, TIMEOUT})

TIMES_KEPT: Final = 1_000
RECENT_CALLS, CALLS_BEFORE, LEAST_BEFORE = 50, 200, 50
_MICROS_AN_HOUR: Final = 3_600_000_000


@dataclass(slots=True)
class Tally:
    """A count that never ends: calls, and what became of them."""

    calls: int = 0
    denied: int = 0
    successes: int = 0
    runs: int = 0
    run_ms: float = 0.0

    def add(self, status: str, calls: int, duration_ms: float) -> None:
        """Count `calls` that ended alike and took `duration_ms` together."""
        self.calls += calls
        if status == DENIED:
            self.denied += calls
        elif status in SUCCEEDED:
            self.successes += calls
        if status in RAN:
            self.runs += calls
            self.run_ms += duration_ms

    @property
    def success_rate(self) -> float | None:
        """Return the share of successes among calls that were not denied; None without any."""
        tried = self.calls - self.denied
        return self.successes / tried if tried else None

    @property
    def average_ms(self) -> float | None:
        """Return the mean time of a run; None without any."""
        return self.run_ms / self.runs if self.runs else None


@dataclass(slots=True)
class UseStatistics:
    """How the calls of one tool went: everybody's, those of a role, or those of an agent."""

    tally: Tally = field(default_factory=Tally)
    errors: Counter[str] = field(default_factory=Counter)
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=TIMES_KEPT))
    _recent: deque[tuple[bool, float | None]] = field(default_factory=lambda: deque(maxlen=RECENT_CALLS + CALLS_BEFORE))

    def add(self, call: Activity) -> None:
        """Count a call."""
        status, took_ms = call.status or ERROR, call.duration_ms or 0.0
        self.tally.add(status, 1, took_ms)
        if status not in SUCCEEDED:
            count(self.errors, call.error_kind or status)
        if status != DENIED:
            has_run = status in RAN
            self._recent.append((status in SUCCEEDED, took_ms if has_run else None))
            if has_run:
                self._times.append(took_ms)

    def percentiles(self) -> tuple[float | None, float | None]:
        """Return the times that 95 and 99 % of the last 1,000 runs did not exceed (nearest rank)."""
        times = sorted(self._times)
        if not times:
            return None, None
        p95, p99 = (times[ceil(percent * len(times) / 100) - 1] for percent in (95, 99))
        return p95, p99

    def trend(self) -> dict[str, Any] | None:
        """Return the last 50 calls beside the 200 before them; None before there are 50 to compare with."""
        calls = list(self._recent)
        if len(calls) < RECENT_CALLS + LEAST_BEFORE:
            return None
        return {"recent": _summary(calls[-RECENT_CALLS:]), "before": _summary(calls[:-RECENT_CALLS])}


class ToolStatistics:
    """The statistics of every tool, and of its use by every role and every agent."""

    def __init__(self) -> None:
        self._uses: dict[str, dict[Key, UseStatistics]] = {EVERYBODY: {}, ROLE: {}, AGENT: {}}
        self.symbols: dict[str, Spread] = {}
        self.hours: dict[str, Spread] = {}

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that were called."""
        return tuple(self.symbols)

    def use(self, key: Key) -> UseStatistics:
        """Return how the calls went; empty statistics of what was never called."""
        return self._uses[key[1]].get(key) or UseStatistics()

    def users(self, tool: str, by: str) -> Iterator[str]:
        """Yield the names of the roles, or of the agents' seats, that use a tool."""
        return (name for each, _, name in self._uses[by] if each == tool)

    def add(self, call: Activity) -> None:
        """Count a call; a name that was only ever denied is no tool. Beyond 256 of a kind none is added."""
        name = call.name
        if name not in self.symbols:
            if call.status == DENIED or len(self.symbols) >= MOST_NAMES:
                return
            self.symbols[name], self.hours[name] = Spread(), Spread()
        for key in keys_of(name, call.agent_type, seat_of(call.agent_id, call.symbol)):
            self._count(key, call)
        if call.status in RAN:
            has_failed = call.status in FAILED
            self.symbols[name].add(call.symbol, has_failed)
            self.hours[name].add(call.at // _MICROS_AN_HOUR % 24, has_failed)

    def _count(self, key: Key, call: Activity) -> None:
        uses = self._uses[key[1]]
        use = uses.get(key)
        if use is None and len(uses) < MOST_NAMES:
            use = uses[key] = UseStatistics()
        if use is not None:
            use.add(call)


def _summary(calls: list[tuple[bool, float | None]]) -> dict[str, Any]:
    times = [took_ms for _, took_ms in calls if took_ms is not None]
    return {
        "calls": len(calls),
        "success_rate": fmean(succeeded for succeeded, _ in calls),
        "average_execution_time_ms": fmean(times) if times else None,
    }
