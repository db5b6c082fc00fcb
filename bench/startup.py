"""How soon it is there and how much memory it takes."""

import subprocess
import sys
import tempfile
import time
import urllib.request

from bench.measure import Row, median
from bench.scenes import body
from bench.servers import ROOT, memory_mb, start, wait_until_ready
from scripts.services.ports import free_port

ROUNDS = 5


def rows() -> list[Row]:
    """Start everything a few times."""
    help_s = median([_help() for _ in range(ROUNDS)])
    bare_s = median([_bare_interpreter() for _ in range(ROUNDS)])
    ready, idle, after = (median(list(column)) for column in zip(*(_serve() for _ in range(ROUNDS)), strict=True))
    return [
        Row(
            "conclave --help",
            f"{help_s:.2f} s",
            f"python -c pass {bare_s:.2f} s",
            f"{help_s / bare_s:.1f}",
            "≤ 0.4 s",
            help_s <= 0.4,
        ),
        Row("serve to ready", f"{ready:.2f} s", "", "", "≤ 2 s", ready <= 2),
        Row("memory idle", f"{idle:.0f} MB", "", "", "≤ 110 MB", idle <= 110),
        Row("memory after the first decision", f"{after:.0f} MB", "", "", "≤ 150 MB", after <= 150),
    ]


def _timed(*command: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True, cwd=ROOT / "backend")
    return time.perf_counter() - started


def _help() -> float:
    return _timed("-m", "app.cli.main", "--help")


def _bare_interpreter() -> float:
    return _timed("-c", "pass")


def _serve() -> tuple[float, float, float]:
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        process = start(["-m", "app.cli.main", "serve", "--port", str(port)], CONCLAVE_HOME=home)
        try:
            ready = wait_until_ready(port, process)
            idle = memory_mb(process.pid)
            _first_decision(port)
            return ready, idle, memory_mb(process.pid)
        finally:
            process.terminate()
            process.wait(10)


def _first_decision(port: int) -> None:
    url = f"http://127.0.0.1:{port}/api/v1/agents/analyze"
    request = urllib.request.Request(url, body(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
