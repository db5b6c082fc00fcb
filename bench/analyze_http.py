"""POST /analyze of one process against the bare app that does the same work."""

import asyncio
import tempfile
from pathlib import Path

from bench.http_load import post_bytes, requests_per_second
from bench.measure import Row, median, median_ratio
from bench.scenes import body
from bench.servers import cpu_s, running
from scripts.services.ports import free_port

ROUNDS, REQUESTS = 5, 400
PATH = "/api/v1/agents/analyze"


def rows() -> list[Row]:
    """Load both servers in turn."""
    request = post_bytes(PATH, body())
    ours, floor = free_port(), free_port()
    bare = ["-m", "uvicorn", "bench.floor_app:app", "--port", str(floor), "--no-access-log", "--log-level", "warning"]
    serve = ["-m", "app.cli.main", "serve", "--port", str(ours)]
    with (
        tempfile.TemporaryDirectory() as home,
        running(bare, floor, FLOOR_DB=str(Path(home) / "floor.db")) as floor_process,
        running(serve, ours, CONCLAVE_HOME=home) as process,
    ):
        _load(ours, request)
        _load(floor, request)
        taken = [
            (*_measured(ours, process.pid, request), *_measured(floor, floor_process.pid, request))
            for _ in range(ROUNDS)
        ]
    rate, cpu, floor_rate, floor_cpu = (list(column) for column in zip(*taken, strict=True))
    ratio = median_ratio(rate, floor_rate)
    return [
        Row(
            "POST /analyze, requests per second",
            f"{median(rate):.0f}/s, {median(cpu):.2f} ms CPU",
            f"{median(floor_rate):.0f}/s, {median(floor_cpu):.2f} ms CPU",
            f"{ratio:.2f}",
            "≥ 0.33",
            ratio >= 1 / 3,
        )
    ]


def _load(port: int, request: bytes) -> float:
    return asyncio.run(requests_per_second(port, request, REQUESTS))


def _measured(port: int, pid: int, request: bytes) -> tuple[float, float]:
    before = cpu_s(pid)
    rate = _load(port, request)
    return rate, (cpu_s(pid) - before) / REQUESTS * 1_000
