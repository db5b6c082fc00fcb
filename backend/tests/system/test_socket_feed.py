"""`/ws/agents` on a real server: what a client gets, and what it may say."""

import asyncio
import json

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.system.web_desk import Waiter, a_question, an_app, serving, some_settings


@pytest.fixture
async def served(tmp_path):
    async with serving(an_app(tmp_path), some_settings(tmp_path)) as served:
        yield served


async def say(socket, kind, data=None, **more):
    await socket.send(json.dumps({"type": kind, "data": data, **more}))


async def hear(socket):
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


async def settle(socket):
    """Return everything heard before the answer to a ping."""
    await say(socket, "ping", id="settled")
    heard = []
    while (message := await hear(socket))["type"] != "pong":
        heard.append(message)
    return heard


async def analyse(served, **changes):
    async with httpx.AsyncClient(base_url=served.url) as client:
        answer = await client.post("/api/v1/agents/analyze", json=a_question(**changes))
        assert answer.status_code == 200
        return answer.json()


async def heard_of_an_analysis(served, socket, **changes):
    await settle(socket)
    await analyse(served, **changes)
    return await settle(socket)


async def test_a_new_connection_hears_everything_in_envelopes(served):
    async with connect(served.socket_url) as socket:
        heard = await heard_of_an_analysis(served, socket)

    assert [each["type"] for each in heard] == [
        "agent_coordination", "agent_decision", "agent_decision", "agent_coordination",
    ]  # fmt: skip
    assert all(each.keys() == {"type", "data", "seq", "timestamp"} for each in heard)
    numbers = [each["seq"] for each in heard]
    assert numbers == sorted(set(numbers))
    assert all(each["timestamp"].endswith("+00:00") for each in heard)
    vote, result = heard[1]["data"], heard[-1]["data"]
    assert vote.keys() >= {"agent_id", "agent_type", "symbol", "decision", "confidence", "reasoning", "timestamp"}
    assert result["message_type"] == "consensus_result"
    assert result["sender_agent_id"]
    assert result["payload"]["final_decision"] == "BUY"
    assert result["payload"].keys() >= {"status", "resolved_by", "consensus_achieved", "participating_agents"}


@pytest.mark.parametrize(
    ("topic", "types"),
    [
        ("agent_decision", ["agent_decision"] * 2),
        ("agent_coordination", ["agent_coordination"] * 2),
        ("symbol:AAPL", ["agent_coordination", "agent_decision", "agent_decision", "agent_coordination"]),
        ("symbol:aapl", ["agent_coordination", "agent_decision", "agent_decision", "agent_coordination"]),
        ("symbol:MSFT", []),
        ("agent:risk_advisor", ["agent_decision"]),
        ("agent:risk_advisor_AAPL", ["agent_decision"]),
        ("agent:nobody", []),
        ("tool_execution", []),
        ("alert", []),
        ("*", ["agent_coordination", "agent_decision", "agent_decision", "agent_coordination"]),
    ],
)
async def test_the_first_subscription_replaces_everything(served, topic, types):
    async with connect(served.socket_url) as socket:
        await say(socket, "subscribe", {"topic": topic}, id=7)
        confirmed = await hear(socket)
        heard = await heard_of_an_analysis(served, socket)

    assert confirmed["type"] == "subscription_confirmed"
    assert confirmed["data"]["id"] == 7
    assert [each["type"] for each in heard] == types


async def test_further_subscriptions_add_and_none_doubles(served):
    async with connect(served.socket_url) as socket:
        await say(socket, "subscribe", {"topic": "agent:risk_advisor"})
        await say(socket, "subscribe", {"topic": "symbol:AAPL"})
        heard = await heard_of_an_analysis(served, socket)

    assert len(heard) == 4


