"""The server of the stand-ins: its control routes, its life, and the command that starts it."""

import asyncio
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import anthropic
import httpx
import pytest

from app.testing.fake_models.embedded_server import GRACE_S
from app.testing.fake_models.fault_kinds import KINDS
from app.testing.fake_models.server import BRAINS, FakeModels
from tests.system.command_line import conclave, environment
from tests.system.fake_model_talk import CLAUDE, LLAMA, a_request, claude, llama, said

BACKEND = Path(__file__).parents[2]


@pytest.fixture
async def control(fakes):
    async with httpx.AsyncClient(base_url=fakes.url) as client:
        yield client


async def test_a_fault_is_switched_on_and_off_while_the_server_runs(fakes, control):
    fault = {"provider": "anthropic", "fault": "status:529", "times": 3, "after": 0, "match": "AAPL"}
    switched = await control.post("/_control/faults", json=fault)
    async with claude(fakes) as client:
        with pytest.raises(anthropic.OverloadedError):
            await client.messages.create(**a_request())
        (waiting,) = (await control.get("/_control")).json()["faults"]
        cleared = await control.delete("/_control/faults")
        await client.messages.create(**a_request())

    assert (switched.status_code, cleared.status_code) == (201, 204)
    assert waiting == {**fault, "times": 2, "path": None}
    assert (await control.get("/_control")).json()["faults"] == []


async def test_the_control_route_lists_every_request_without_its_body(fakes, control):
    fakes.fault("ollama", "status:500", times=1)
    async with claude(fakes) as client, llama(fakes) as other:
        async with client.messages.stream(**a_request()) as stream:
            await stream.until_done()
        with pytest.raises(Exception, match="terminated"):
            await other.chat(LLAMA, said())

    requests = (await control.get("/_control")).json()["requests"]
    assert [{name: value for name, value in each.items() if name != "time"} for each in requests] == [
        {
            "provider": "anthropic",
            "path": "/v1/messages",
            "model": CLAUDE,
            "stream": True,
            "status": 200,
            "fault": [],
        },
        {
            "provider": "ollama",
            "path": "/api/chat",
            "model": LLAMA,
            "stream": False,
            "status": 500,
            "fault": ["status"],
        },
    ]
    assert requests[0]["time"] <= requests[1]["time"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"hang", "Send a JSON object"),
        (b"[]", "Send a JSON object"),
        (b"{}", "no provider of that name"),
        (b'{"provider": "ollama"}', "no fault of that name"),
        (b'{"provider": "ollama", "fault": "hang", "times": true}', "whole numbers"),
        (b'{"provider": "ollama", "fault": "hang", "often": 2}', "Send only provider, fault, times"),
    ],
)
async def test_a_fault_that_cannot_be_read_is_refused_with_what_to_send(control, body, words):
    answer = await control.post("/_control/faults", content=body)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


async def test_an_address_nobody_knows_is_not_found_and_a_wrong_method_not_allowed(control):
    assert (await control.get("/openai/v1/models")).status_code == 404
    assert (await control.get("/anthropic/v1/messages")).status_code == 405


async def test_every_answer_waits_for_the_latency(fakes):
    loop = asyncio.get_running_loop()
    async with FakeModels(latency_s=0.05) as slow, llama(slow) as client:
        begun = loop.time()
        await client.chat(LLAMA, said())

    assert loop.time() - begun >= 0.05


async def test_a_client_that_leaves_during_the_latency_is_let_go():
    async with FakeModels(latency_s=600) as slow:
        async with llama(slow) as client:
            leaving = asyncio.create_task(client.chat(LLAMA, said()))
            await slow.received(1)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
        await slow.settled()

    assert slow.requests[0].status is None


async def test_a_server_with_open_connections_stops_at_once():
    async with AsyncExitStack() as running:
        fakes = await running.enter_async_context(FakeModels())
        async with llama(fakes) as client:
            await client.chat(LLAMA, said())
            async with asyncio.timeout(GRACE_S / 2):
                await running.aclose()
            with pytest.raises(ConnectionError):
                await client.chat(LLAMA, said())


