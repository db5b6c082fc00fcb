"""The server itself: where it may listen, what it makes of broken HTTP, and how it stops."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from app.domain.errors import InvalidInputError
from app.domain.identifiers import is_id
from app.web.server import listen_on, serve, url_of
from tests.system.web_desk import Waiter, a_question, an_app, serving, some_settings

BACKEND = Path(__file__).parents[2]


@pytest.fixture
async def served(tmp_path):
    async with serving(an_app(tmp_path), some_settings(tmp_path)) as served:
        yield served


async def exchange(served, request: bytes) -> bytes:
    """Send raw bytes and return everything that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request)
    await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    async with asyncio.timeout(15):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_listening_beyond_this_machine_needs_a_key(tmp_path, host):
    with pytest.raises(InvalidInputError, match="CONCLAVE_API_KEY"):
        serve(some_settings(tmp_path, host=host))


def test_a_port_that_is_taken_is_said_plainly(tmp_path):
    with listen_on("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInputError, match=f"port {port}"):
            serve(some_settings(tmp_path, port=port))


def test_the_address_is_written_as_a_browser_would():
    with listen_on("127.0.0.1", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
async def test_serving_on_port_zero_says_which_and_stops_when_told(tmp_path, told):
    code = "from app.config import Settings; from app.web.server import serve; serve(Settings(port=0))"
    environment = {**os.environ, "CONCLAVE_HOME": str(tmp_path), "PYTHONPATH": str(BACKEND)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=environment, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        while b"ready on" not in (line := await process.stderr.readline()):
            assert line, "the server ended before it was ready"
        url = line.decode().split("ready on ")[1].split()[0]
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.get("/health")).json()["status"] == "up"
        process.send_signal(told)
        await process.communicate()
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /health/live HTTP/1.1\r\n\r\n", b"403"),
        (b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"403"),
        (b"GET http://evil.example/health/live HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"403"),
        (b"GET http://evil.example/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200"),
        (b"GET http://evil.example HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n", b"40"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"400"),
        (b"POST /api/v1/consensus/tally HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", b"400"),
        (b"GET /%00%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"404"),
    ],
)
async def test_broken_http_is_refused_and_never_a_server_error(served, head, status):
    answer = await exchange(served, head)

    assert answer.split(b" ", 2)[1].startswith(status), answer[:200]
    async with httpx.AsyncClient(base_url=served.url) as client:
        assert (await client.get("/health/live")).status_code == 200


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_five_mebibytes_are_too_many(served, in_pieces):
    async def pieces():
        for _ in range(80):
            yield b" " * 65_536

    content = pieces() if in_pieces else b" " * (5 * 1024 * 1024)
    async with httpx.AsyncClient(base_url=served.url) as client:
        answer = await client.post(
            "/api/v1/agents/analyze", content=content, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.post("/api/v1/agents/analyze", json=a_question())).status_code == 200


async def test_an_answer_survives_a_caller_that_left(tmp_path):
    waiter = Waiter()
    async with serving(an_app(tmp_path, waiter), some_settings(tmp_path)) as served:
        keyed = {"Idempotency-Key": "order-1"}
        async with httpx.AsyncClient(base_url=served.url) as client:
            leaving = asyncio.create_task(client.post("/api/v1/agents/analyze", json=a_question(), headers=keyed))
            await waiter.called.wait()
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
        waiter.let_go.set()
        async with httpx.AsyncClient(base_url=served.url) as client:
            while (again := await client.post("/api/v1/agents/analyze", json=a_question(), headers=keyed)).is_error:
                assert again.status_code == 409
            decisions = (await client.get("/api/v1/decisions")).json()["items"]

    assert again.headers["idempotency-replayed"] == "true"
    assert [each["decision_id"] for each in decisions] == [again.json()["decision_id"]]


@pytest.mark.parametrize(("grace_s", "told"), [(600, (signal.SIGTERM, signal.SIGINT)), (0, (signal.SIGTERM,))])
async def test_who_is_cut_off_because_the_server_stops_is_told_to_ask_again(tmp_path, grace_s, told):
    waiter, settings = Waiter(), some_settings(tmp_path, grace_seconds=grace_s)
    async with (
        serving(an_app(tmp_path, waiter), settings) as served,
        httpx.AsyncClient(base_url=served.url, timeout=60) as client,
    ):
        asking = asyncio.create_task(client.post("/api/v1/agents/analyze", json=a_question(timeout_seconds=300)))
        await waiter.called.wait()
        for each in told:
            served.server.handle_exit(each, None)
        answer = await asking
        await served.running

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:conclave:problem:stopping")
    assert answer.headers["retry-after"] == "1"
    assert (await served.app.state.system.get_system_status())["status"] == "down"
    assert is_id(answer.headers["x-correlation-id"])


async def test_a_caller_that_never_finishes_its_headers_is_let_go(served, monkeypatch):
    monkeypatch.setattr("app.web.protocols.HEADERS_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: local")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        async with asyncio.timeout(10):
            await reader.readexactly(1)
    writer.close()
