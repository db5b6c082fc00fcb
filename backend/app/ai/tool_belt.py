"""The only way to a tool: every call is checked, run within its limits, shared with identical ones and recorded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.ai.tooling.arguments import Given
from app.ai.tooling.checks import check, recordable
from app.ai.tooling.outcomes import Outcome
from app.ai.tooling.ready_tools import ReadyTool
from app.ai.tooling.shared_runs import SharedRuns
from app.domain.errors import ToolFailedError
from app.domain.identifiers import new_id
from app.domain.market import AnalysisContext
from app.domain.tool_calls import ToolCall
from app.domain.tool_policies import DEFAULT, ToolPolicy
from app.ports.analyst import Analyst
from app.ports.assignment import Assignment
from app.ports.clock import Clock

Known = Mapping[tuple[str, int], ToolCall]


class SharedTools:
    """The tools of one decision.

    Args:
        policy: how long each may take and which rest.
        known: outcomes that cannot be computed again, by agent id and the number of its call, from 0; a call whose
            tool and arguments are still the same ends as it did then.
    """

    def __init__(
        self, context: AnalysisContext, clock: Clock, policy: ToolPolicy = DEFAULT, known: Known | None = None
    ) -> None:
        self.clock = clock
        self.policy = policy
        self._known = known or {}
        self.runs = SharedRuns(context, policy)

    def belt_of(self, analyst: Analyst, agent_id: str) -> "RecordedTools":
        """Return what `analyst` may reach for."""
        return RecordedTools(self, analyst.tools, agent_id)

    def at_once(self, caller: tuple[str, int], ready: ReadyTool, given: Given) -> Outcome | None:
        """Return the outcome of a call that nobody has to wait for, or None.

        Args:
            caller: agent id and the number of its call.
        """
        told = self._recorded(caller, ready, given) if self._known else None
        return told or self.runs.at_once(ready, given)

    def _recorded(self, caller: tuple[str, int], ready: ReadyTool, given: Given) -> Outcome | None:
        call = self._known.get(caller)
        if call is None or (call.tool_name, call.arguments_hash) != (ready.name, given.hash):
            return None
        told = Outcome(call.status, call.result, call.bytes, call.error_kind, call.error)
        return self.runs.keep((call.tool_name, call.arguments_hash), told)


class RecordedTools:
    """The tool belt of one analyst; `calls` lists what it did with it."""

    def __init__(self, shared: SharedTools, allowed: tuple[str, ...], agent_id: str) -> None:
        self._shared = shared
        self._allowed = allowed
        self._agent_id = agent_id
        self._calls: list[ToolCall | None] = []
        self.assignment: Assignment | None = None

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls that have ended, in the order in which they were begun."""
        return tuple(call for call in self._calls if call is not None)

    async def call(self, name: str, /, **arguments: Any) -> Mapping[str, Any]:
        """Run a tool and return its result; see `ToolBelt.call`."""
        shared, clock, number = self._shared, self._shared.clock, len(self._calls)
        self._calls.append(None)
        moment, started = clock.now(), clock.monotonic()
        given, ready, outcome = check(name, arguments, number, self._allowed, shared.policy)
        try:
            if ready is not None:
                at_once = shared.at_once((self._agent_id, number), ready, given)
                outcome = at_once or await shared.runs.in_time(ready, given)
        finally:
            took_ms = (clock.monotonic() - started) * 1_000
            self._calls[number] = self._record(name if ready else recordable(name), given, outcome, moment, took_ms)
        if outcome.result is None:
            raise ToolFailedError(outcome.status, outcome.error or "")
        return outcome.result

    def _record(self, name: str, given: Given, outcome: Outcome, moment: datetime, took_ms: float) -> ToolCall:
        return ToolCall(
            new_id(),
            self._agent_id,
            name,
            given.told,
            outcome.status,
            moment,
            took_ms,
            outcome.result,
            outcome.error,
            given.hash,
            outcome.bytes,
            outcome.error_kind,
        )
