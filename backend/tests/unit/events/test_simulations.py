"""Simulated markets: every bar is told and decided on, on its clock, and stopping leaves nothing running."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import orjson
import pytest

from app.domain.errors import ConflictError, InvalidInputError, NotFoundError, StoreUnavailableError
from app.domain.events import Event, EventType
from app.domain.jobs import Job
from app.domain.requests import read_request
from app.domain.simulation_requests import read_simulation
from app.domain.tool_policies import DEFAULT
from app.domain.votes import BUY, SELL, Opinion
from app.events.agent_event_bus import AgentEventBus
from app.events.intake import open_case
from app.events.jobs import case_file
from app.events.jobs.assembly import Working
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.events.simulation import Simulation
from app.events.simulations import MAX_STREAMS, Simulations
from app.observability.system_clock import SystemClock
from app.storage.repositories.in_memory import InMemoryDecisionStore
from app.testing.mock_data_generator import MockDataGenerator
from tests.builders import EndlessAnalyst, ScriptedAnalyst, request_fields
from tests.unit.events.virtual_time import LoopClock, in_virtual_time

UP = Opinion(BUY, 0.8, "it rises")


class SlowAnalyst(ScriptedAnalyst):
    """Takes its time, which is the loop's."""

    seconds = 0.0

    async def analyse(self, context, tools):
        await asyncio.sleep(self.seconds)
        return UP


class FullStore(InMemoryDecisionStore):
    """Takes a few decisions, then no more."""

    room = 2

    async def append(self, draft):
        if not self.room:
            raise StoreUnavailableError("The disk is full.")
        self.room -= 1
        return await super().append(draft)


class HeldStore(InMemoryDecisionStore):
    """Holds each commit until it is let go."""

    def __init__(self):
        super().__init__()
        self.committing, self.let_go = asyncio.Event(), asyncio.Event()

    async def append(self, draft):
        self.committing.set()
        await self.let_go.wait()
        return await super().append(draft)


@dataclass
class Scene:
    """A desk with simulations, and everything its bus told."""

    simulations: Simulations
    coordinator: MultiAgentCoordinator
    store: InMemoryDecisionStore
    told: list[Event]

    async def records(self):
        return [orjson.loads(each.body) for each in reversed((await self.store.list(limit=200)).items)]

    def names(self, simulation_id=None):
        events = (each for each in self.told if simulation_id in (None, each.data.get("simulation_id")))
        return [each.name or str(each.type) for each in events]


@asynccontextmanager
async def a_desk(*analysts, store=None):
    """Simulations on a desk of the given analysts; whatever they start ends with the block."""
    store, told = store or InMemoryDecisionStore(), []
    panel = {each.role: each for each in analysts or (ScriptedAnalyst("a", UP), ScriptedAnalyst("b", UP))}
    async with AgentEventBus() as bus, MultiAgentCoordinator(store=store, bus=bus, analysts=panel) as coordinator:
        await bus.listen([("#", told.append)], 10_000)
        simulations = Simulations(coordinator, bus, SystemClock())
        try:
            yield Scene(simulations, coordinator, store, told)
        finally:
            await simulations.close()


async def test_a_desk_that_has_too_much_to_do_passes_bars_over():
    analysts = {"a": ScriptedAnalyst("a", UP)}
    async with AgentEventBus() as bus:
        busy = MultiAgentCoordinator(bus=bus, analysts=analysts, working=Working(most_at_once=0))
        async with busy as coordinator:
            simulations = Simulations(coordinator, bus, SystemClock())
            started = await simulations.start(a_plan())
            summary = (await simulations.ended(started.simulation_id)).as_dict()

    assert (summary["status"], summary["bars"], summary["decisions"], summary["bars_skipped"]) == ("complete", 5, 0, 5)


def a_plan(**changes):
    asked = {"symbol": "AAPL", "regime": "crash", "duration_minutes": 5, "interval_seconds": 60, "speed": 0}
    return read_simulation({**asked, **changes})


async def finished(scene, **changes):
    started = await scene.simulations.start(a_plan(**changes))
    return await scene.simulations.ended(started.simulation_id)


def tasks_of_simulations():
    return [task.get_name() for task in asyncio.all_tasks() if "simulat" in task.get_name()]


async def test_every_bar_is_told_and_decided_on():
    async with a_desk() as scene:
        state = await finished(scene)
        records = await scene.records()

    summary = state.as_dict()
    assert (summary["status"], summary["bars"], summary["decisions"], summary["bars_skipped"]) == ("complete", 5, 5, 0)
    assert summary["final_recommendations"] == {BUY: 5}
    bars = [each.data for each in scene.told if each.type is EventType.MARKET_UPDATE]
    assert [bar["bar"] for bar in bars] == [1, 2, 3, 4, 5]
    assert [bar["ends_at"] for bar in bars] == [record["as_of"] for record in records]
    assert all(bar["low"] <= bar["close"] <= bar["high"] for bar in bars)
    assert summary["by_symbol"]["AAPL"]["last_price"] == bars[-1]["close"]


