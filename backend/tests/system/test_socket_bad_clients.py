"""Clients that are not let in, talk nonsense or do not listen: none of them harms another."""

import asyncio
import socket as raw

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.web.app import create_app
from tests.system.test_socket_feed import analyse, hear, say, settle
from tests.system.web_desk import an_alert, an_app, serving, some_settings

KEY = "CANARY-key-0123456789"


@pytest.fixture
async def served(tmp_path):
    async with serving(an_app(tmp_path), some_settings(tmp_path)) as served:
        yield served


@pytest.fixture
async def locked(tmp_path):
    async with serving(an_app(tmp_path, api_key=KEY), some_settings(tmp_path)) as served:
        yield served


async def close_code(socket):
    async with asyncio.timeout(10):
        await socket.wait_closed()
    return socket.close_code


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_a_page_from_elsewhere_is_not_let_in(served, headers):
    with pytest.raises(InvalidStatus) as refusal:
        await connect(served.socket_url, additional_headers=headers)

    assert refusal.value.response.status_code == 403
    assert b"CONCLAVE_ALLOWED_ORIGINS" in refusal.value.response.body


async def test_another_host_is_not_let_in(served):
    address = served.socket_url.replace("127.0.0.1", "evil.example")
    with pytest.raises(InvalidStatus) as refusal:
        await connect(address, host="127.0.0.1", port=served.port)

    assert refusal.value.response.status_code == 403


async def test_a_page_of_this_machine_is_let_in(served):
    async with connect(served.socket_url, additional_headers={"Origin": "http://localhost:3000"}) as socket:
        assert await settle(socket) == []


async def test_the_key_may_be_in_the_header_or_the_first_message(locked):
    async with connect(locked.socket_url, additional_headers={"Authorization": f"Bearer {KEY}"}) as socket:
        assert await settle(socket) == []
    async with connect(locked.socket_url) as socket:
        await say(socket, "authenticate", {"key": KEY})
        told = await hear(socket)
        assert await settle(socket) == []

    assert told["type"] == "authenticated"
    assert KEY not in str(told)


async def test_a_wrong_key_in_the_header_is_refused(locked):
    with pytest.raises(InvalidStatus) as refusal:
        await connect(locked.socket_url, additional_headers={"Authorization": "Bearer nonsense"})

    assert refusal.value.response.status_code == 401


@pytest.mark.parametrize(
    "first",
    [
        '{"type":"authenticate","data":{"key":"nonsense"}}',
        '{"type":"ping"}',
        "nonsense",
        b"binary",
        '{"type":"authenticate","data":{"key":7}}',
        '{"type":"authenticate"}',
        "[" * 9_000,
    ],
)
async def test_anything_but_the_key_closes(locked, first):
    async with connect(locked.socket_url + f"?key={KEY}") as socket:
        await socket.send(first)
        assert await close_code(socket) == 1008


async def test_nobody_hears_anything_before_the_key_and_silence_closes(tmp_path):
    app = an_app(tmp_path, api_key=KEY)
    async with serving(app, some_settings(tmp_path)) as served:
        served.feed._key_wait_s = 0.2
        async with connect(served.socket_url) as socket:
            with pytest.raises(ConnectionClosed):
                await hear(socket)
            assert socket.close_code == 1008


@pytest.mark.parametrize(
    "text",
    [
        "CANARY",
        "",
        "null",
        "[]",
        "7",
        '"x"',
        "{}",
        '{"type":"CANARY"}',
        '{"type":7}',
        '{"type":null}',
        '{"type":["ping"]}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","data":[]}',
        '{"type":"subscribe","data":"CANARY"}',
        '{"type":"subscribe","data":{"topic":"CANARY"}}',
        '{"type":"subscribe","data":{"topic":7}}',
        '{"type":"subscribe","data":{"topic":"symbol:../CANARY"}}',
        '{"type":"subscribe","data":{"topic":"symbol:"}}',
        '{"type":"subscribe","data":{"topic":"agent:"}}',
        '{"type":"subscribe","data":{"topics":[]}}',
        '{"type":"ping","data":NaN}',
        '{"type":"ping","data":{"x":1e999}}',
        '{"type":"ping","id":"\\ud800"}',
        '{"type":"ping","data":' + "[" * 3_000,
        '{"type":"ping","data":{"a":' + "[" * 40 + "]" * 40 + "}}",
        '{"type":"agent_request"}',
        '{"type":"agent_request","data":{"symbol":"CANARY/.."}}',
        '{"type":"ping","data":{"x":"' + "a" * 16_384 + '"}}',
        '{"type":"ping","data":{"agent_request":"' + "a" * 16_384 + '"}}',
    ],
)
async def test_nonsense_is_an_error_and_the_connection_lives(served, text):
    async with connect(served.socket_url) as socket:
        await socket.send(text)
        error = await hear(socket)
        assert await settle(socket) == []

    assert error["type"] == "error"
    assert error["data"].keys() >= {"type", "title", "status", "detail", "errors"}
    assert error["data"]["status"] < 500
    assert "CANARY" not in str(error)


