"""Commands that run until they are told to stop, with everything they write."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.system.command_line import environment

PATIENCE_S = 60


class Running:
    """A process of `conclave`; `out` and `err` hold what it has written so far."""

    def __init__(self, process: Process) -> None:
        self.out = self.err = ""
        self._process = process
        self._written = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read(name, getattr(process, f"std{name}")), name=f"reads std{name}")
            for name in ("out", "err")
        ]

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.returncode

    async def says(self, name: str, words: str) -> str:
        """Wait until `out` or `err` holds `words`; return what follows them on their line."""
        async with asyncio.timeout(PATIENCE_S), self._written:
            await self._written.wait_for(lambda: self._rest(name, words) is not None)
        return self._rest(name, words) or ""

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """End it without a last word, and return when it is gone."""
        self.send(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> None:
        """Tell it to stop as Ctrl-C does, and wait for its end."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGINT)
        await self.ended()

    async def ended(self) -> int:
        """Wait for its end and return how it ended."""
        async with asyncio.timeout(PATIENCE_S):
            await self._process.wait()
            await asyncio.gather(*self._readers)
        return self._process.returncode or 0

    def _rest(self, name: str, words: str) -> str | None:
        _, found, after = getattr(self, name).partition(words)
        line, ended, _ = after.partition("\n")
        return line if found and ended else None

    async def _read(self, name: str, stream: asyncio.StreamReader) -> None:
        while piece := await stream.readline():
            async with self._written:
                setattr(self, name, getattr(self, name) + piece.decode())
                self._written.notify_all()


@asynccontextmanager
async def running(*args: str, home: Path | None = None, **variables: str) -> AsyncIterator[Running]:
    """Run `conclave` beside the test until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli.main", *args, stdout=PIPE, stderr=PIPE, env=environment(home, **variables)
    )
    started = Running(process)
    try:
        yield started
    finally:
        await started.stop()
