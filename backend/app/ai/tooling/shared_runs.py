"""The tools of one decision: identical calls are computed once, also while the first is still running."""

import asyncio
from dataclasses import dataclass

from app.ai.tooling.arguments import Given
from app.ai.tooling.outcomes import Outcome, run_now, run_within, shared
from app.ai.tooling.ready_tools import ReadyTool
from app.domain.market import AnalysisContext
from app.domain.tool_calls import SUCCESS
from app.domain.tool_policies import ToolPolicy

Key = tuple[str, str]


@dataclass(slots=True)
class _Run:
    """A slow tool at work, and how many wait for it."""

    task: "asyncio.Task[Outcome]"
    waiting: int = 0


class SharedRuns:
    """Runs tools on one context and remembers what they answered."""

    def __init__(self, context: AnalysisContext, policy: ToolPolicy) -> None:
        self._context = context
        self._policy = policy
        self._answers: dict[Key, Outcome] = {}
        self._running: dict[Key, _Run] = {}

    def at_once(self, ready: ReadyTool, given: Given) -> Outcome | None:
        """Return the outcome of a quick tool or of a call that was made before, marked as shared; else None."""
        key = (ready.name, given.hash)
        known = self._answers.get(key)
        if known is not None or not ready.is_quick:
            return known
        return self.keep(key, run_now(ready, self._context, given.values))

    def keep(self, key: Key, outcome: Outcome) -> Outcome:
        """Remember a success for identical calls; a failure may be tried again."""
        if outcome.status == SUCCESS:
            self._answers[key] = shared(outcome)
        return outcome

    async def in_time(self, ready: ReadyTool, given: Given) -> Outcome:
        """Return the outcome of a slow tool; identical calls wait for the same run."""
        key = (ready.name, given.hash)
        run = self._running.get(key)
        if run is not None:
            return shared(await self._end_of(key, run))
        work = run_within(self._policy.timeout_s(ready.name), ready, self._context, given.values)
        run = self._running[key] = _Run(asyncio.create_task(work, name=f"tool {ready.name}"))
        return self.keep(key, await self._end_of(key, run))

    async def _end_of(self, key: Key, run: _Run) -> Outcome:
        """Wait with all others; the last to leave takes the run away, and stops it if it has not ended."""
        run.waiting += 1
        try:
            return await asyncio.shield(run.task)
        finally:
            run.waiting -= 1
            if not run.waiting:
                del self._running[key]
                run.task.cancel()
