"""The simulated markets of a desk: start one, look at it, stop it; several run side by side."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from app import plugins
from app.domain.errors import AgentSystemError, ConflictError, NotFoundError
from app.domain.events import Event, EventType
from app.domain.simulations import COMPLETE, FAILED, RUNNING, SIMULATED, STOPPED, SimulationPlan, SimulationState
from app.events.agent_event_bus import AgentEventBus
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.events.simulation import Simulation
from app.ports.clock import Clock
from app.ports.mock_market import MockMarket

log = structlog.get_logger(__name__)

MAX_STREAMS: Final = 64
MAX_REMEMBERED: Final = 1_000
SENDER: Final = "market_simulator"
UNEXPECTED: Final = "It failed unexpectedly; see the server's log."

MarketMaker = Callable[[int], MockMarket]


class Simulations:
    """Runs simulations as named tasks and remembers how the latest of them ended.

    Args:
        market_of: makes a market from a seed; None takes that of the plugin table.
    """

    def __init__(
        self, coordinator: MultiAgentCoordinator, bus: AgentEventBus, clock: Clock, market_of: MarketMaker | None = None
    ) -> None:
        self._coordinator = coordinator
        self._bus = bus
        self._clock = clock
        self._market_of = market_of
        self._runs: dict[str, _Run] = {}

    async def start(self, plan: SimulationPlan) -> SimulationState:
        """Begin a simulation and return where it stands.

        Raises:
            InvalidInputError: the plan cannot be followed; nothing was started.
            ConflictError: too many are running.
        """
        self._require_room(plan)
        market = (self._market_of or plugins.load("mock_market", "garch"))(plan.seed)
        simulation = await asyncio.to_thread(Simulation, plan, market, self._coordinator, self._bus, self._clock)
        await simulation.check()
        self._require_room(plan)
        run = _Run(simulation, self._clock)
        self._forget_oldest()
        self._runs[simulation.simulation_id] = run
        run.task = asyncio.create_task(self._lead(run, simulation), name=f"simulation {simulation.simulation_id}")
        run.task.add_done_callback(run.settle)
        return run.state()

    def states(self) -> tuple[SimulationState, ...]:
        """Return where every simulation stands, the newest first."""
        return tuple(run.state() for run in reversed(self._runs.values()))

    def state(self, simulation_id: str) -> SimulationState:
        """Return where a simulation stands.

        Raises:
            NotFoundError: there is none with this id.
        """
        return self._run(simulation_id).state()

    async def ended(self, simulation_id: str) -> SimulationState:
        """Wait for the end of a simulation and return how it came out.

        Raises:
            NotFoundError: there is none with this id.
            AgentSystemError: it failed with this.
        """
        run = self._run(simulation_id)
        await asyncio.wait([run.task])
        if run.error is not None:
            raise run.error
        return run.state()

    async def stop(self, simulation_id: str) -> SimulationState:
        """End a simulation now; when this returns nothing of it runs any more.

        Raises:
            NotFoundError: there is none with this id.
            ConflictError: it has ended already.
        """
        run = self._run(simulation_id)
        if run.task.done():
            raise ConflictError(f"The simulation has ended already; it is {run.status}.")
        await run.cancelled()
        return run.state()

    async def close(self) -> None:
        """End everything that runs and wait for it."""
        await asyncio.gather(*(run.cancelled() for run in self._runs.values()))

    def _run(self, simulation_id: str) -> "_Run":
        if simulation_id not in self._runs:
            raise NotFoundError("There is no simulation with this id.")
        return self._runs[simulation_id]

    def _require_room(self, plan: SimulationPlan) -> None:
        busy = sum(len(run.plan.symbols) for run in self._runs.values() if run.status == RUNNING)
        if busy + len(plan.symbols) > MAX_STREAMS:
            raise ConflictError(f"At most {MAX_STREAMS} symbols are simulated at once; stop a simulation first.")

    def _forget_oldest(self) -> None:
        ended = [name for name, run in self._runs.items() if run.status != RUNNING]
        for name in ended[: max(0, len(ended) - MAX_REMEMBERED + 1)]:
            del self._runs[name]

    async def _lead(self, run: "_Run", simulation: Simulation) -> None:
        """Walk a simulation to its end and tell the feed of its beginning and its end."""
        await self._tell(run, "simulation_started")
        try:
            await simulation.run()
            run.end(COMPLETE)
        except asyncio.CancelledError:
            run.end(STOPPED)
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits for the end is told
            run.end(FAILED, _cause(error))
            _log(run)
        finally:
            await self._tell(run, "simulation_ended")

    async def _tell(self, run: "_Run", step: str) -> None:
        payload = run.state().as_dict()
        data = {"sender_agent_id": SENDER, "message_type": step, "payload": payload, SIMULATED: True}
        symbol = run.plan.symbols[0] if len(run.plan.symbols) == 1 else ""
        try:
            await self._coordinator.announce(
                Event(EventType.AGENT_COORDINATION, data, self._clock.now(), symbol, name=step)
            )
        except AgentSystemError as error:
            log.warning("simulation not told of", step=step, error=error.public)


class _Run:
    """What is kept of a simulation while it runs and afterwards: not its bars."""

    task: "asyncio.Task[None]"

    def __init__(self, simulation: Simulation, clock: Clock) -> None:
        self.simulation_id, self.plan = simulation.simulation_id, simulation.plan
        self.status = RUNNING
        self.error: Exception | None = None
        self._started_at, self._tallies = simulation.started_at, simulation.tallies
        self._clock, self._begun = clock, clock.monotonic()
        self._seconds: float | None = None

    def end(self, status: str, error: Exception | None = None) -> None:
        """Note how it ended, unless that is known."""
        if self.status == RUNNING:
            self.status, self.error = status, error
            self._seconds = self._clock.monotonic() - self._begun

    def settle(self, task: "asyncio.Task[None]") -> None:
        """Note the end of a task that could not do so itself, having been cancelled before its first step."""
        self.end(STOPPED if task.cancelled() else FAILED, None if task.cancelled() else _cause(task.exception()))

    async def cancelled(self) -> None:
        """End the task and wait for that."""
        self.task.cancel()
        await asyncio.wait([self.task])

    def state(self) -> SimulationState:
        """Return where it stands."""
        seconds = self._clock.monotonic() - self._begun if self._seconds is None else self._seconds
        reason = None if self.error is None else _reason(self.error)
        return SimulationState(
            self.simulation_id, self.status, self.plan, self._started_at, seconds, self._tallies, reason
        )


def _log(run: _Run) -> None:
    """Note a failure, with its trace where nobody foresaw it."""
    expected = isinstance(run.error, AgentSystemError)
    reason = None if run.error is None else _reason(run.error)
    log.error("simulation failed", simulation_id=run.simulation_id, reason=reason, exc_info=not expected and run.error)


def _cause(error: BaseException | None) -> Exception | None:
    """Return the first of the errors that ended a group of tasks."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Exception) else None


def _reason(error: Exception) -> str:
    return error.public if isinstance(error, AgentSystemError) else UNEXPECTED
