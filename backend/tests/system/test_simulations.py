"""Simulated markets as their users meet them: in Python, over REST with a client on the feed, on the command line."""

import asyncio
import json
import signal
import subprocess
import sys

import httpx
import pytest
from websockets.asyncio.client import connect

from app.agent_system import AgentSystem
from app.config import Settings
from app.domain.errors import UnknownNameError
from app.testing.mock_data_generator import REGIMES
from tests.builders import EndlessAnalyst
from tests.system.command_line import conclave, environment
from tests.system.web_desk import an_app, calling, serving, some_settings

CRASH = {"symbol": "AAPL", "regime": "crash", "duration_minutes": 3, "interval_seconds": 60, "speed": 0}
ENDLESS = {**CRASH, "speed": 1, "duration_minutes": 600}
SYMBOLS = ("AAPL", "MSFT", "IBM")
ROUTE = "/api/v1/simulations"


async def test_the_facade_runs_a_market_to_its_end_and_returns_the_summary(tmp_path):
    async with AgentSystem(Settings(home=tmp_path)) as system:
        summary = await system.simulate_market_stream("AAPL", "crash", 20, 60, speed=0, seed=3)
        status = await system.get_system_status()

    assert (summary["status"], summary["symbols"], summary["regime"]) == ("complete", ["AAPL"], "crash")
    assert summary["decisions"] == summary["bars"] == sum(summary["final_recommendations"].values()) == 20
    assert status["performance_summary"]["total_decisions"] == 20


async def test_the_votes_of_the_panel_turn_in_a_crash(tmp_path):
    async with AgentSystem(Settings(home=tmp_path)) as system:
        usual, crash = [
            await system.simulate_market_stream(SYMBOLS, regime, 40 * 1_440, 86_400, speed=0)
            for regime in ("trending_bullish", "crash")
        ]

    def sells(summary):
        found = summary["final_recommendations"]
        return found.get("SELL", 0) + found.get("STRONG_SELL", 0)

    assert sells(crash) > 2 * sells(usual)


async def test_cancelling_the_call_ends_the_market(tmp_path):
    analyst = EndlessAnalyst("a")
    async with AgentSystem(Settings(home=tmp_path), {"a": analyst}) as system:
        running = asyncio.create_task(system.simulate_market_stream("AAPL", "crash", 3, 60, speed=0))
        await analyst.was_asked.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        states = (await system.start()).simulations.states()

        assert [task for task in asyncio.all_tasks() if "simulat" in task.get_name()] == []
    assert [state.status for state in states] == ["stopped"]
    assert analyst.was_cancelled.is_set()


async def test_an_unknown_regime_is_refused_with_those_there_are(tmp_path):
    async with AgentSystem(Settings(home=tmp_path)) as system:
        with pytest.raises(UnknownNameError, match="regime_switching"):
            await system.simulate_market_stream("AAPL", "moon", 3, 60)


async def test_a_client_on_the_feed_sees_market_tools_votes_and_decisions(tmp_path):
    async with (
        serving(an_app(tmp_path), some_settings(tmp_path)) as served,
        connect(served.socket_url) as socket,
        httpx.AsyncClient(base_url=served.url) as client,
    ):
        accepted = await client.post(ROUTE, json=CRASH)
        heard = []
        async with asyncio.timeout(30):
            while not heard or heard[-1]["data"].get("message_type") != "simulation_ended":
                heard.append(json.loads(await socket.recv()))
        state = (await client.get(accepted.json()["status_url"])).json()

    assert (accepted.status_code, accepted.json()["status"]) == (202, "running")
    assert (state["status"], state["bars"], state["decisions"]) == ("complete", 3, 3)
    kinds = [each["type"] for each in heard]
    assert (kinds.count("market_update"), kinds.count("agent_decision")) == (3, 6)
    assert all(each["data"]["simulated"] is True for each in heard)
    results = [each["data"]["payload"] for each in heard if each["data"].get("message_type") == "consensus_result"]
    bars = [each["data"] for each in heard if each["type"] == "market_update"]
    assert [each["as_of"] for each in results] == [bar["ends_at"] for bar in bars]
    numbers = [each["seq"] for each in heard]
    assert numbers == sorted(set(numbers))


