"""From what tools do to how they are run: the figures that are served, and the policy that the next decision obeys."""

import asyncio
from contextlib import suppress

import orjson
import pytest

from app import plugins
from app.domain.errors import ToolFailedError
from app.domain.votes import BUY, Opinion
from tests.system.command_line import SAMPLES, conclave
from tests.system.web_desk import Buyer, Seer, a_question, an_app, calling
from tests.unit.ai.tooling.odd_tools import Failing, odd_tools_installed

FIGURES = {
    "tool_name", "calls", "success_rate", "denied", "average_execution_time_ms", "p95_execution_time_ms",
    "p99_execution_time_ms", "errors", "trend", "decisions_informed", "share_of_decisions_informed", "decisions_moved",
    "share_of_decisions_moved", "decisions_undecidable", "by_role", "by_agent",
}  # fmt: skip


class Trusting(Buyer):
    """Asks a tool that fails, and one that does not."""

    tools = ("failing", "get_bars")

    async def analyse(self, context, tools):
        with suppress(ToolFailedError):
            await tools.call("failing")
        last = (await tools.call("get_bars", count=1))["close"][0]
        return Opinion(BUY, 0.8, f"the last close is {last}")


@pytest.fixture
async def client(tmp_path, monkeypatch):
    with odd_tools_installed(monkeypatch):
        async with calling(an_app(tmp_path, Trusting(), Seer())) as client:
            yield client


async def decided(client, count):
    for _ in range(count):
        assert (await client.post("/api/v1/agents/analyze", json=a_question())).status_code == 200


async def performance(client):
    answer = await client.get("/api/v1/tools/performance")
    assert answer.status_code == 200
    return answer.json()


async def suspended(client):
    """What is served once the tracker has heard of all that was done."""
    async with asyncio.timeout(20):
        while True:
            served = await performance(client)
            if served["policy"]["suspended"]:
                return served


async def test_every_tool_is_served_with_its_figures_and_the_policy(client):
    await decided(client, 1)
    served = await performance(client)

    assert list(served) == ["tools", "insights", "recommendations", "policy", "decisions"]
    tools = {each["tool_name"]: each for each in served["tools"]}
    assert list(tools)[: len(plugins.names("tool"))] == list(plugins.names("tool"))
    assert all(each.keys() == FIGURES for each in tools.values())
    assert (tools["get_bars"]["calls"], tools["get_bars"]["success_rate"]) == (1, 1.0)
    assert tools["get_bars"]["by_role"]["market_analyst"]["calls"] == 1
    assert tools["get_bars"]["by_agent"]["market_analyst"]["calls"] == 1
    assert (tools["failing"]["calls"], tools["failing"]["success_rate"]) == (1, 0.0)
    assert served["policy"] == {"version": 0, "timeouts_s": {}, "suspended": [], "probing": []}


async def test_a_tool_that_keeps_failing_is_not_run_in_the_next_decision(client):
    await decided(client, 5)
    served = await suspended(client)
    assert (served["policy"]["suspended"], served["policy"]["version"]) == (["failing"], 1)
    assert [each["kind"] for each in served["insights"] if each["tool_name"] == "failing"] == ["suspended"]

    await decided(client, 1)
    assert Failing.runs == 5
    tool = next(each for each in (await performance(client))["tools"] if each["tool_name"] == "failing")
    assert (tool["calls"], tool["denied"]) == (6, 1)


async def test_a_restart_forgets_neither_figures_nor_rests(tmp_path, monkeypatch):
    with odd_tools_installed(monkeypatch):
        async with calling(an_app(tmp_path, Trusting(), Seer())) as client:
            await decided(client, 5)
        async with calling(an_app(tmp_path, Trusting(), Seer())) as client:
            served = await performance(client)
    assert served["policy"]["suspended"] == ["failing"]
    assert next(each["calls"] for each in served["tools"] if each["tool_name"] == "failing") == 5


def test_the_command_line_shows_figures_and_what_they_say(tmp_path):
    bars = SAMPLES / "IBM_daily.csv"
    assert conclave("analyze", "IBM", "--csv", bars, "--as-of", "2012-06-29", home=tmp_path).code == 0
    shown = conclave("tools", home=tmp_path)

    assert shown.code == 0
    assert all(name in shown.out for name in plugins.names("tool"))
    assert all(words in shown.out for words in ("p95 ms", "informed", "moved", "100.0%"))

    listed = orjson.loads(conclave("tools", "--json", home=tmp_path).out)
    used = {each["tool_name"]: each["calls"] for each in listed["tools"] if each["calls"]}
    assert list(listed) == ["tools", "insights", "recommendations", "policy", "decisions"]
    assert (listed["decisions"], used["assess_risk"]) == (1, 4)
