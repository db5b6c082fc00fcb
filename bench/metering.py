"""What the wrappers that count cost a decision: around ports that do nothing, beside the decision itself."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from app.ai.trading_agents import AIAgentCoordinator
from app.config import Settings
from app.domain.decisions import DecisionDraft
from app.domain.identifiers import new_id
from app.domain.market import AnalysisContext
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.metering import Metering
from app.observability.metrics.http import HttpMetrics
from app.observability.metrics.registry import Metrics
from app.ports.panel import PanelResult
from app.storage.repositories.in_memory import InMemoryDecisionStore
from bench.measure import Row, cpu_us_async, interleaved_async, median
from bench.scenes import question

ROUNDS, TIMES, PASSES, MOST = 7, 100, 3_000, 0.03


@dataclass
class Seen:
    """What passed through the ports of one real decision."""

    context: AnalysisContext | None = None
    panel: PanelResult | None = None
    draft: DecisionDraft | None = None


class KeepingPanel(AIAgentCoordinator):
    """Remembers its result."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen = seen

    async def run(self, context: Any, *others: Any) -> PanelResult:
        """Ask, and remember."""
        self._seen.context, self._seen.panel = context, await super().run(context, *others)
        return self._seen.panel


class KeepingStore(InMemoryDecisionStore):
    """Remembers what it stored."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self._seen = seen

    async def append(self, draft: DecisionDraft) -> Any:
        """Store, and remember."""
        self._seen.draft = draft
        return await super().append(draft)


class Nothing:
    """Panel, store, transport and application at once, doing nothing."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    async def run(self, *_: Any) -> Any:
        """Return the result that is known."""
        return self._seen.panel

    async def append(self, *_: Any) -> None:
        """Store nothing."""

    async def publish(self, *_: Any, required: bool = False) -> None:
        """Tell nobody."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer."""
        await send({"type": "http.response.start", "status": 200})


def rows() -> list[Row]:
    """Measure bare ports, wrapped ports and decisions in turn."""
    return [asyncio.run(_measure())]


async def _measure() -> Row:
    seen, asked = Seen(), question()
    await MultiAgentCoordinator(KeepingPanel(seen), KeepingStore(seen)).decide(asked)
    coordinator, nothing = MultiAgentCoordinator(), Nothing(seen)
    bare, wrapped = _pass(nothing, nothing, nothing, nothing, seen=seen), _wrapped(nothing, coordinator, seen)
    bare_us, wrapped_us, decision_us = await interleaved_async(
        ROUNDS,
        lambda: cpu_us_async(bare, PASSES),
        lambda: cpu_us_async(wrapped, PASSES),
        lambda: cpu_us_async(lambda: coordinator.decide(replace(asked, decision_id=new_id())), TIMES),
    )
    cost_us, decision = median(wrapped_us) - median(bare_us), median(decision_us)
    return Row(
        "wrappers that count, of a decision",
        f"{cost_us:.1f} µs CPU",
        f"decision, not recorded {decision:.0f} µs",
        f"{cost_us / decision:.1%}",
        f"≤ {MOST:.0%}",
        cost_us / decision <= MOST,
    )


def _wrapped(nothing: Nothing, coordinator: MultiAgentCoordinator, seen: Seen) -> Callable[[], Awaitable[None]]:
    any_nothing: Any = nothing
    metering = Metering(Metrics())
    metering.announce(Settings(), coordinator.analysts)
    metering.metrics.expect(method="POST", route="none")
    return _pass(
        metering.panel(any_nothing),
        metering.store(any_nothing),
        metering.transport(any_nothing),
        HttpMetrics(nothing, metering.metrics),
        seen=seen,
    )


def _pass(panel: Any, store: Any, transport: Any, app: Any, *, seen: Seen) -> Callable[[], Awaitable[None]]:
    """Return one decision's way through the ports, with nothing in between."""
    draft = seen.draft
    scope = {"type": "http", "method": "POST"}
    events = draft.events if draft else ()

    async def passed() -> None:
        await app(scope, _nobody, _nobody)
        await panel.run(seen.context, {}, 30.0, None)
        await store.append(draft)
        await transport.publish(*events)

    return passed


async def _nobody(*_: Any) -> None:
    """Read or send nothing."""