async def test_the_feed_hears_of_the_beginning_the_bars_the_panel_and_the_end():
    async with a_desk() as scene:
        await finished(scene, duration_minutes=1)

    assert scene.names() == [
        "simulation_started",
        "market_update",
        "consensus_requested",
        "agent_decision",
        "agent_decision",
        "consensus_result",
        "simulation_ended",
    ]
    assert all(each.data["simulated"] is True for each in scene.told)
    assert [each.seq for each in scene.told] == list(range(1, 8))


async def test_a_simulated_decision_says_so_and_names_its_simulation():
    async with a_desk() as scene:
        state = await finished(scene)
        records = await scene.records()

    assert all(each["degraded_reasons"] == ["simulated"] for each in records)
    assert {each["correlation_id"] for each in records} == {state.simulation_id}


async def test_a_simulated_decision_is_nobodys_past():
    async with a_desk() as scene:
        await finished(scene)
        end = SystemClock().now() + timedelta(days=1)

        assert await scene.store.past_votes("AAPL", end, 20) == ()


async def test_simulated_decisions_can_be_made_again_and_verified():
    async with a_desk() as scene:
        await finished(scene)
        for record in await scene.records():
            assert (await scene.coordinator.replay(record["decision_id"])).differences == ()

        assert (await scene.coordinator.verify()).problems == ()


async def test_a_simulated_case_is_one_in_another_process_too():
    asked = replace(read_request(request_fields(30)).to_question(), is_simulated=True)
    case = open_case(asked, {"a": ScriptedAnalyst("a", UP)})
    job = Job(asked.decision_id, "AAPL", (), case_file.write(case, {}, {}, DEFAULT), SystemClock().now(), 30.0)

    assert case_file.read(job).case.is_simulated


async def test_the_same_seed_gives_the_same_prices_which_begin_at_the_start_price():
    async with a_desk() as scene:
        first, second, other = [
            (await finished(scene, seed=seed, start_price=50)).as_dict()["by_symbol"]["AAPL"] for seed in (1, 1, 2)
        ]

    assert first["first_price"] == pytest.approx(50, rel=1e-5)
    assert first["last_price"] == second["last_price"] != other["last_price"]


async def test_many_symbols_and_simulations_run_at_once_and_do_not_mix():
    symbols = ["AAPL", "MSFT", "BRK.B", "BRK-B"]
    async with a_desk() as scene:
        plans = [a_plan(symbol=None, symbols=symbols, seed=seed) for seed in range(3)]
        started = [await scene.simulations.start(plan) for plan in plans]
        states = [await scene.simulations.ended(each.simulation_id) for each in started]
        verified = await scene.coordinator.verify()

    for state in states:
        assert {symbol: tally.decisions.total() for symbol, tally in state.tallies.items()} == dict.fromkeys(symbols, 5)
        assert scene.names(state.simulation_id).count("market_update") == 20
    assert verified.problems == ()
    assert {head.sequence for head in verified.heads} == {15}


async def test_stopping_ends_the_panel_at_once_and_leaves_nothing_running():
    analyst = EndlessAnalyst("a")
    async with a_desk(analyst) as scene:
        started = await scene.simulations.start(a_plan(symbol=None, symbols=["AAPL", "MSFT"], timeout_seconds=300))
        await analyst.was_asked.wait()
        state = await scene.simulations.stop(started.simulation_id)

        assert tasks_of_simulations() == []
        assert await scene.records() == []
    assert state.status == "stopped"
    assert analyst.was_cancelled.is_set()
    assert scene.simulations.state(started.simulation_id).as_dict() == state.as_dict()


async def test_stopping_lets_a_commit_under_way_finish_and_goes_no_further():
    store = HeldStore()
    async with a_desk(store=store) as scene:
        started = await scene.simulations.start(a_plan())
        await store.committing.wait()
        stopping = asyncio.create_task(scene.simulations.stop(started.simulation_id))
        await asyncio.wait([stopping], timeout=0)
        store.let_go.set()
        state = await stopping

        assert len(await scene.records()) == 1
        assert tasks_of_simulations() == []
    assert (state.status, state.as_dict()["decisions"]) == ("stopped", 1)


async def test_stopping_ends_it_as_stopped_even_where_the_store_cannot_let_go_of_the_decision(monkeypatch):
    async def away(_job_id):
        raise StoreUnavailableError("The store is away.")

    analyst = EndlessAnalyst("a")
    async with a_desk(analyst) as scene:
        monkeypatch.setattr(scene.coordinator, "withdraw", away)
        started = await scene.simulations.start(a_plan(timeout_seconds=300))
        await analyst.was_asked.wait()
        state = await scene.simulations.stop(started.simulation_id)

    assert (state.status, tasks_of_simulations()) == ("stopped", [])


async def test_one_that_is_stopped_before_its_first_step_has_stopped():
    async with a_desk() as scene:
        started = await scene.simulations.start(a_plan())
        state = await scene.simulations.stop(started.simulation_id)

    assert state.status == "stopped"
    assert tasks_of_simulations() == []


async def test_a_simulation_ends_with_its_desk():
    async with a_desk(EndlessAnalyst("a")) as scene:
        await scene.simulations.start(a_plan(timeout_seconds=300))

    assert tasks_of_simulations() == []
    assert [state.status for state in scene.simulations.states()] == ["stopped"]


