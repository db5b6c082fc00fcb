"""`AgentSystem`, the one door to the desk: start, stop, ask, look back."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import orjson
import structlog

from app import plugins
from app.composition import Desk, running_desk
from app.config import Settings, read_settings
from app.domain.errors import AgentSystemError
from app.domain.market import Bars
from app.domain.questions import DEFAULT_TIMEOUT_S, Question
from app.domain.requests import read_request
from app.domain.simulation_requests import read_simulation
from app.observability.health import DOWN
from app.observability.logging import configure_logging
from app.observability.metrics.registry import Metrics
from app.ports.analyst import Analyst

if TYPE_CHECKING:
    from app.testing.agent_testing_framework import AgentTestingFramework

agent_system: "AgentSystem"

NOTHING_YET = {"decisions": 0, "votes": 0, "tool_executions": 0}


class AgentSystem:
    """Runs the desk inside this process.

    Use it as `async with AgentSystem() as system`, or call `initialize` and `shutdown`; an analysis asked of a system
    that was not started starts it.

    Args:
        settings: read from the environment on start when None.
        analysts: your own panel, by role; None takes those of the plugin table.
    """

    def __init__(self, settings: Settings | None = None, analysts: Mapping[str, Analyst] | None = None) -> None:
        self._settings = settings
        self._analysts = analysts
        self._supervisor: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Desk] | None = None
        self._stop = asyncio.Event()

    @cached_property
    def metrics(self) -> Metrics:
        """The figures of this system, kept from one start to the next."""
        return Metrics()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.shutdown()

    async def initialize(self) -> bool:
        """Start the desk; False when that failed, and `get_system_status` tells why."""
        try:
            await self.start()
        except AgentSystemError:
            return False
        return True

    async def start(self) -> Desk:
        """Start the desk unless it runs already; return its parts.

        Raises:
            AgentSystemError: it cannot start; nothing is left running, and the next call tries again. What nobody
                foresaw, such as an installed analyst that cannot be imported, is raised as it is, with the same effect.
        """
        if self._ready is None or self._supervisor is None or self._supervisor.done():
            self._ready = asyncio.get_running_loop().create_future()
            self._stop = asyncio.Event()
            self._supervisor = asyncio.create_task(self._run(self._ready, self._stop), name="agent system")
        return await asyncio.shield(self._ready)

    async def shutdown(self) -> None:
        """Cancel what is pending and close everything; stopping twice is fine."""
        supervisor, self._supervisor, self._ready = self._supervisor, None, None
        self._stop.set()
        if supervisor is not None:
            await supervisor

    async def _run(self, ready: "asyncio.Future[Desk]", stop: asyncio.Event) -> None:
        """Hold the desk open in one task, so that every context ends in the task that entered it."""
        async with AsyncExitStack() as stack:
            try:
                settings = self._settings or read_settings()
                desk = await stack.enter_async_context(running_desk(settings, self._analysts, self.metrics))
            except Exception as error:  # noqa: BLE001 - whoever waits for the start is told, whatever it was
                ready.set_exception(error)
                ready.exception()
                return
            ready.set_result(desk)
            await stop.wait()

    def _started(self) -> Desk | str:
        """The running desk, or in words why it does not run."""
        if self._ready is None or not self._ready.done():
            return "not started"
        error = self._ready.exception()
        if error is None:
            return self._ready.result()
        return error.public if isinstance(error, AgentSystemError) else type(error).__name__

    async def run_real_time_analysis(
        self,
        symbol: str,
        market_data: Mapping[str, Any] | Bars,
        technical_indicators: Mapping[str, float] | None = None,
        account_info: Mapping[str, Any] | None = None,
        *,
        news: Sequence[Mapping[str, Any]] | None = None,
        agents: Sequence[str] | None = None,
        method: str | None = None,
        conflict_resolution: str | None = None,
        config: Mapping[str, Any] | None = None,
        as_of: Any = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_S,
    ) -> dict[str, Any]:
        """Ask the panel and return the decision record, stored before it is returned.

        The arguments are those of `POST /api/v1/agents/analyze`; `market_data` may also be checked `Bars`.

        Raises:
            InvalidInputError: names what cannot be used and the next step.
            StoreUnavailableError: the decision could not be stored.
        """
        desk = await self.start()
        asked = {
            "symbol": symbol,
            "technical_indicators": technical_indicators,
            "account_info": account_info,
            "news": news,
            "agents": agents,
            "method": method,
            "conflict_resolution": conflict_resolution,
            "config": config,
            "as_of": as_of,
            "timeout_seconds": timeout_seconds,
        }
        record = await desk.coordinator.decide(_question(asked, market_data))
        return orjson.loads(record.body)  # type: ignore[no-any-return]

    async def request_consensus(
        self, symbol: str, context: Mapping[str, Any], required_agents: Sequence[str] | None = None, **settings: Any
    ) -> str:
        """Start deciding in the background; return the id at once.

        Args:
            context: `market_data` and, where there is any, `technical_indicators`, `account_info`, `news`.
            required_agents: roles to ask; None is the whole panel.
            settings: `method`, `conflict_resolution`, `config`, `as_of`, `timeout_seconds`.

        Raises:
            InvalidInputError: names what cannot be used and the next step.
        """
        desk = await self.start()
        asked = {"symbol": symbol, "agents": required_agents, **context, **settings}
        return await desk.coordinator.request_consensus(_question(asked, asked.pop("market_data", None)))

    async def get_consensus_result(self, consensus_id: str, timeout_seconds: float | None = None) -> dict[str, Any]:
        """Wait for a request to end and return `consensus_id`, `status` and `result` (the record once complete).

        Args:
            timeout_seconds: return with status `pending` after that; None waits for the end, which the panel's own
                deadline bounds.

        Raises:
            NotFoundError: there is no such request.
        """
        desk = await self.start()
        ended = await desk.coordinator.consensus(consensus_id, timeout_seconds)
        return consensus_status(ended.consensus_id, ended.status, ended.record.body if ended.record else None)

    async def run_agent_tests(
        self,
        regime_filter: str | Iterable[str] | None = None,
        agent_types: str | Iterable[str] | None = None,
        *,
        measures: bool = False,
        with_models: bool = False,
        timeout_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Put the analysts through scenarios and return `{"test_report": …}`; nothing of it is recorded.

        The system need not be started. See `AgentTestingFramework` for the report and the arguments.

        Args:
            with_models: also seat the models that are set up, at their vendors' price; else rules alone are tested, and
                models by stand-ins.
            timeout_seconds: how long the panel has for a question; None is 5, with models 30.

        Raises:
            UnknownNameError: there is no such regime or agent; says what there is.
        """
        framework = self.agent_testing_framework(with_models=with_models, timeout_seconds=timeout_seconds)
        return await framework.run_comprehensive_agent_test(regime_filter, agent_types, measures=measures)

    def agent_testing_framework(
        self,
        *,
        with_models: bool = False,
        scenes: int | None = None,
        timeout_seconds: float | None = None,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> "AgentTestingFramework":
        """Return the framework for this system's analysts, with desks that are built as this system's is.

        Args:
            with_models, timeout_seconds: as in `run_agent_tests`.
            scenes, progress: as in `AgentTestingFramework`.
        """
        from app.rehearsal import InMemoryRehearsal
        from app.testing.agent_testing_framework import SCENES, TIMEOUT_S, AgentTestingFramework

        settings = self._settings or read_settings()
        if not structlog.is_configured():
            configure_logging(settings.log_level, settings.log_format)
        rehearsal = InMemoryRehearsal(self._analysts, settings if with_models else None)
        return AgentTestingFramework(
            self._analysts,
            rehearsal=rehearsal,
            scenes=scenes or SCENES,
            timeout_s=timeout_seconds or (DEFAULT_TIMEOUT_S if with_models else TIMEOUT_S),
            costs=with_models,
            progress=progress,
        )

    async def simulate_market_stream(
        self,
        symbol: str | Sequence[str],
        regime: str = "regime_switching",
        duration_minutes: float = 60,
        interval_seconds: float = 60,
        *,
        speed: float = 1.0,
        seed: int = 0,
        **wishes: Any,
    ) -> dict[str, Any]:
        """Let a market happen, have the panel decide on each bar, and return the summary at its end.

        Bars, tool calls, votes and decisions are on the feed while it runs. Everything decided is recorded and flagged
        `simulated`. Cancelling the call ends the simulation at once.

        Args:
            symbol: one, or several that move together.
            regime: one of `app.testing.mock_data_generator.REGIMES`.
            duration_minutes: of simulated time; interval_seconds: length of a bar, whole from 1 on; below, bars of a
                second come so often.
            speed: simulated seconds in a second; 0 waits for the panel alone.
            seed: the same seed gives the same prices.
            wishes: `start_price`, and `agents`, `method`, `conflict_resolution`, `config`, `timeout_seconds` as for an
                analysis.

        Raises:
            InvalidInputError: names what cannot be used and the next step; nothing was started.
            StoreUnavailableError: a decision could not be stored; the simulation has ended.
        """
        asked = {
            "symbol" if isinstance(symbol, str) else "symbols": symbol if isinstance(symbol, str) else list(symbol),
            "regime": regime,
            "duration_minutes": duration_minutes,
            "interval_seconds": interval_seconds,
            "speed": speed,
            "seed": seed,
            **wishes,
        }
        plan = read_simulation(asked)
        simulations = (await self.start()).simulations
        simulation_id = (await simulations.start(plan)).simulation_id
        try:
            return (await simulations.ended(simulation_id)).as_dict()
        except asyncio.CancelledError:
            await simulations.stop(simulation_id)
            raise

    async def get_system_status(self) -> dict[str, Any]:
        """Return `status`, `component_health` by part and `performance_summary`; never raises, it tells of faults."""
        desk = self._started()
        if isinstance(desk, str):
            health: dict[str, Any] = {"agent_system": {"status": DOWN, "detail": desk, "reason": desk, "since": None}}
            overall = DOWN
            counts, active = NOTHING_YET, len(self._analysts or plugins.names("analyst"))
        else:
            health = await desk.health.report()
            overall = desk.health.overall(health)
            counts = await _counts(desk)
            active = await _seated(desk)
        return {
            "status": overall,
            "component_health": health,
            "performance_summary": {
                "active_agents": active,
                "total_decisions": counts["decisions"],
                "tool_executions": counts["tool_executions"],
            },
        }


async def initialize_agent_system() -> bool:
    """Start the convenience instance; False when that failed, and its `get_system_status` tells why."""
    return await _convenience_instance().initialize()


def consensus_status(consensus_id: str, status: str, body: bytes | None) -> dict[str, Any]:
    """Return how a consensus request stands, as the wire says it."""
    return {"consensus_id": consensus_id, "status": status, "result": orjson.loads(body) if body else None}


async def _seated(desk: Desk) -> int:
    try:
        return len((await desk.coordinator.seats()).analysts)
    except AgentSystemError:
        return 0


async def _counts(desk: Desk) -> dict[str, int]:
    try:
        return await desk.store.counts()
    except AgentSystemError:
        return NOTHING_YET


def _question(asked: Mapping[str, Any], market_data: Any) -> Question:
    if isinstance(market_data, Bars):
        empty = {"timestamp": [], "open": [], "high": [], "low": [], "close": [], "interval": market_data.interval.text}
        return read_request({**asked, "market_data": empty}).to_question(market_data)
    return read_request({**asked, "market_data": market_data}).to_question()


def _convenience_instance() -> AgentSystem:
    return globals().setdefault("agent_system", AgentSystem())  # type: ignore[no-any-return]


def __getattr__(name: str) -> AgentSystem:
    if name == "agent_system":
        return _convenience_instance()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
