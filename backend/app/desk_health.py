"""Who is asked how the desk is doing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from app.ai.resilience.circuit_breaker import CircuitState
from app.analysis.tool_feedback_tracker import ToolFeedbackTracker
from app.domain.wording import counted
from app.events.agent_event_bus import AgentEventBus
from app.messaging.errands import queue_name
from app.observability.health import DEGRADED, DOWN, UP, Check, HealthBoard, Standing
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.transport import TransportState
from app.work_sharing import Sharing

LATE = timedelta(seconds=30)
"""How long a letter may wait in the outbox before that is said."""

PROVIDER_PREFIX = "provider_"
_BREAKERS: Mapping[CircuitState, tuple[str, str]] = {
    "closed": (UP, "asked as usual"),
    "half_open": (DEGRADED, "tried with a single request after repeated failures"),
    "open": (DOWN, "left alone after repeated failures"),
}


class Guarding(Protocol):
    """A provider's breaker."""

    @property
    def state(self) -> CircuitState:
        """Whether the provider is asked."""

    @property
    def opened_at(self) -> datetime | None:
        """Since when it has been failing; None when it does not."""


def health_of(
    clock: Clock,
    store: DecisionStore,
    bus: AgentEventBus,
    tracker: ToolFeedbackTracker,
    *,
    guards: Mapping[str, Guarding],
) -> HealthBoard:
    """Return the board of a desk: without its store it is down, everything else can fail and decisions are still made.

    Args:
        guards: of the providers that have been looked for, by name; those that join later are asked too.
    """
    started = Standing("started", since=clock.now())

    async def system() -> Standing:
        return started

    async def record() -> str:
        return f"newest event {await store.last_seq()}"

    async def requests() -> str:
        return f"{counted(await store.work.count_pending(), 'decision')} accepted and pending"

    async def models() -> str:
        states = (f"{name} {guard.state}" for name, guard in guards.items())
        return ", ".join(states) or "no model has been asked"

    async def tools() -> Standing:
        policy = tracker.policy(clock.now())
        resting = sorted(policy.suspended - policy.probing)
        if not resting:
            return Standing("none rests")
        return Standing(f"resting: {', '.join(resting)}", DEGRADED, "they failed too often lately")

    async def events() -> Standing:
        return of_bus(bus)

    board = HealthBoard({"agent_system": system, "store": record}, clock)
    for name, check in (("event_bus", events), ("coordinator", requests), ("models", models), ("tools", tools)):
        board.add(name, check)
    board.add_group(partial(_providers, guards))
    return board


def add_sharing(board: HealthBoard, way: Sharing, roles: Sequence[str], clock: Clock) -> None:
    """Ask for what lies between processes as well: without it accepted work waits, nothing is lost."""

    async def broker() -> Standing:
        words, state = way.transport.describe(), way.transport.state
        return Standing(words) if state is TransportState.UP else Standing(words, DEGRADED, words)

    async def outbox() -> Standing:
        count, since = await way.outbox.waiting()
        told = f"{counted(count, 'letter')} to be sent"
        if since is None or clock.now() - since < LATE:
            return Standing(told)
        return Standing(told, DEGRADED, "the oldest waits for too long", since)

    async def workers() -> Standing:
        counts = dict(zip(roles, await way.broker.consumers(*map(queue_name, roles)), strict=True))
        idle = [role for role, count in counts.items() if not count]
        told = ", ".join(f"{role} {count}" for role, count in counts.items())
        if not idle:
            return Standing(told)
        return Standing(told, DEGRADED, f"nobody works for {', '.join(idle)}; start `conclave worker`")

    for name, check in (("broker", broker), ("outbox", outbox), ("workers", workers)):
        board.add(name, check)


def of_bus(bus: AgentEventBus) -> Standing:
    """Return how the way to those who listen is doing; what is decided meanwhile is stored all the same."""
    detail = f"{bus.describe()}, {counted(bus.dropped, 'event')} dropped by slow subscribers"
    if bus.state is TransportState.UP:
        return Standing(detail)
    status = DOWN if bus.state is TransportState.DOWN else DEGRADED
    return Standing(detail, status, bus.describe())


def _providers(guards: Mapping[str, Guarding]) -> dict[str, Check]:
    return {f"{PROVIDER_PREFIX}{name}": partial(_of_provider, guard) for name, guard in guards.items()}


async def _of_provider(guard: Guarding) -> Standing:
    status, words = _BREAKERS[guard.state]
    return Standing(f"{guard.state}: {words}", status, None if status == UP else words, guard.opened_at)
