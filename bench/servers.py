"""Server processes for a measurement: started on a free port, awaited, stopped."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def running(
    command: list[str], port: int, ready: str = "/health/ready", **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; the block starts once it answers."""
    process = start(command, **environment)
    try:
        wait_until_ready(port, process, ready=ready)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def start(command: list[str], **environment: str) -> subprocess.Popen[bytes]:
    """Start a server process."""
    paths = f"{ROOT}{os.pathsep}{ROOT / 'backend'}"
    merged = {**os.environ, "LOG_LEVEL": "WARNING", "PYTHONPATH": paths, **environment}
    return subprocess.Popen([sys.executable, *command], env=merged, cwd=ROOT)


def wait_until_ready(
    port: int, process: subprocess.Popen[bytes], timeout_s: float = 20, ready: str = "/health/ready"
) -> float:
    """Return seconds until the server answered the path `ready`.

    Raises:
        RuntimeError: it ended or took too long.
    """
    started = time.perf_counter()
    while time.perf_counter() - started < timeout_s:
        if process.poll() is not None:
            raise RuntimeError("the server ended before it was ready")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1):
                return time.perf_counter() - started
        except OSError:
            time.sleep(0.005)
    raise RuntimeError("the server was not ready in time")


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1_024
    raise RuntimeError("no such process")


def cpu_s(pid: int) -> float:
    """Return CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
