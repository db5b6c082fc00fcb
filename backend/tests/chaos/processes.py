"""Processes that are started again whenever they end, whoever ended them."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.system.command_line import environment

BACKEND = Path(__file__).resolve().parents[2]
PAUSE_S = 0.2


class Kept:
    """One process that is always there, but for moments.

    Args:
        log: file that gets everything it says.
    """

    def __init__(self, name: str, command: Sequence[str], variables: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.fell = 0
        self._command = [sys.executable, *command]
        self._environment = environment(**variables)
        self._log = log
        self._killed = 0
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and again whenever it ends."""
        await self._spawn()
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    def kill(self) -> None:
        """End it as a power cut does."""
        self._killed += 1
        self.send(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def end(self) -> None:
        """End it for good."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        self.send(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    async def _keep(self) -> None:
        while self._process is not None:
            await self._process.wait()
            if self._killed:
                self._killed -= 1
            else:
                self.fell += 1
                await asyncio.sleep(PAUSE_S)
            await self._spawn()

    async def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdout=log, stderr=subprocess.STDOUT, env=self._environment, cwd=BACKEND
            )