@pytest.mark.parametrize(("given", "told"), [("a.b-c_1", "a.b-c_1"), (7, 7)])
async def test_an_error_carries_the_clients_own_id(served, given, told):
    async with connect(served.socket_url) as socket:
        await say(socket, "nonsense", id=given)
        assert (await hear(socket))["data"]["id"] == told


@pytest.mark.parametrize("given", ["a b", "x" * 65, True, 1.5, {}, ["a"], None, "<b>"])
async def test_an_unsafe_id_is_left_out(served, given):
    async with connect(served.socket_url) as socket:
        await say(socket, "nonsense", id=given)
        assert "id" not in (await hear(socket))["data"]


async def test_a_client_may_have_fifty_topics(served):
    async with connect(served.socket_url) as socket:
        await say(socket, "subscribe", {"topics": [f"symbol:S{number}" for number in range(50)]})
        assert (await hear(socket))["type"] == "subscription_confirmed"
        await say(socket, "subscribe", {"topic": "symbol:ONE-MORE"})
        assert (await hear(socket))["type"] == "error"


async def test_bad_topics_in_the_address_change_nothing(served):
    async with connect(served.socket_url + "?topics=nonsense,alert") as socket:
        assert (await hear(socket))["type"] == "error"
        await analyse(served)
        assert len(await settle(socket)) == 4


async def test_a_binary_frame_is_an_error_and_the_end(served):
    async with connect(served.socket_url) as socket:
        await socket.send(b"\x00\x01")
        assert (await hear(socket))["type"] == "error"
        assert await close_code(socket) == 1003


async def test_a_frame_beyond_a_mebibyte_is_the_end(served):
    async with connect(served.socket_url) as socket:
        await socket.send("x" * (1024 * 1024 + 1))
        assert await close_code(socket) == 1009


async def test_fifty_errors_are_the_end(served):
    async with connect(served.socket_url) as socket:
        for _ in range(50):
            await socket.send("nonsense")
        heard = []
        with pytest.raises(ConnectionClosed):
            while True:
                heard.append(await hear(socket))

    assert len(heard) == 50
    assert socket.close_code == 1008


async def test_more_connections_than_there_is_room_for_are_refused(served):
    served.feed._max_clients = 2
    async with connect(served.socket_url) as first, connect(served.socket_url) as second:
        await settle(first)
        await settle(second)
        async with connect(served.socket_url) as third:
            assert await close_code(third) == 1013
        assert await settle(first) == []


async def test_a_client_that_never_reads_is_cut_off_and_the_others_hear_all(served):
    handshake = (
        f"GET /ws/agents HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    deaf = raw.socket()
    deaf.setsockopt(raw.SOL_SOCKET, raw.SO_RCVBUF, 4_096)
    deaf.connect(("127.0.0.1", served.port))
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(deaf, handshake.encode())
    bus = (await served.app.state.system.start()).bus
    with deaf:
        async with connect(served.socket_url, max_queue=None) as socket:
            await settle(socket)
            sent = 0
            async with asyncio.timeout(30):
                while not served.feed.evictions:
                    await bus.publish(an_alert())
                    sent += 1
                    assert (await hear(socket))["type"] == "alert"
            assert served.feed.clients == 1
            assert await settle(socket) == []

    assert sent < 1_000


async def test_a_client_that_reads_gets_a_burst_larger_than_its_queue(served):
    bus = (await served.app.state.system.start()).bus
    async with connect(served.socket_url, max_queue=None) as socket:
        await settle(socket)
        await bus.publish(*(an_alert(10) for _ in range(2_000)))
        heard = [(await hear(socket))["type"] for _ in range(2_000)]

    assert set(heard) == {"alert"}
    assert served.feed.evictions == 0


async def test_a_late_reader_learns_that_it_was_cut_off(tmp_path):
    settings = some_settings(tmp_path, feed_backlog=4)
    async with serving(create_app(settings=settings), settings) as served:
        bus = (await served.app.state.system.start()).bus
        async with connect(served.socket_url, max_queue=1) as socket:
            await settle(socket)
            async with asyncio.timeout(30):
                while not served.feed.evictions:
                    await asyncio.wait([asyncio.create_task(bus.publish(an_alert(200_000)))])
            with pytest.raises(ConnectionClosed):
                while True:
                    await hear(socket)
            assert socket.close_code == 1013


async def test_a_socket_elsewhere_is_refused(served):
    with pytest.raises(InvalidStatus):
        await connect(served.socket_url + "/nowhere")
