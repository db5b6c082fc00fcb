"""Decisions by rule, made by an API process and a worker over both servers, beside one process that does it alone."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from subprocess import Popen
from typing import Final
from uuid import uuid4

from bench.floor_shared import BareSteps
from bench.http_load import post_bytes, read_answer, requests_per_second
from bench.measure import Row, median
from bench.postgres import database_of_its_own
from bench.scenes import body
from bench.servers import cpu_s, running, start
from scripts.services.ports import free_port

ROUNDS, ONE_BY_ONE, MANY, TOGETHER = 5, 30, 300, 16
BAR: Final = 3.0
PATH = "/api/v1/agents/analyze"
SERVE = ("-m", "app.cli.main", "serve", "--port")
WORK = ("-m", "app.cli.main", "worker")


@dataclass(frozen=True, slots=True)
class _Processes:
    """The API process with its worker, and the one that does all by itself."""

    shared: int
    alone: int
    api: Popen[bytes]
    worker: Popen[bytes]


def rows() -> list[Row]:
    """Measure one at a time, then many at once."""
    postgres, rabbitmq = (os.environ.get(f"CONCLAVE_BENCH_{name}_URL") for name in ("POSTGRES", "RABBITMQ"))
    if not postgres or not rabbitmq:
        return [
            Row("decisions by API and worker", "not measured", "POSTGRES_URL or RABBITMQ_URL missing", "", "≤ 3", None)
        ]
    return asyncio.run(_measured(postgres, rabbitmq))


async def _measured(postgres: str, rabbitmq: str) -> list[Row]:
    request = post_bytes(PATH, body())
    async with (
        database_of_its_own(postgres) as shared_url,
        database_of_its_own(postgres) as alone_url,
        database_of_its_own(postgres) as floor_url,
        await BareSteps.at(floor_url, rabbitmq, f"floor-{uuid4().hex[:12]}") as bare,
    ):
        with _running(shared_url, alone_url, rabbitmq) as processes:
            for port in (processes.shared, processes.alone):
                await _seconds_each(port, request, ONE_BY_ONE)
            return [await _latency(processes, request, bare), await _rate(processes, request)]


@contextmanager
def _running(shared_url: str, alone_url: str, rabbitmq: str) -> Iterator[_Processes]:
    shared, alone = free_port(), free_port()
    terms = {"CONCLAVE_PANEL": "rules"}
    both = {"POSTGRES_URL": shared_url, "RABBITMQ_URL": rabbitmq, "CONCLAVE_BROKER_NAMESPACE": f"b{uuid4().hex[:12]}"}
    with ExitStack() as stack:
        api = stack.enter_context(running([*SERVE, str(shared)], shared, **terms, **both))
        stack.enter_context(running([*SERVE, str(alone)], alone, **terms, POSTGRES_URL=alone_url))
        worker = start(list(WORK), **terms, **both)
        stack.callback(worker.wait, 20)
        stack.callback(worker.terminate)
        yield _Processes(shared, alone, api, worker)


async def _latency(processes: _Processes, request: bytes, bare: BareSteps) -> Row:
    shared, alone, steps = [], [], []
    for _ in range(ROUNDS):
        shared += await _seconds_each(processes.shared, request, ONE_BY_ONE)
        alone += await _seconds_each(processes.alone, request, ONE_BY_ONE)
        steps += [await _timed(bare) for _ in range(ONE_BY_ONE)]
    added, floor = (median(shared) - median(alone)) * 1_000, median(steps) * 1_000
    return Row(
        "latency that a worker adds to a decision by rule, p50",
        f"{added:.1f} ms ({median(shared) * 1_000:.1f} against {median(alone) * 1_000:.1f} alone)",
        f"the same commits and confirms, bare {floor:.1f} ms",
        f"{added / floor:.2f}",
        f"≤ {BAR:g}",
        added <= BAR * floor,
    )


async def _timed(bare: BareSteps) -> float:
    started = time.perf_counter()
    await bare.walk()
    return time.perf_counter() - started


async def _seconds_each(port: int, request: bytes, times: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        writer.write(request)
        await read_answer(reader)
        taken.append(time.perf_counter() - started)
    writer.close()
    await writer.wait_closed()
    return taken


async def _rate(processes: _Processes, request: bytes) -> Row:
    """Return decisions a second with many at once, and where their processor time went."""
    before = _spent(processes)
    rates = [await requests_per_second(processes.shared, request, MANY, TOGETHER) for _ in range(ROUNDS)]
    made = ROUNDS * (MANY // TOGETHER) * TOGETHER
    api, worker = ((after - earlier) / made * 1_000 for earlier, after in zip(before, _spent(processes), strict=True))
    alone = [await requests_per_second(processes.alone, request, MANY, TOGETHER) for _ in range(ROUNDS)]
    return Row(
        f"decisions by API and one worker, {TOGETHER} at once",
        f"{median(rates):.0f}/s, CPU {api:.1f} ms API, {worker:.1f} ms worker",
        f"one process alone {median(alone):.0f}/s",
        f"{median(rates) / median(alone):.2f}",
        "reported",
        None,
    )


def _spent(processes: _Processes) -> tuple[float, float]:
    return cpu_s(processes.api.pid), cpu_s(processes.worker.pid)
