"""A Prometheus that nobody else uses: Debian's, on loopback, with data of its own, ended with the test."""

import asyncio
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from scripts.services import packages, processes
from scripts.services.ports import LOOPBACK, free_port
from scripts.services.settings import ROOT
from tests.services import NEEDS

RUNS_AS = "prometheus"
LOOK_AGAIN_S = 0.1
PATIENCE_S = 60


def programs() -> Path:
    """Return the folder of `prometheus` and `promtool`, skipping the test where they are not installed."""
    found = packages.programs("prometheus")
    if found is None:
        pytest.skip(NEEDS["prometheus"])
    return found


def promtool(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Prometheus's own checker."""
    command = [str(programs() / "promtool"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Prometheus:
    """A running one.

    Args:
        client: asks it.
    """

    client: httpx.AsyncClient

    async def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of every series that an expression has now."""
        answer = await self._ask("/api/v1/query", query=expression)
        return [(each["metric"], float(each["value"][1])) for each in answer["result"]]

    async def rules(self) -> list[dict[str, Any]]:
        """Return every alert rule, once each has been evaluated."""
        await _until(self._has_evaluated)
        return await self._rules()

    async def scraped(self, times: int = 1) -> None:
        """Wait until the target has been read so often from now on."""
        for _ in range(times):
            await _until(partial(self._has_scraped_since, datetime.now(UTC)))

    async def _rules(self) -> list[dict[str, Any]]:
        return [rule for group in (await self._ask("/api/v1/rules"))["groups"] for rule in group["rules"]]

    async def _has_evaluated(self) -> bool:
        rules = await self._rules()
        return bool(rules) and all(rule["health"] != "unknown" for rule in rules)

    async def _has_scraped_since(self, moment: datetime) -> bool:
        """Whether the target has been found, which takes some seconds, and read after `moment`."""
        targets = (await self._ask("/api/v1/targets"))["activeTargets"]
        assert all(target["health"] != "down" for target in targets), targets
        return any(datetime.fromisoformat(target["lastScrape"]) > moment for target in targets)

    async def _ask(self, path: str, **query: str) -> Any:
        answer = (await self.client.get(path, params=query)).json()
        assert answer["status"] == "success", f"{query}: {answer.get('error')}"
        return answer["data"]


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask another process again and again; it has no way to tell us."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await holds():
                return
            await asyncio.sleep(LOOK_AGAIN_S)


@asynccontextmanager
async def own_prometheus(target: str, key: str) -> AsyncIterator[Prometheus]:
    """Yield one that scrapes `target` (host and port) each second with `key` and follows the rules that are shipped."""
    folder = Path(tempfile.mkdtemp(prefix="conclave-prometheus-", dir="/var/tmp"))
    process = None
    try:
        _write(folder, target, key)
        port = free_port()
        command = [*processes.as_user(RUNS_AS), *_command(folder, port)]
        process = processes.spawn(command, folder / "log", {}, folder)
        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}") as client:
            await asyncio.to_thread(
                processes.wait_ready, "Prometheus", process, folder / "log", lambda: _answers(port), PATIENCE_S
            )
            yield Prometheus(client)
    finally:
        processes.end(process, signal.SIGTERM)
        shutil.rmtree(folder)


def _write(folder: Path, target: str, key: str) -> None:
    (folder / "key").write_text(key)
    (folder / "alerts.yml").write_text((ROOT / "prometheus/alerts.yml").read_text())
    shipped = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    (job,) = shipped["scrape_configs"]
    job["authorization"]["credentials_file"] = str(folder / "key")
    job["static_configs"] = [{"targets": [target]}]
    del job["dns_sd_configs"]
    shipped["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(shipped))
    if processes.as_user(RUNS_AS):
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, RUNS_AS)


def _command(folder: Path, port: int) -> list[str]:
    options = {
        "config.file": str(folder / "prometheus.yml"),
        "storage.tsdb.path": str(folder / "data"),
        "web.listen-address": f"{LOOPBACK}:{port}",
        "log.level": "warn",
    }
    return [str(programs() / "prometheus"), *(f"--{name}={value}" for name, value in options.items())]


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/-/ready").status_code == 200
    except httpx.HTTPError:
        return False
