"""Servers that nobody else uses, so that a test may kill them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.services import both, settings
from scripts.services.packages import programs
from tests.services import NEEDS

PACKAGES = {NEEDS["postgres"]: "postgresql", NEEDS["rabbitmq"]: "rabbitmq-server"}


@dataclass(frozen=True)
class OwnServers:
    """PostgreSQL and RabbitMQ, kept under `home`."""

    home: Path

    def start(self) -> None:
        """Start what is not running; ports, data and passwords stay what they were."""
        self._command("start")

    def url(self, server: str) -> str:
        """Return where `postgres` or `rabbitmq` listens, dead or alive."""
        return both.url(server, self._state()[server])

    def pid(self, server: str) -> int:
        """Return the number of the process that was started last."""
        return int(self._state()[server]["process"]["pid"])

    def kill(self, server: str) -> None:
        """End it and all it started, as a power cut does: no last words, and nobody left who still answers.

        A process of PostgreSQL that serves a connection outlives its parent by some milliseconds, and may commit then.
        """
        family = [self.pid(server), *descendants(self.pid(server))]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def purge(self) -> None:
        """End both and remove what they kept."""
        self._command("stop", "--purge")

    def _state(self) -> settings.State:
        state: settings.State = json.loads((self.home / "state.json").read_text())
        return state

    def _command(self, *words: str) -> None:
        environment = {**os.environ, "CONCLAVE_SERVICES_HOME": str(self.home), "CONCLAVE_SERVICES_WAY": "packages"}
        command = [sys.executable, "-m", "scripts.services", *words]
        done = subprocess.run(command, env=environment, cwd=settings.ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def descendants(pid: int) -> list[int]:
    """Return the processes that `pid` started, and those that they started."""
    children = [
        int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
    ]
    return children + [grandchild for child in children for grandchild in descendants(child)]


@contextmanager
def own_servers(home: Path) -> Iterator[OwnServers]:
    """Yield running servers of their own, kept under `home`, and remove them afterwards; takes about six seconds."""
    for need, package in PACKAGES.items():
        if programs(package) is None:
            pytest.skip(f"{need} as a Debian package: containers are not killed one by one")
    servers = OwnServers(home)
    try:
        servers.start()
        yield servers
    finally:
        servers.purge()
