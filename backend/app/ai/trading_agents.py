"""The panel: every analyst starts at once, one deadline ends them all, and a failure is never an opinion."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog

from app import plugins
from app.ai.tool_belt import RecordedTools, SharedTools
from app.domain.errors import AgentSystemError
from app.domain.market import AnalysisContext
from app.domain.votes import ABSTAIN, Opinion, Vote, is_usable
from app.ports.analyst import Analyst
from app.ports.assignment import Assignment
from app.ports.clock import Clock
from app.ports.panel import DecisionCallback, Failure, PanelResult, Sitting

log = structlog.get_logger(__name__)

SHARE_KEPT_BACK: Final = 0.1
MOST_KEPT_BACK_S: Final = 0.5
"""What a model must leave of the panel's time, so that whoever stands in for it can still vote."""


class AIAgentCoordinator:
    """Runs the panel, records what its tools did, and tells whoever asked of each vote as it arrives."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or plugins.load("clock", "system")()
        self._callbacks: list[DecisionCallback] = []
        self._loose: set[asyncio.Task[Any]] = set()

    def add_decision_callback(self, callback: DecisionCallback) -> Callable[[], None]:
        """Call `callback` with each vote once it is in; return a function that stops that.

        A callback that raises is logged and changes nothing; one that takes long is not waited for.
        """
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    async def run(
        self,
        context: AnalysisContext,
        seats: Mapping[str, Analyst],
        timeout_s: float,
        sitting: Sitting | None = None,
    ) -> PanelResult:
        """Ask all analysts and return within `timeout_s`; see `Panel.run`."""
        sitting = sitting or Sitting()
        tell = self._tell if sitting.recording is None else _nobody
        meeting = _Meeting(context, seats, timeout_s, sitting, clock=self._clock, tell=tell)
        try:
            await meeting.wait()
        finally:
            self._let_go(meeting.cancel())
        return meeting.result()

    def _tell(self, vote: Vote) -> None:
        for callback in tuple(self._callbacks):
            try:
                answer = callback(vote)
            except Exception:
                log.exception("decision callback failed", agent_id=vote.agent_id)
                continue
            if inspect.isawaitable(answer):
                self._keep(_logged(answer, vote.agent_id))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        self._let_go([asyncio.create_task(work, name="decision callback")])

    def _let_go(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Hold on to tasks that nobody waits for, so that they are not collected before they end."""
        for task in tasks:
            self._loose.add(task)
            task.add_done_callback(self._loose.discard)


def _nobody(_vote: Vote) -> None:
    """A decision that is made again is no news."""


async def _logged(answer: Any, agent: str) -> None:
    try:
        await answer
    except Exception:
        log.exception("decision callback failed", agent_id=agent)


class _Meeting:
    """One run of the panel."""

    def __init__(
        self,
        context: AnalysisContext,
        seats: Mapping[str, Analyst],
        timeout_s: float,
        sitting: Sitting,
        *,
        clock: Clock,
        tell: Callable[[Vote], None],
    ) -> None:
        self._context = context
        self._sitting = sitting
        self._clock = clock
        self._tell = tell
        self._timeout_s = timeout_s
        self._deadline = clock.monotonic() + timeout_s
        recording = sitting.recording
        tools = SharedTools(context, clock, sitting.tool_policy, recording.tool_calls if recording else None)
        self._belts = {name: self._belt(tools, analyst, name) for name, analyst in seats.items()}
        self._votes: dict[str, Vote] = {}
        self._failures: dict[str, Failure] = {}
        self._tasks = [
            asyncio.create_task(self._ask(analyst, self._belts[name], name), name=f"analyst {name}")
            for name, analyst in seats.items()
        ]

    def _belt(self, tools: SharedTools, analyst: Analyst, name: str) -> RecordedTools:
        belt = tools.belt_of(analyst, name)
        sitting, recording = self._sitting, self._sitting.recording
        belt.assignment = Assignment(
            agent_id=name,
            symbol=self._context.symbol,
            decision_id=sitting.decision_id,
            deadline=self._deadline - min(MOST_KEPT_BACK_S, self._timeout_s * SHARE_KEPT_BACK),
            think=partial(sitting.think, name) if sitting.think else None,
            model_calls=sitting.model_calls,
            exchanges=sitting.exchanges,
            recorded=recording.answers.get(name, ()) if recording else None,
        )
        return belt

    async def wait(self) -> None:
        """Return when all have answered, the deadline has passed, or the rest cannot change the decision."""
        is_settled = self._sitting.is_settled
        when = asyncio.FIRST_COMPLETED if is_settled else asyncio.ALL_COMPLETED
        pending: set[asyncio.Task[None]] = set(self._tasks)
        while pending:
            left_s = self._deadline - self._clock.monotonic()
            _, pending = await asyncio.wait(pending, timeout=left_s, return_when=when)
            if pending and self._clock.monotonic() >= self._deadline:
                return self._close("timeout", f"no answer within {self._timeout_s:g} s")
            if pending and is_settled and is_settled(tuple(self._votes.values())):
                return self._close("closed_early", "the decision could no longer change")
        return self._close("failed", "it ended without an answer")

    def _close(self, kind: str, reason: str) -> None:
        for name in self._belts:
            if name not in self._votes:
                self._failures[name] = Failure(name, kind, reason)

    def cancel(self) -> list[asyncio.Task[None]]:
        """Cancel whoever is still at it; return those tasks."""
        late = [task for task in self._tasks if not task.done()]
        for task in late:
            task.cancel()
        return late

    def result(self) -> PanelResult:
        """Return what came in before the close, in the order the analysts were asked."""
        votes = tuple(self._votes[name] for name in self._belts if name in self._votes)
        failures = tuple(self._failures[name] for name in self._belts if name in self._failures)
        return PanelResult(votes, tuple(call for belt in self._belts.values() for call in belt.calls), failures)

    async def _ask(self, analyst: Analyst, belt: RecordedTools, name: str) -> None:
        began = self._clock.monotonic()
        try:
            opinion = await analyst.analyse(self._context, belt)
            error_kind = opinion.error_kind
            if not is_usable(opinion):
                opinion, error_kind = _abstention("it gave a number outside its range"), "invalid_opinion"
        except Exception as error:  # noqa: BLE001 - an analyst may raise anything
            log.warning("analyst failed", agent_id=name, error=type(error).__name__)
            opinion, error_kind = _abstention(_why(error)), type(error).__name__
        latency_ms = (self._clock.monotonic() - began) * 1_000
        used = tuple(call.tool_name for call in belt.calls)
        vote = Vote(name, analyst.role, self._context.symbol, opinion, self._clock.now(), latency_ms, used, error_kind)
        self._receive(vote)

    def _receive(self, vote: Vote) -> None:
        if vote.agent_id in self._failures:
            return
        self._votes[vote.agent_id] = vote
        if vote.error_kind and vote.opinion.decision == ABSTAIN:
            self._failures[vote.agent_id] = Failure(vote.agent_id, "failed", vote.opinion.reasoning)
        self._tell(vote)


def _abstention(why: str) -> Opinion:
    return Opinion(ABSTAIN, None, f"No opinion: {why}.")


def _why(error: Exception) -> str:
    """Our own errors speak for themselves; of a stranger's only the kind is told, its text may hold anything."""
    return error.public.rstrip(".") if isinstance(error, AgentSystemError) else f"it failed with {type(error).__name__}"
