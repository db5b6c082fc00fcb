"""The rules that turn how tools behave into a policy: how long each may take, which rest, which are tried again.

How long a tool may take follows its times. One that failed in 5 of its last 10 runs rests for a minute, then is tried
again; failing then doubles the rest, up to an hour, and a success ends it.
"""

from collections import deque
from dataclasses import dataclass, field

from app.analysis.tool_run_times import RunTimes
from app.analysis.tool_spread import MOST_NAMES
from app.analysis.tool_statistics import FAILED, RAN
from app.domain.tool_activity import Activity
from app.domain.tool_calls import ERROR
from app.domain.tool_policies import ToolPolicy

RUNS_WATCHED, FAILURES_TOO_MANY = 10, 5
FIRST_REST_S, LONGEST_REST_S = 60, 3_600


@dataclass(slots=True)
class _Conduct:
    """How one tool has behaved, and its rest.

    Args:
        rests_until: microseconds since 1970 UTC; None while it does not rest.
    """

    times: RunTimes = field(default_factory=RunTimes)
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
