"""Builds every part and introduces them to one another; the only place that chooses concrete classes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from app.ai.trading_agents import AIAgentCoordinator
from app.analysis.tool_feedback_tracker import ToolFeedbackTracker
from app.config import Settings
from app.desk_health import add_sharing, health_of
from app.domain.tool_policies import ToolPolicy
from app.events.agent_event_bus import AgentEventBus, Handler
from app.events.auditing import Auditor
from app.events.jobs.assembly import Working
from app.events.jobs.dispatch import SharedDispatch
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.events.rules_seating import installed_analysts
from app.events.simulations import Simulations
from app.messaging.errands import decision_letter
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
from app.work_sharing import Sharing, is_shared, listening, sharing, thinking_for_others

if TYPE_CHECKING:
    from app.storage.session import Database


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


def build_store(settings: Settings) -> DecisionStore:
    """Return the store on the database server that the settings name, else the embedded one in their folder.

    Raises:
        InvalidInputError: POSTGRES_URL is no address of a PostgreSQL database.
    """
    return _store_on(build_database(settings), settings)


def _store_on(database: "Database", settings: Settings) -> DecisionStore:
    from app.storage.repositories.decisions import SqlDecisionStore

    return SqlDecisionStore(database, decision_letter if is_shared(settings) else None)


def build_database(settings: Settings) -> "Database":
    """Return the database of the store, which is not touched yet; raises as `build_store` does."""
    if settings.postgres_url is not None:
        from app.storage.server_database import ServerDatabase

        url = settings.postgres_url.get_secret_value()
        return ServerDatabase(url, settings.database_pool, settings.database_timeout_seconds)
    from app.storage.embedded_database import EmbeddedDatabase

    return EmbeddedDatabase(settings.store_path)


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
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        metering = Metering(metrics or Metrics())
        database = build_database(settings)
        store = metering.store(_store_on(database, settings))
        stack.push_async_callback(store.close)
        await store.open()
        bus = await stack.enter_async_context(AgentEventBus(metering.transport(InProcessTransport())))
        panel = AIAgentCoordinator(clock)
        rules = installed_analysts() if analysts is None else analysts
        models = await stack.enter_async_context(model_desk(settings, rules, store, clock, metering.models))
        metering.announce(settings, rules)
        stack.callback(metering.watch_circuits(models.guards))
        stack.callback(metering.pipeline.watch_connections(lambda: database.connections))
        tracker = ToolFeedbackTracker(store)
        await bus.listen(_routes(tracker))
        way = await stack.enter_async_context(sharing(settings, metering.transport))
        coordinator = await stack.enter_async_context(
            MultiAgentCoordinator(
                metering.panel(panel),
                store,
                bus,
                clock,
                seating=models.seating,
                tool_policy=partial(_tool_policy, tracker, clock),
                thinks_aloud=settings.stream_models,
                working=_working(settings, way, metering.pipeline.recovered),
            )
        )
        simulations = Simulations(coordinator, bus, clock)
        stack.push_async_callback(simulations.close)
        if way is not None:
            await stack.enter_async_context(listening(way, bus, coordinator.look))
            if is_worker:
                await bus.listen([thinking_for_others(way)])
        following = asyncio.create_task(coordinator.follow(settings.follow_seconds), name="follow the store")
        stack.push_async_callback(_ended, following)
        auditor = Auditor(store, clock)
        stack.callback(metering.watch_audit(auditor))
        if shared_folder() is not None:
            stack.push_async_callback(_ended, asyncio.create_task(metering.metrics.keep_fresh(FRESH_S), name="figures"))
        health = health_of(clock, store, bus, coordinator, tracker, guards=models.guards)
        if way is not None:
            add_sharing(health, way, tuple(rules), clock)
            stack.callback(metering.watch_outbox(way.outbox, clock))
        yield Desk(clock, store, bus, panel, coordinator, health, models, tracker, simulations, metering, auditor, way)


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


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _tool_policy(tracker: ToolFeedbackTracker, clock: Clock) -> ToolPolicy:
    """Return by which rules the next decision's tools are run."""
    await tracker.read_back()
    return tracker.policy(clock.now())