async def test_an_unsubscribed_topic_is_heard_no_more(served):
    async with connect(served.socket_url) as socket:
        await say(socket, "subscribe", {"topic": "agent_decision"})
        await say(socket, "unsubscribe", {"topic": "agent_decision"})
        await hear(socket)
        removed = await hear(socket)
        heard = await heard_of_an_analysis(served, socket)

    assert (removed["type"], removed["data"]["topic"], heard) == ("subscription_removed", "agent_decision", [])


async def test_topics_in_the_address_replace_everything(served):
    async with connect(served.socket_url + "?topics=agent:market_analyst,alert") as socket:
        heard = await heard_of_an_analysis(served, socket)

    assert [each["data"]["agent_type"] for each in heard] == ["market_analyst"]


async def test_a_ping_gets_a_pong_with_the_newest_number(served):
    async with connect(served.socket_url) as socket:
        heard = await heard_of_an_analysis(served, socket)
        await say(socket, "ping", id="mine")
        pong = await hear(socket)

    assert (pong["type"], pong["data"], pong["seq"]) == ("pong", {"id": "mine"}, heard[-1]["seq"])


async def test_an_agent_request_streams_its_analysis_to_whoever_asked(served):
    async with connect(served.socket_url) as asker, connect(served.socket_url + "?topics=alert") as other:
        await say(asker, "subscribe", {"topic": "alert"})
        await hear(asker)
        await settle(other)
        await say(asker, "agent_request", a_question(), id="my-trade.1")
        heard = [await hear(asker) for _ in range(4)]
        assert await settle(other) == []
        assert await settle(asker) == []

    assert [each["type"] for each in heard][-1] == "agent_coordination"
    assert heard[-1]["data"]["payload"]["correlation_id"] == "my-trade.1"


async def test_an_asker_that_hears_everything_hears_nothing_twice(served):
    async with connect(served.socket_url) as socket:
        await say(socket, "agent_request", a_question())
        heard = [await hear(socket) for _ in range(4)]
        assert await settle(socket) == []

    assert len({each["seq"] for each in heard}) == 4


async def test_an_analysis_that_cannot_be_is_an_error_with_the_clients_id(served):
    async with connect(served.socket_url) as socket:
        await say(socket, "agent_request", a_question(method="CANARY"), id="mine")
        error = await hear(socket)

    assert (error["type"], error["data"]["id"], error["data"]["status"]) == ("error", "mine", 422)
    assert error["data"].keys() >= {"type", "title", "status", "detail", "errors"}
    assert "CANARY" not in str(error)


async def test_four_analyses_of_a_client_run_at_once_and_no_more(tmp_path):
    waiter = Waiter()
    async with (
        serving(an_app(tmp_path, waiter), some_settings(tmp_path)) as served,
        connect(served.socket_url) as socket,
    ):
        for number in range(5):
            await say(socket, "agent_request", a_question(), id=number)
        refused = await hear(socket)
        waiter.let_go.set()
        heard = [await hear(socket) for _ in range(12)]

    assert (refused["type"], refused["data"]["id"], refused["data"]["status"]) == ("error", 4, 503)
    assert {each["type"] for each in heard} == {"agent_coordination", "agent_decision"}


async def test_who_leaves_takes_its_analyses_along(tmp_path):
    waiter = Waiter()
    async with serving(an_app(tmp_path, waiter), some_settings(tmp_path)) as served:
        async with connect(served.socket_url) as socket:
            await say(socket, "agent_request", a_question())
            await waiter.called.wait()
        async with connect(served.socket_url) as socket:
            waiter.let_go.set()
            assert await settle(socket) == []
        async with httpx.AsyncClient(base_url=served.url) as client:
            assert (await client.get("/api/v1/decisions")).json()["items"] == []


async def test_a_stopping_server_says_so(served):
    async with connect(served.socket_url) as socket:
        await settle(socket)
        stopping = asyncio.create_task(served.stop())
        async with asyncio.timeout(5):
            await socket.wait_closed()
        await stopping

    assert socket.close_code == 1012
