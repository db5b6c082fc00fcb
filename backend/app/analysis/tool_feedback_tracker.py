"""`ToolFeedbackTracker`: watches how tools do, tells what that means, and sets the policy by which they are run."""

from collections import deque
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from app import plugins
from app.analysis.tool_history import ToolHistory
from app.analysis.tool_insights import insights
from app.analysis.tool_metrics import tool_metrics
from app.analysis.tool_statistics import Tally
from app.analysis.tool_users import Key, keys_of
from app.domain.events import Event
from app.domain.times import to_micros
from app.domain.tool_activity import Activity, activity_of
from app.domain.tool_calls import DENIED
from app.domain.tool_policies import DEFAULT, ToolPolicy
from app.ports.decision_store import DecisionStore

tool_feedback_tracker: "ToolFeedbackTracker"

CALLS_READ_BACK: Final = 20_000
MOST_EARLY: Final = 4_096


class ToolFeedbackTracker:
    """Learns from tool calls, votes and decisions; what the store has of them is read back on first use.

    Args:
        store: None is one in memory.
    """

    def __init__(self, store: DecisionStore | None = None) -> None:
        self._given_store = store
        self._history: ToolHistory | None = None
        self._read_to = 0
        self._is_reading = False
        self._early: deque[Activity] = deque(maxlen=MOST_EARLY)
        self._totals: dict[Key, Tally] = {}
        self._counted_to = 0

    @cached_property
    def _store(self) -> DecisionStore:
        return self._given_store or plugins.load("decision_store", "memory")()

    @cached_property
    def _turns(self) -> AbstractAsyncContextManager[Any]:
        return plugins.load("lock", "tasks")()  # type: ignore[no-any-return]

    async def on_tool_event(self, event: Event) -> None:
        """Learn from a tool call."""
        await self._on_event(event)

    async def on_vote_event(self, event: Event) -> None:
        """Learn from a vote."""
        await self._on_event(event)

    async def on_decision_event(self, event: Event) -> None:
        """Learn from a step of a decision."""
        await self._on_event(event)

    def policy(self, now: datetime | None = None) -> ToolPolicy:
        """Return how tools are to be run; the usual until what was stored has been read back.

        Args:
            now: rests that are over by then have ended; None is the time of the newest call.
        """
        if self._history is None:
            return DEFAULT
        return self._history.rules.policy(None if now is None else to_micros(now))

    async def analyze_tool_performance(self) -> dict[str, Any]:
        """Return how every tool did, what that means and what to do about it.

        Returns:
            `metrics` (by tool, see `tool_metrics`), `insights` and `recommendations` (each with `tool_name`, `kind` and
            `text`; an insight with its `figures`), `policy`, and `decisions`: how many were looked at for the influence
            of tools.

        Raises:
            StoreUnavailableError: the store could not be read.
        """
        await self.read_back()
        await self._count_stored()
        metrics, history = self.performance_metrics, self._history or ToolHistory()
        decisions, _ = history.decisions.summary()
        policy = history.rules.policy()
        found = insights(metrics, history.statistics, policy, decisions)
        return {
            "metrics": metrics,
            "insights": [each.as_insight() for each in found],
            "recommendations": [each.as_recommendation() for each in found],
            "policy": policy.as_dict(),
            "decisions": decisions,
        }

    @property
    def performance_metrics(self) -> dict[str, dict[str, Any]]:
        """The figures of every tool by its name, see `tool_metrics`: of what was read back and has happened since."""
        history = self._history or ToolHistory()
        decisions, influences = history.decisions.summary()
        return tool_metrics(plugins.names("tool"), history.statistics, self._totals, decisions, influences)

    async def read_back(self) -> None:
        """Learn from what is stored, once; whoever asks meanwhile waits for the same reading.

        Raises:
            StoreUnavailableError: the store could not be read; the next event or question tries again.
        """
        if self._history is not None:
            return
        async with self._turns:
            if self._history is None:
                self._is_reading = True
                try:
                    self._history, self._read_to = await _stored_history(self._store)
                finally:
                    self._is_reading = False
                while self._early:
                    self._learn(self._early.popleft(), self._history)

    async def _on_event(self, event: Event) -> None:
        activity = activity_of(event)
        if self._history is not None:
            return self._learn(activity, self._history)
        self._early.append(activity)
        return None if self._is_reading else await self.read_back()

    def _learn(self, activity: Activity, history: ToolHistory) -> None:
        """Learn from an event, unless it was stored by then and so was read back."""
        if activity.seq == 0 or activity.seq > self._read_to:
            history.add(activity)

    async def _count_stored(self) -> None:
        """Add up the calls that were stored since this was done last."""
        counted_to = self._counted_to
        newest, totals = await self._store.tool_totals(counted_to)
        if self._counted_to != counted_to:
            return  # somebody else was faster
        self._counted_to = newest
        tools = {*plugins.names("tool"), *(name for name, _, _ in self._totals)}
        tools.update(each.tool_name for each in totals if each.status != DENIED)
        for name, role, seat, status, calls, duration_ms in totals:
            for key in keys_of(name, role, seat) if name in tools else ():  # only ever denied: a model made it up
                self._totals.setdefault(key, Tally()).add(status, calls, duration_ms)


async def _stored_history(store: DecisionStore) -> tuple[ToolHistory, int]:
    """Return what the newest stored calls teach, and the number of the last event that was read."""
    history, read_to = ToolHistory(), 0
    async for page in store.tool_activity(CALLS_READ_BACK):
        for activity in page:
            history.add(activity)
        read_to = page[-1].seq
    return history, read_to


def __getattr__(name: str) -> ToolFeedbackTracker:
    if name == "tool_feedback_tracker":
        return globals().setdefault(name, ToolFeedbackTracker())  # type: ignore[no-any-return]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
