"""The rules that turn how tools behave into a policy: how long each may take, which rest, which are tried again.

A tool may take four times what 99 of 100 of its last 1,000 runs took, rounded up to 0.25 s times a power of two, and
between 0.25 and 8 s; before 50 runs it has 2 s. One that failed in 5 of its last 10 runs rests for a minute, then is
tried again; failing then doubles the rest, up to an hour, and a success ends it.
"""

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from app.analysis.tool_statistics import FAILED, MOST_NAMES, RAN
from app.domain.tool_activity import Activity
from app.domain.tool_calls import ERROR
from app.domain.tool_policies import ToolPolicy

TIMEOUTS_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
MARGIN: Final = 4
LEAST_TIMED, TIMED_KEPT = 50, 1_000
RUNS_WATCHED, FAILURES_TOO_MANY = 10, 5
FIRST_REST_S, LONGEST_REST_S = 60, 3_600

_SLOWEST_MS: Final = [seconds * 1_000 / MARGIN for seconds in TIMEOUTS_S[:-1]]


@dataclass(slots=True)
class _Times:
    """The times of the last runs, by the timeout that each alone would ask for."""

    places: deque[int] = field(default_factory=deque)
    counts: list[int] = field(default_factory=lambda: [0] * len(TIMEOUTS_S))

    def add(self, took_ms: float) -> None:
        place = bisect_left(_SLOWEST_MS, took_ms)
        self.places.append(place)
        self.counts[place] += 1
        if len(self.places) > TIMED_KEPT:
            self.counts[self.places.popleft()] -= 1

    def timeout_s(self) -> float | None:
        """Return the timeout that 99 % of the runs ask for at most; None while there are too few."""
        if len(self.places) < LEAST_TIMED:
            return None
        wanted = ceil(99 * len(self.places) / 100)
        place, within = 0, self.counts[0]
        while within < wanted:
            place += 1
            within += self.counts[place]
        return TIMEOUTS_S[place]


@dataclass(slots=True)
class _Conduct:
    """How one tool has behaved, and its rest.

    Args:
        rests_until: microseconds since 1970 UTC; None while it does not rest.
    """

    times: _Times = field(default_factory=_Times)
    failures: deque[bool] = field(default_factory=lambda: deque(maxlen=RUNS_WATCHED))
    rests_until: int | None = None
    rest_s: int = 0


class PolicyRules:
    """Follows the runs of tools and keeps the policy that they lead to.

    The same calls in the same order give the same policy, whether or not it was asked for in between.
    """

    def __init__(self) -> None:
        self._conducts: dict[str, _Conduct] = {}
        self._timeouts: dict[str, float] = {}
        self._suspended: set[str] = set()
        self._probing: set[str] = set()
        self._policy = ToolPolicy()

    def policy(self, now: int | None = None) -> ToolPolicy:
        """Return the policy in force.

        Args:
            now: microseconds since 1970 UTC; rests that are over by then have ended. None is the newest call's time.
        """
        if now is not None:
            self._end_rests(now)
        return self._policy

    def add(self, call: Activity) -> None:
        """Follow a call; one that ran no tool (shared, denied, wrong arguments) tells nothing."""
        if call.status not in RAN:
            return
        took_ms = call.duration_ms or 0.0
        ended_at = call.at + int(took_ms * 1_000)
        self._end_rests(ended_at)
        conduct = self._conducts.get(call.name)
        if conduct is None:
            if len(self._conducts) >= MOST_NAMES:
                return
            conduct = self._conducts[call.name] = _Conduct()
        is_news = self._time(call.name, conduct, took_ms) if call.status != ERROR else False
        if self._judge(call.name, conduct, call.status in FAILED, ended_at) or is_news:
            self._renew()

    def _time(self, name: str, conduct: _Conduct, took_ms: float) -> bool:
        """Count the time of a run that came to its end or its limit; return whether the timeout changes."""
        conduct.times.add(took_ms)
        timeout_s = conduct.times.timeout_s()
        if timeout_s is None or self._timeouts.get(name) == timeout_s:
            return False
        self._timeouts[name] = timeout_s
        return True

    def _judge(self, name: str, conduct: _Conduct, has_failed: bool, at: int) -> bool:
        """Let a tool rest, rest longer or come back; return whether any of it happened."""
        if conduct.rests_until is not None:
            return False  # a run that was begun before the rest
        if name in self._probing:
            self._probing.remove(name)
            if has_failed:
                self._rest(name, conduct, at)
            else:
                conduct.rest_s = 0
            return True
        conduct.failures.append(has_failed)
        if conduct.failures.count(True) < FAILURES_TOO_MANY:
            return False
        self._rest(name, conduct, at)
        return True

    def _rest(self, name: str, conduct: _Conduct, at: int) -> None:
        conduct.rest_s = min(2 * conduct.rest_s or FIRST_REST_S, LONGEST_REST_S)
        conduct.rests_until = at + conduct.rest_s * 1_000_000
        conduct.failures.clear()
        self._suspended.add(name)

    def _end_rests(self, now: int) -> None:
        """Let every tool be tried again whose rest is over; rests that end at one instant are one change."""
        while self._suspended:
            ends = {name: self._conducts[name].rests_until or 0 for name in self._suspended}
            first = min(ends.values())
            if first > now:
                return
            for name in [name for name, end in ends.items() if end == first]:
                self._conducts[name].rests_until = None
                self._suspended.remove(name)
                self._probing.add(name)
            self._renew()

    def _renew(self) -> None:
        content = (dict(self._timeouts), frozenset(self._suspended), frozenset(self._probing))
        self._policy = ToolPolicy(self._policy.version + 1, *content)
