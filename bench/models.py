"""Decisions by models: rounds on the critical path, wall and CPU time, throughput, replay, outages, memory."""

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import orjson

from app.agent_system import AgentSystem
from app.composition import Desk
from app.config import Settings
from app.domain.identifiers import new_id
from app.domain.questions import Question
from app.event_loop import fast_loop
from app.web.server import leave_the_lasting_alone
from bench.measure import Row
from bench.scenes import question
from bench.servers import memory_mb, running
from scripts.services.ports import free_port

LATENCY_S: Final = 0.2
ROUNDS: Final = 31
SYMBOLS: Final = 20
DEADLINE_S: Final = 2.0
PROVIDERS: Final = ("anthropic", "ollama")

Result = TypeVar("Result")


def rows() -> list[Row]:
    """Measure against the fake vendors in a process of their own."""
    found: list[Row] = []
    with _fakes(0, LATENCY_S) as plain, _fakes(1, LATENCY_S) as using_tools:
        for provider, bar in (("anthropic", "1 / 2"), ("ollama", "2 / 3, 1 without tools")):
            found.append(_as_served(_rounds(provider, plain, using_tools, bar)))
        for provider, bar_s in (("anthropic", 0.25), ("ollama", 0.45)):
            found += _as_served(_one_decision(provider, plain, bar_s))
        found += _as_served(_many_symbols(plain))
        found.append(_as_served(_replayed(plain)))
    for policy in ("rules", "abstain"):
        for fault in ("status:503", "hang"):
            with _fakes(0, LATENCY_S) as failing:
                found.append(_as_served(_outage(failing, policy, fault)))
    return found


def _as_served(measured: Coroutine[Any, Any, Result]) -> Result:
    """Run on the loop of `conclave serve`, with its settings of the collector: ours and the bare clients alike."""
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        leave_the_lasting_alone()
        return runner.run(measured)


@contextmanager
def _fakes(tool_rounds: int, latency_s: float) -> Iterator[str]:
    port = free_port()
    command = ["-m", "app.cli.main", "fake-models", "--port", str(port), "--tool-rounds", str(tool_rounds)]
    with running([*command, "--latency-ms", str(latency_s * 1_000)], port, ready="/_control"):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def _desk(provider: str, url: str, **settings: Any) -> Any:
    with tempfile.TemporaryDirectory() as home:
        told = {
            "provider": provider,
            "panel": "models",
            "home": Path(home),
            "ANTHROPIC_API_KEY": "fake-key",
            "ANTHROPIC_BASE_URL": f"{url}/anthropic",
            "OLLAMA_BASE_URL": f"{url}/ollama",
            **settings,
        }
        async with AgentSystem(Settings(**told)) as system:
            yield await system.start()


@cache
def _asked() -> Question:
    return question()


def _fresh(symbol: str = "AAPL", **others: Any) -> Question:
    return replace(_asked(), symbol=symbol, decision_id=new_id(), **others)


async def _rounds(provider: str, plain: str, using_tools: str, bar: str) -> Row:
    without, with_tools = await _rounds_at(provider, plain), await _rounds_at(provider, using_tools)
    told = f"{without[0]} / {with_tools[0]}, {without[1]} without tools"
    wanted = (1, 2, 1) if provider == "anthropic" else (2, 3, 1)
    ok = (without[0], with_tools[0], without[1]) == wanted
    return Row(f"rounds of {provider}, no tool used / one tool round", told, "", "", bar, ok)


async def _rounds_at(provider: str, url: str) -> tuple[int, int]:
    """Return requests in a row of an analyst that is offered tools, and of the one that is not."""
    async with _desk(provider, url) as desk:
        record = await desk.coordinator.decide(_fresh())
        evidence = await desk.store.evidence(record.decision_id)
    asked = Counter(call["agent_id"] for call in orjson.loads(evidence.document)["model_calls"])
    return max(asked.values()), asked["news_analyst_AAPL"]


async def _one_decision(provider: str, url: str, bar_s: float) -> list[Row]:
    async with _desk(provider, url) as desk:
        await _warm(desk)
        bare = await _bare_client(provider, url, desk)
        walls, extra, floors = [], [], []
        for _ in range(ROUNDS):
            wall_s, cpu_s = await _timed(lambda: desk.coordinator.decide(_fresh()))
            floor_wall_s, floor_cpu_s = await _timed(bare)
            walls.append(wall_s)
            floors.append(floor_wall_s)
            extra.append((cpu_s - floor_cpu_s) * 1_000)
    wall_s, floor_s, cpu_ms = map(statistics.median, (walls, floors, extra))
    return [
        Row(
            f"decision by five votes of {provider}, {LATENCY_S:g} s model",
            f"{wall_s:.3f} s wall",
            f"bare client, same requests {floor_s:.3f} s",
            f"{wall_s / floor_s:.2f}",
            f"≤ {bar_s} s",
            wall_s <= bar_s,
        ),
        Row(f"its CPU beyond the bare client of {provider}", f"{cpu_ms:.1f} ms", "", "", "≤ 5 ms", cpu_ms <= 5),
    ]


