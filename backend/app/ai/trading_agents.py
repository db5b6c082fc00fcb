"""The panel: every analyst starts at once, one deadline ends them all, and a failure is never an opinion."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from app import plugins
from app.ai.tool_belt import RecordedTools, SharedTools
from app.domain.errors import AgentSystemError
from app.domain.identifiers import agent_id
from app.domain.market import AnalysisContext
from app.domain.votes import ABSTAIN, Opinion, Vote, is_usable
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.panel import DecisionCallback, Failure, PanelResult

log = structlog.get_logger(__name__)

IsSettled = Callable[[Sequence[Vote]], bool]


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
        analysts: Sequence[Analyst],
        timeout_s: float,
        is_settled: IsSettled | None = None,
    ) -> PanelResult:
        """Ask all analysts and return within `timeout_s`; see `Panel.run`."""
        sitting = _Sitting(context, analysts, self._clock, self._tell)
        try:
            await sitting.wait(timeout_s, is_settled)
        finally:
            self._let_go(sitting.cancel())
        return sitting.result()

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


async def _logged(answer: Any, agent: str) -> None:
    try:
        await answer
    except Exception:
        log.exception("decision callback failed", agent_id=agent)


class _Sitting:
    """One run of the panel."""

    def __init__(
        self, context: AnalysisContext, analysts: Sequence[Analyst], clock: Clock, tell: Callable[[Vote], None]
    ) -> None:
        self._context = context
        self._clock = clock
        self._tell = tell
        self._started = clock.monotonic()
        tools = SharedTools(context, clock)
        self._agents = [agent_id(each.role, context.symbol) for each in analysts]
        self._belts = [tools.belt_of(each, name) for each, name in zip(analysts, self._agents, strict=True)]
        self._votes: dict[str, Vote] = {}
        self._failures: dict[str, Failure] = {}
        self._tasks = [
            asyncio.create_task(self._ask(each, belt, name), name=f"analyst {name}")
            for each, belt, name in zip(analysts, self._belts, self._agents, strict=True)
        ]

    async def wait(self, timeout_s: float, is_settled: IsSettled | None) -> None:
        """Return when all have answered, the deadline has passed, or the rest cannot change the decision."""
        deadline = self._started + timeout_s
        when = asyncio.FIRST_COMPLETED if is_settled else asyncio.ALL_COMPLETED
        pending: set[asyncio.Task[None]] = set(self._tasks)
        while pending:
            _, pending = await asyncio.wait(pending, timeout=deadline - self._clock.monotonic(), return_when=when)
            if pending and self._clock.monotonic() >= deadline:
                return self._close("timeout", f"no answer within {timeout_s:g} s")
            if pending and is_settled and is_settled(tuple(self._votes.values())):
                return self._close("closed_early", "the decision could no longer change")
        return self._close("failed", "it ended without an answer")

    def _close(self, kind: str, reason: str) -> None:
        for name in self._agents:
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
        votes = tuple(self._votes[name] for name in self._agents if name in self._votes)
        failures = tuple(self._failures[name] for name in self._agents if name in self._failures)
        return PanelResult(votes, tuple(call for belt in self._belts for call in belt.calls), failures)

    async def _ask(self, analyst: Analyst, belt: RecordedTools, name: str) -> None:
        began, error_kind = self._clock.monotonic(), None
        try:
            opinion = await analyst.analyse(self._context, belt)
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
        if vote.error_kind:
            self._failures[vote.agent_id] = Failure(vote.agent_id, "failed", vote.opinion.reasoning)
        self._tell(vote)


def _abstention(why: str) -> Opinion:
    return Opinion(ABSTAIN, None, f"No opinion: {why}.")


def _why(error: Exception) -> str:
    """Our own errors speak for themselves; of a stranger's only the kind is told, its text may hold anything."""
    return error.public.rstrip(".") if isinstance(error, AgentSystemError) else f"it failed with {type(error).__name__}"
