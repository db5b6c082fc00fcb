"""`?since=`: stored events first, then live ones, none missing and none twice."""

import asyncio

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.system.test_socket_feed import analyse, hear, settle
from tests.system.web_desk import a_question, an_app, serving, some_settings


@pytest.fixture
async def served(tmp_path):
    async with serving(an_app(tmp_path), some_settings(tmp_path)) as served:
        yield served


async def test_what_was_missed_comes_first(served):
    for _ in range(3):
        await analyse(served)
    async with connect(served.socket_url + "?since=5") as socket:
        missed = await settle(socket)
        await analyse(served)
        live = await settle(socket)

    assert [each["seq"] for each in (*missed, *live)] == list(range(6, 17))


async def test_from_the_beginning_is_everything(served):
    await analyse(served)
    async with connect(served.socket_url + "?since=0") as socket:
        assert [each["seq"] for each in await settle(socket)] == [1, 2, 3, 4]


async def test_from_the_newest_is_nothing(served):
    await analyse(served)
    async with connect(served.socket_url + "?since=4") as socket:
        assert await settle(socket) == []


async def test_a_replay_keeps_to_the_topics(served):
    await analyse(served)
    await analyse(served, symbol="MSFT")
    async with connect(served.socket_url + "?since=0&topics=symbol:MSFT,agent:risk_advisor_AAPL") as socket:
        heard = await settle(socket)

    assert [each["seq"] for each in heard] == [3, 5, 6, 7, 8]


async def test_nothing_is_missing_or_double_while_much_happens(served):
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as client:
        for _ in range(60):
            await client.post("/api/v1/agents/analyze", json=a_question())
        work = [client.post("/api/v1/agents/analyze", json=a_question()) for _ in range(40)]
        busy = asyncio.gather(*work)
        sockets = [await connect(served.socket_url + "?since=0", max_queue=None) for _ in range(4)]
        await busy
        heard = [[each["seq"] for each in await settle(socket)] for socket in sockets]
        for socket in sockets:
            await socket.close()

    assert all(numbers == list(range(1, 401)) for numbers in heard)


async def test_too_long_ago_is_a_gap(tmp_path):
    app = an_app(tmp_path, feed_replay=5)
    async with serving(app, some_settings(tmp_path)) as served:
        await analyse(served)
        await analyse(served)
        async with connect(served.socket_url + "?since=2") as socket:
            gap = await hear(socket)
            assert await settle(socket) == []
        async with connect(served.socket_url + "?since=3") as socket:
            assert [each["seq"] for each in await settle(socket)] == [4, 5, 6, 7, 8]

    assert (gap["type"], gap["seq"]) == ("gap", 8)
    assert gap["data"] == {"since": 2, "oldest_available": 3, "newest": 8}


async def test_a_number_nobody_has_is_a_gap(served):
    async with connect(served.socket_url + "?since=99") as socket:
        assert (await hear(socket))["type"] == "gap"
        await analyse(served)
        assert len(await settle(socket)) == 4


@pytest.mark.parametrize("since", ["-1", "x", "", "1.5", "9" * 30, "%F0%9F%98%80"])
async def test_a_number_that_is_none_is_an_error_and_the_feed_goes_on(served, since):
    async with connect(served.socket_url + f"?since={since}") as socket:
        assert (await hear(socket))["type"] == "error"
        await analyse(served)
        assert len(await settle(socket)) == 4


async def test_numbers_survive_a_restart(tmp_path):
    async with serving(an_app(tmp_path), some_settings(tmp_path)) as served:
        await analyse(served)
    async with serving(an_app(tmp_path), some_settings(tmp_path)) as served:
        await analyse(served)
        async with connect(served.socket_url + "?since=3") as socket:
            assert [each["seq"] for each in await settle(socket)] == [4, 5, 6, 7, 8]