async def test_a_client_that_does_not_read_does_not_keep_the_server_from_stopping(monkeypatch):
    monkeypatch.setattr("app.testing.fake_models.embedded_server.GRACE_S", 0.1)
    async with AsyncExitStack() as running:
        fakes = await running.enter_async_context(FakeModels())
        fakes.fault("ollama", "huge")
        reader, writer = await asyncio.open_connection("127.0.0.1", int(fakes.url.rpartition(":")[2]))
        body = b'{"model": "llama3.2", "messages": [{"role": "user", "content": "hello"}]}'
        head = f"POST /ollama/api/chat HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await reader.readexactly(1)
        async with asyncio.timeout(10):
            await running.aclose()
        writer.close()
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", int(fakes.url.rpartition(":")[2]))


async def test_many_clients_at_once_are_all_answered(fakes):
    async with claude(fakes) as client:
        answers = await asyncio.gather(*(client.messages.create(**a_request()) for _ in range(40)))

    assert {each.stop_reason for each in answers} == {"end_turn"}
    assert len(fakes.asked("anthropic")) == 40


async def test_a_server_can_listen_on_the_newer_loopback():
    async with FakeModels(host="[::1]") as fakes, llama(fakes) as client:
        assert fakes.url.startswith("http://[::1]:")
        assert (await client.chat(LLAMA, said())).done


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_prints_the_environment_that_leads_to_it_and_stops_when_told(tmp_path, told):
    command = [sys.executable, "-m", "app.cli.main", "fake-models", "--port", "0", "--fault", "ollama:503"]
    process = await asyncio.create_subprocess_exec(
        *command, "--tool-rounds", "0", env={**environment(tmp_path), "PYTHONPATH": str(BACKEND)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        lines = [(await process.stdout.readline()).decode() for _ in range(5)]
        given = dict(line.removeprefix("export ").rstrip().split("=", 1) for line in lines)
        async with anthropic.AsyncAnthropic(
            base_url=given["ANTHROPIC_BASE_URL"], api_key=given["ANTHROPIC_API_KEY"], max_retries=0
        ) as client:
            message = await client.messages.create(**a_request())
        async with httpx.AsyncClient() as other:
            refused = await other.get(given["OLLAMA_BASE_URL"] + "/api/tags")
        process.send_signal(told)
        _, words = await process.communicate()

    assert list(given) == [
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_API_KEY",
        "OLLAMA_BASE_URL",
        "CONCLAVE_PERPLEXITY_URL",
        "PERPLEXITY_API_KEY",
    ]
    assert (message.stop_reason, refused.status_code) == ("end_turn", 200)
    assert "Faults that are on: ollama:503" in words.decode()
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--fault", "openai:hang"), "Choose anthropic, ollama or perplexity"),
        (("--fault", "ollama"), "Choose status"),
        (("--fault", "ollama:418"), "status:529"),
        (("--brain", "clever"), "Invalid value for '--brain'"),
        (("--latency-ms", "-1"), "--latency-ms"),
    ],
)
def test_a_wrong_use_of_the_command_is_bad_input(args, words):
    ended = conclave("fake-models", "--port", 0, *args)

    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err


def test_a_port_that_is_taken_is_told_with_the_way_out():
    ended = conclave("fake-models", "--host", "192.0.2.1", "--port", 0)

    assert ended.code == 2
    assert "--host" in ended.err


def test_the_command_names_every_fault():
    shown = conclave("fake-models", "--help").out

    assert [kind for kind in KINDS if kind not in shown] == []


def test_the_command_offers_every_brain():
    assert f"[{'|'.join(BRAINS)}]" in conclave("fake-models", "--help").out


def test_asking_for_help_loads_no_server_and_no_client():
    heavy = "anthropic", "ollama", "starlette", "uvicorn"
    code = f"import sys, app.cli.fake_models, app.testing.fake_models; print([m for m in {heavy} if m in sys.modules])"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=BACKEND, check=True)

    assert ended.stdout.strip() == "[]"
