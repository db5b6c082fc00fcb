"""Builds every part and introduces them to one another; the only place that chooses concrete classes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from app.ai.trading_agents import AIAgentCoordinator
from app.analysis.tool_feedback_tracker import ToolFeedbackTracker
from app.config import Settings
from app.desk_health import add_sharing, health_of
from app.desk_store import build_database, store_on
from app.domain.tool_policies import ToolPolicy
from app.events.agent_event_bus import AgentEventBus, Handler
from app.events.auditing import Auditor
from app.events.jobs.assembly import Working
from app.events.jobs.dispatch import SharedDispatch
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.events.rules_seating import installed_analysts
from app.events.simulations import Simulations
from app.messaging.transports.in_process import InProcessTransport
from app.metering import Metering
from app.model_desk import ModelDesk, model_desk
from app.observability.health import HealthBoard
from app.observability.logging import configure_logging
from app.observability.metrics.registry import Metrics, shared_folder
from app.observability.system_clock import SystemClock
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.work_sharing import Sharing, listening, sharing, thinking_for_others

FRESH_S: Final = 5.0
"""How old gauges may be on a page that another process answers."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of a running system."""

    clock: Clock
    store: DecisionStore
    bus: AgentEventBus
    panel: AIAgentCoordinator
    coordinator: MultiAgentCoordinator
    health: HealthBoard
    models: ModelDesk
    tool_tracker: ToolFeedbackTracker
    simulations: Simulations
    metering: Metering
    auditor: Auditor
    sharing: Sharing | None = None


@asynccontextmanager
async def running_desk(
    settings: Settings,
    analysts: Mapping[str, Analyst] | None = None,
    metrics: Metrics | None = None,
    *,
    is_worker: bool = False,
) -> AsyncIterator[Desk]:
    """Open the store and start the desk; everything ends with the block, in reverse order.

    Args:
        analysts: by role; None takes those of the plugin table.
        metrics: keeps the figures of the desk; None keeps them for nobody.
        is_worker: it does errands of other processes, so it lets them hear what its models think.

    Raises:
        StoreError: the store cannot be opened; nothing was started.
    """
    if not structlog.is_configured():
        configure_logging(settings.log_level, settings.log_format)
    rules = installed_analysts() if analysts is None else analysts
    async with (
        _ground(settings, rules, metrics or Metrics()) as ground,
        model_desk(settings, rules, ground.store, ground.clock, ground.metering.models) as models,
        sharing(settings, ground.metering.transport) as way,
        _deciding(settings, ground, models, way) as desk,
        _hearing_of_others(settings, desk, is_worker=is_worker),
        _showing(desk),
    ):
        yield desk


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every other part stands on."""

    clock: Clock
    metering: Metering
    store: DecisionStore
    bus: AgentEventBus


@asynccontextmanager
async def _ground(settings: Settings, roles: Iterable[str], metrics: Metrics) -> AsyncIterator[_Ground]:
    """Open the store, and the bus that tells of what is stored; announce every series of figures."""
    metering = Metering(metrics)
    async with (
        _opened_store(settings, metering) as store,
        AgentEventBus(metering.transport(InProcessTransport())) as bus,
    ):
        metering.announce(settings, roles)
        yield _Ground(SystemClock(), metering, store, bus)


@asynccontextmanager
async def _opened_store(settings: Settings, metering: Metering) -> AsyncIterator[DecisionStore]:
    database = build_database(settings)
    store = metering.store(store_on(database, settings))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        await store.open()
        stack.callback(metering.pipeline.watch_connections(lambda: database.connections))
        yield store


@asynccontextmanager
async def _deciding(settings: Settings, ground: _Ground, models: ModelDesk, way: Sharing | None) -> AsyncIterator[Desk]:
    """Start who decides, and yield the desk: its parts know one another, but nobody outside yet."""
    clock, metering, store, bus = ground.clock, ground.metering, ground.store, ground.bus
    tracker = ToolFeedbackTracker(store)
    await bus.listen(_routes(tracker))
    panel = AIAgentCoordinator(clock)
    coordinator = _coordinator(settings, ground, models, way, panel=panel, tracker=tracker)
    async with coordinator, AsyncExitStack() as stack:
        simulations = Simulations(coordinator, bus, clock)
        stack.push_async_callback(simulations.close)
        health = health_of(clock, store, bus, tracker, guards=models.guards)
        if way is not None:
            add_sharing(health, way, tuple(coordinator.analysts), clock)
        auditor = Auditor(store, clock)
        yield Desk(clock, store, bus, panel, coordinator, health, models, tracker, simulations, metering, auditor, way)


def _coordinator(
    settings: Settings,
    ground: _Ground,
    models: ModelDesk,
    way: Sharing | None,
    *,
    panel: AIAgentCoordinator,
    tracker: ToolFeedbackTracker,
) -> MultiAgentCoordinator:
    """Return who walks each question down the road, not started yet."""
    return MultiAgentCoordinator(
        ground.metering.panel(panel),
        ground.store,
        ground.bus,
        ground.clock,
        seating=models.seating,
        tool_policy=partial(_tool_policy, tracker, ground.clock),
        thinks_aloud=settings.stream_models,
        working=_working(settings, way, ground.metering.pipeline.recovered),
    )


@asynccontextmanager
async def _hearing_of_others(settings: Settings, desk: Desk, *, is_worker: bool) -> AsyncIterator[None]:
    """Tell the bus of what other processes store and think; a worker lets them hear its own thoughts."""
    async with AsyncExitStack() as stack:
        if desk.sharing is not None:
            await stack.enter_async_context(listening(desk.sharing, desk.bus, desk.coordinator.look))
            if is_worker:
                await desk.bus.listen([thinking_for_others(desk.sharing)])
        await stack.enter_async_context(
            _meanwhile(desk.coordinator.follow(settings.follow_seconds), "follow the store")
        )
        yield


@asynccontextmanager
async def _showing(desk: Desk) -> AsyncIterator[None]:
    """Show the figures that nobody counts but somebody knows."""
    metering = desk.metering
    async with AsyncExitStack() as stack:
        stack.callback(metering.watch_circuits(desk.models.guards))
        stack.callback(metering.watch_audit(desk.auditor))
        if desk.sharing is not None:
            stack.callback(metering.watch_outbox(desk.sharing.outbox, desk.clock))
        if shared_folder() is not None:
            await stack.enter_async_context(_meanwhile(metering.metrics.keep_fresh(FRESH_S), "figures"))
        yield


@asynccontextmanager
async def _meanwhile(work: Coroutine[None, None, None], name: str) -> AsyncIterator[None]:
    """Do `work` beside the block, and let go of it when the block ends."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _routes(tracker: ToolFeedbackTracker) -> tuple[tuple[str, Handler], ...]:
    """The event flow of the desk: which part hears of what. The feed is added by the server that has one."""
    return (
        ("agent.tool.#", tracker.on_tool_event),
        ("agent.vote.#", tracker.on_vote_event),
        ("decision.#", tracker.on_decision_event),
    )


def _working(settings: Settings, way: Sharing | None, recovered: Callable[[str, int], None]) -> Working:
    """Return who does accepted work: this process, or the workers that letters reach."""
    dispatch = None if way is None else (lambda _work: SharedDispatch(way.relay.nudge))
    return Working(dispatch, settings.lease_seconds, settings.max_pending, settings.max_analyses, recovered)


async def _tool_policy(tracker: ToolFeedbackTracker, clock: Clock) -> ToolPolicy:
    """Return by which rules the next decision's tools are run."""
    await tracker.read_back()
    return tracker.policy(clock.now())