async def test_a_simulation_is_started_listed_and_stopped_over_rest(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        started = (await client.post(ROUTE, json={**ENDLESS, "symbol": None, "symbols": ["AAPL", "MSFT"]})).json()
        listed = (await client.get(ROUTE)).json()
        stopped = await client.delete(started["status_url"])
        again = await client.delete(started["status_url"])
        looked_at = (await client.get(started["status_url"])).json()

    assert listed["regimes"] == list(REGIMES)
    assert [each["simulation_id"] for each in listed["items"]] == [started["simulation_id"]]
    assert (stopped.status_code, stopped.json()["status"]) == (200, "stopped")
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
    assert looked_at == stopped.json()


async def test_the_same_key_starts_one_simulation(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        first, second = [await client.post(ROUTE, json=ENDLESS, headers={"Idempotency-Key": "k"}) for _ in range(2)]
        items = (await client.get(ROUTE)).json()["items"]

    assert first.json()["simulation_id"] == second.json()["simulation_id"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(items) == 1


@pytest.mark.parametrize(
    ("status", "wrong"),
    [
        (422, {"regime": "moon"}),
        (422, {"regime": "CANARY"}),
        (422, {"symbols": ["MSFT"]}),
        (422, {"duration_minutes": 0.5}),
        (422, {"interval_seconds": 0}),
        (422, {"speed": -1}),
        (422, {"method": "guess"}),
    ],
)
async def test_what_cannot_be_simulated_is_a_problem(tmp_path, status, wrong):
    async with calling(an_app(tmp_path)) as client:
        answer = await client.post(ROUTE, json={**CRASH, **wrong})
        items = (await client.get(ROUTE)).json()["items"]

    assert (answer.status_code, items) == (status, [])
    assert answer.json()["errors"]
    assert "CANARY" not in answer.text


async def test_an_unknown_simulation_is_not_found(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        for name in ("nothing", "01a1fed1-19b3-7648-b883-037305ce4390"):
            assert (await client.get(f"{ROUTE}/{name}")).status_code == 404
            assert (await client.delete(f"{ROUTE}/{name}")).status_code == 404


def test_the_command_prints_each_decision_and_a_summary(tmp_path):
    shown = conclave("simulate", "AAPL", "MSFT", "--regime", "crash", "--bars", 12, "--speed", 0, home=tmp_path)

    assert shown.code == 0
    assert [line.split()[0] for line in shown.out.splitlines() if "  MSFT " in line] == [str(n) for n in range(1, 13)]
    assert "news" in shown.out
    assert "crash, seed 0: complete, 24 decisions" in shown.out
    listed = conclave("decisions", home=tmp_path)
    assert "AAPL (sim)" in listed.out
    assert conclave("verify", home=tmp_path).code == 0


def test_the_summary_is_json_if_asked_for(tmp_path):
    shown = conclave("simulate", "AAPL", "--interval", "1m", "--minutes", 4, "--speed", 0, "--json", home=tmp_path)

    assert (shown.json()["status"], shown.json()["bars"], shown.json()["regime"]) == ("complete", 4, "regime_switching")


def test_the_regimes_can_be_listed():
    assert conclave("simulate", "AAPL", "--regime", "list").out.split() == list(REGIMES)


@pytest.mark.parametrize(
    "wrong", [("--regime", "moon"), ("--interval", "soon"), ("--bars", 3, "--minutes", 2), ("--speed", -1)]
)
def test_what_the_command_cannot_use_is_said_in_words(tmp_path, wrong):
    shown = conclave("simulate", "AAPL", *wrong, home=tmp_path)

    assert shown.code == 2
    assert shown.err.startswith("Error: ")


def test_ctrl_c_ends_the_command_at_once(tmp_path):
    command = [sys.executable, "-m", "app.cli.main", "simulate", "AAPL", "--speed", "86400", "--bars", "5000"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)
    ) as running:
        assert "AAPL" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)

    assert running.returncode == 130
    assert "Traceback" not in said