async def _timed(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return time.perf_counter() - wall, time.process_time() - cpu


async def _warm(desk: Desk) -> None:
    for _ in range(3):
        await desk.coordinator.decide(_fresh())


async def _bare_client(provider: str, url: str, desk: Desk) -> Callable[[], Awaitable[object]]:
    """Return what sends the requests of one decision by the vendor's own client, analysts side by side."""
    record = await desk.coordinator.decide(_fresh())
    evidence = await desk.store.evidence(record.decision_id)
    assert evidence is not None
    calls = orjson.loads(evidence.document)["model_calls"]
    kept = {each.id: each for each in evidence.exchanges}
    by_agent: dict[str, list[dict[str, Any]]] = {}
    for call in calls:
        asked = orjson.loads(kept[call["exchange_id"]].request)
        by_agent.setdefault(call["agent_id"], []).append(_vendor_body(provider, asked))
    send = _sender(provider, url)

    async def agent(bodies: list[dict[str, Any]]) -> None:
        for body in bodies:
            await send(body)

    async def decision() -> None:
        await asyncio.gather(*(agent(bodies) for bodies in by_agent.values()))

    await decision()
    return decision


def _vendor_body(provider: str, asked: dict[str, Any]) -> dict[str, Any]:
    from app.ai.providers import anthropic_dialect, ollama_dialect
    from app.domain.completions import Answered, Heard, ModelRequest, Said, ToolAnswer, ToolSpec

    def turn(fields: dict[str, Any]) -> Any:
        if "said" in fields:
            return Said(fields["said"])
        if "heard" in fields:
            return Heard(fields["heard"])
        return Answered(tuple(ToolAnswer(**each) for each in fields["answered"]))

    told = {**asked, "turns": tuple(map(turn, asked["turns"])), "tools": tuple(ToolSpec(**x) for x in asked["tools"])}
    request = ModelRequest(**told)
    if provider == "anthropic":
        return anthropic_dialect.payload(request, enforced=True)
    return ollama_dialect.payload(request, {}, "5m")


def _sender(provider: str, url: str) -> Callable[[dict[str, Any]], Awaitable[object]]:
    if provider == "anthropic":
        from anthropic import AsyncAnthropic

        client = AsyncAnthropic(api_key="fake-key", base_url=f"{url}/anthropic", max_retries=0)
        return lambda body: client.messages.create(**body)
    from ollama import AsyncClient

    chat = AsyncClient(host=f"{url}/ollama", timeout=30)
    return lambda body: chat.chat(**body)


async def _many_symbols(url: str) -> list[Row]:
    async with _desk("anthropic", url) as desk:
        await _warm(desk)
        idle_mb = memory_mb_now()
        made, started, highest = 0, time.perf_counter(), 0.0

        async def symbol(name: str) -> None:
            nonlocal made, highest
            for _ in range(6):
                await desk.coordinator.decide(_fresh(name))
                made += 1
                highest = max(highest, memory_mb_now())

        await asyncio.gather(*(symbol(f"S{place:02d}") for place in range(SYMBOLS)))
        a_minute = made / (time.perf_counter() - started) * 60
    return [
        Row(f"{SYMBOLS} symbols at once, Claude", f"{a_minute:.0f} decisions/min", "", "", "≥ 1000", a_minute >= 1_000),
        Row(
            f"memory, {SYMBOLS} symbols in flight",
            f"{highest:.0f} MB",
            f"{idle_mb:.0f} MB before",
            "",
            "≤ 190 MB",
            highest <= 190,
        ),
    ]


def memory_mb_now() -> float:
    """Return the resident memory of this process in MB."""
    import os

    return memory_mb(os.getpid())


async def _replayed(url: str) -> Row:
    async with _desk("anthropic", url) as desk:
        record = await desk.coordinator.decide(_fresh())
        taken = []
        for _ in range(100):
            cpu = time.process_time()
            again = await desk.coordinator.replay(record.decision_id)
            taken.append((time.process_time() - cpu) * 1_000)
    identical = not again.differences
    told = f"{statistics.median(taken):.1f} ms CPU, {'identical' if identical else 'DIFFERENT'}"
    return Row("replay of a decision by models", told, "", "", "≤ 2 ms", identical and statistics.median(taken) <= 2)


async def _outage(url: str, policy: str, fault: str) -> Row:
    async with httpx.AsyncClient(base_url=url) as control, _desk("anthropic", url, on_model_failure=policy) as desk:
        await _warm(desk)
        before = len((await control.get("/_control")).json()["requests"])
        await control.post("/_control/faults", json={"provider": "anthropic", "fault": fault})
        started = time.perf_counter()
        record = orjson.loads((await desk.coordinator.decide(_fresh(timeout_s=DEADLINE_S))).body)
        wall_s = time.perf_counter() - started
        await control.delete("/_control/faults")
        asked = len((await control.get("/_control")).json()["requests"]) - before
    word = record["final_recommendation"]
    right = (word == "NO_DECISION") == (policy == "abstain")
    ok = right and wall_s <= DEADLINE_S + 0.1 and asked <= 10
    told = f"{word} in {wall_s:.2f} s, {asked} requests"
    return Row(f"total outage ({fault}), {DEADLINE_S:g} s deadline, {policy}", told, "", "", "≤ 2.1 s, ≤ 10", ok)
