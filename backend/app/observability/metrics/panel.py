"""A panel that counts how long its agents and their tools took and who gave no vote."""

from collections import Counter
from collections.abc import Collection, Mapping
from time import perf_counter
from typing import Final

from app.domain.errors import ProviderError
from app.domain.identifiers import seat_of
from app.domain.market import AnalysisContext
from app.domain.tool_calls import CACHED, ToolCall
from app.domain.votes import Vote
from app.observability.metrics import catalogue
from app.observability.metrics.catalogue import DEADLINE, FAILED, INVALID_OPINION
from app.observability.metrics.registry import Metrics
from app.ports.analyst import Analyst
from app.ports.panel import Failure, Panel, PanelResult, Sitting

SUSPICIOUS: Final = frozenset({"hidden_characters", "markup", "lookalike_letters", "encoded_text", "injection_phrase"})
"""Flags of a vote that say so of the texts it was formed on."""
_REASONS: Final = ProviderError.KINDS | {INVALID_OPINION}


class MeteredPanel:
    """Asks `inner`; a decision that is made again counts for nothing."""

    def __init__(self, inner: Panel, metrics: Metrics) -> None:
        self._inner = inner
        self._seconds = metrics.histogram(catalogue.AGENT_DURATION)
        self._failures = metrics.counter(catalogue.AGENT_FAILURES)
        self._tools = metrics.counter(catalogue.TOOL_CALLS)
        self._tool_s = metrics.histogram(catalogue.TOOL_DURATION)
        self._flags = metrics.counter(catalogue.INJECTION_FLAGS)

    async def run(
        self, context: AnalysisContext, seats: Mapping[str, Analyst], timeout_s: float, sitting: Sitting | None = None
    ) -> PanelResult:
        """Return what `inner` does; see `Panel.run`."""
        began = perf_counter()
        result = await self._inner.run(context, seats, timeout_s, sitting)
        if sitting is None or sitting.recording is None:
            self._count(result, context.symbol, perf_counter() - began)
        return result

    def _count(self, result: PanelResult, symbol: str, took_s: float) -> None:
        for vote in result.votes:
            self._count_vote(vote, seat_of(vote.agent_id, symbol))
        for failure in result.failures:
            self._count_absence(failure, seat_of(failure.agent_id, symbol), took_s)
        self._count_tools(result.tool_calls)
        flags = [flag for vote in result.votes for flag in vote.opinion.flags]
        if flags and not SUSPICIOUS.isdisjoint(flags):
            self._flags.at("news").inc()

    def _count_vote(self, vote: Vote, agent: str) -> None:
        self._seconds.at(agent).observe(vote.latency_ms / 1_000)
        if vote.error_kind:
            self._failures.at(agent, vote.error_kind if vote.error_kind in _REASONS else FAILED).inc()

    def _count_absence(self, failure: Failure, agent: str, took_s: float) -> None:
        """Count who did not vote in time; who failed has a vote that says so, and a close ahead of time is no fault."""
        if failure.kind == "timeout":
            self._seconds.at(agent).observe(took_s)
            self._failures.at(agent, DEADLINE).inc()

    def _count_tools(self, calls: Collection[ToolCall]) -> None:
        for labels, count in Counter([(call.tool_name, call.status) for call in calls]).items():
            self._tools.at(*labels).inc(count)
        for call in calls:
            if call.status != CACHED:
                self._tool_s.at(call.tool_name).observe(call.execution_time_ms / 1_000)