async def test_what_has_ended_cannot_be_stopped_again():
    async with a_desk() as scene:
        state = await finished(scene)
        with pytest.raises(ConflictError, match="complete"):
            await scene.simulations.stop(state.simulation_id)


async def test_what_never_was_is_not_found():
    async with a_desk() as scene:
        for ask in (scene.simulations.stop, scene.simulations.ended):
            with pytest.raises(NotFoundError):
                await ask("nothing")
        with pytest.raises(NotFoundError):
            scene.simulations.state("nothing")


async def test_a_store_that_is_full_ends_the_simulation_and_says_why():
    async with a_desk(store=FullStore()) as scene:
        started = await scene.simulations.start(a_plan())
        with pytest.raises(StoreUnavailableError, match="full"):
            await scene.simulations.ended(started.simulation_id)
        summary = scene.simulations.state(started.simulation_id).as_dict()

    assert (summary["status"], summary["reason"], summary["decisions"]) == ("failed", "The disk is full.", 2)
    assert tasks_of_simulations() == []


@pytest.mark.parametrize("wrong", [{"regime": "moon"}, {"method": "guess"}, {"agents": ["nobody"]}])
async def test_what_cannot_be_simulated_is_not_started(wrong):
    async with a_desk() as scene:
        with pytest.raises(InvalidInputError):
            await scene.simulations.start(a_plan(**wrong))

        assert scene.simulations.states() == ()
    assert scene.told == []


async def test_more_streams_than_there_is_room_for_are_refused():
    many = [f"S{number}" for number in range(16)]
    async with a_desk(EndlessAnalyst("a")) as scene:
        for _ in range(MAX_STREAMS // len(many)):
            await scene.simulations.start(a_plan(symbol=None, symbols=many, timeout_seconds=300))
        with pytest.raises(ConflictError, match="stop a simulation"):
            await scene.simulations.start(a_plan())


async def test_the_newest_simulation_is_listed_first():
    async with a_desk() as scene:
        ended = [(await finished(scene)).simulation_id for _ in range(3)]

        assert [state.simulation_id for state in scene.simulations.states()] == ended[::-1]


def run_on_a_clock(*analysts, **changes):
    """Run a plan in virtual time; return when each bar and each decision came, and the simulation."""

    async def run():
        moments, clock = [], LoopClock()
        panel = {each.role: each for each in analysts}
        async with AgentEventBus() as bus, MultiAgentCoordinator(bus=bus, clock=clock, analysts=panel) as coordinator:
            plan = a_plan(**changes)
            begun = clock.monotonic()

            def note(event):
                moments.append((event.name or str(event.type), clock.monotonic() - begun))

            await bus.listen([("market.bar.#", note), ("decision.consensus_result.#", note)])
            simulation = Simulation(plan, MockDataGenerator(plan.seed), coordinator, bus, clock)
            await simulation.run()
            await asyncio.sleep(1)
        return moments, simulation

    return in_virtual_time(run())


@pytest.mark.parametrize(("speed", "seconds"), [(1, 60), (10, 6), (0.5, 120)])
def test_bars_come_when_they_are_over_on_a_clock_as_fast_as_was_asked(speed, seconds):
    moments, _ = run_on_a_clock(ScriptedAnalyst("a", UP), speed=speed)
    bars = [at for name, at in moments if name == "market_update"]

    assert bars == pytest.approx([seconds * number for number in range(1, 6)])


def test_a_panel_that_is_slower_than_the_clock_looks_at_the_newest_bar():
    analyst = SlowAnalyst("a")
    analyst.seconds = 150
    moments, simulation = run_on_a_clock(analyst, speed=1, duration_minutes=6, timeout_seconds=300)
    tally = simulation.tallies["AAPL"]

    assert [at for name, at in moments if name == "market_update"] == pytest.approx([60.0 * n for n in range(1, 7)])
    assert [at for name, at in moments if name != "market_update"] == pytest.approx([210, 360, 510])
    assert (tally.bars, tally.decisions.total(), tally.skipped) == (6, 3, 3)


def test_without_a_clock_no_bar_is_passed_over_however_slow_the_panel_is():
    analyst = SlowAnalyst("a")
    analyst.seconds = 150
    _, simulation = run_on_a_clock(analyst, speed=0, timeout_seconds=300)

    assert (simulation.tallies["AAPL"].decisions.total(), simulation.tallies["AAPL"].skipped) == (5, 0)


async def test_the_panel_sees_the_headlines_of_the_latest_bars_alone():
    seen = []

    class Reader(ScriptedAnalyst):
        async def analyse(self, context, tools):
            seen.append((context.as_of, context.bars, context.news))
            return Opinion(SELL, 0.5, "read")

    async with a_desk(Reader("a")) as scene:
        await finished(scene, duration_minutes=40)

    assert any(news for _, _, news in seen)
    for as_of, bars, news in seen:
        assert len(bars) == 250
        assert all(as_of - timedelta(minutes=20) <= item.timestamp <= as_of for item in news)
