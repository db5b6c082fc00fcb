"""One run: start everything, let clients ask, kill by plan, wait until it is quiet, judge."""

import asyncio
import random
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import httpx

from scripts.services.ports import free_port
from tests.chaos.checker import Found, Verdict, judge
from tests.chaos.plan import Plan
from tests.chaos.processes import BACKEND, Kept
from tests.system.command_line import environment

QUIET_S = 120.0
NOT_QUIET_S = 6.0
"""A control loses something, for which nobody needs to wait long."""
START_S = 120.0


class Ground(Protocol):
    """What processes stand on, and which there are."""

    def commands(self, ports: list[int]) -> dict[str, list[str]]:
        """Return what Python is to run, by name; those named `api` listen on these ports."""

    def variables(self) -> dict[str, str]:
        """Return what all of them find in their environment."""

    def open(self) -> AbstractAsyncContextManager[None]:
        """Make ready what is there before the processes."""

    async def settled(self) -> None:
        """Return when everything is there that must not be killed while it is being made."""

    async def struck(self, what: str) -> bool:
        """Kill something that is no process of ours and bring it back; False where that is not here."""

    async def unfinished(self) -> int:
        """Count what still has to happen."""

    async def look(self) -> Found:
        """Return what is there in the end."""

    async def verified(self) -> int:
        """Return how `conclave verify` ended."""


@dataclass(frozen=True)
class Report:
    """What came of a run.

    Args:
        done: how often each was killed, and how often a worker was paused.
        fell: how often processes ended by themselves, by name.
        quiet_s: from the last answer until nothing waited any more.
        verify: how `conclave verify` ended.
    """

    plan: Plan
    verdict: Verdict
    done: Counter[str]
    fell: dict[str, int]
    asked_s: float
    quiet_s: float
    verify: int

    @property
    def is_clean(self) -> bool:
        """Whether everything that was promised was kept."""
        return self.verdict.is_clean and self.verify == 0


class Run:
    """The processes of one run.

    Args:
        home: folder for books and logs.
    """

    def __init__(self, plan: Plan, ground: Ground, home: Path) -> None:
        self._plan = plan
        self._ground = ground
        self._name = f"run-{uuid4().hex[:8]}"
        self._home = home
        self._book = home / f"{self._name}.book"
        self._chance = random.Random(plan.seed)
        self._ports = [free_port() for _ in range(plan.apis)]
        self._kept = {
            name: Kept(name, command, ground.variables(), home / f"{self._name}.{name}.log")
            for name, command in ground.commands(self._ports).items()
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = 0
        self._progress = asyncio.Condition()
        self.done: Counter[str] = Counter()

    async def report(self) -> Report:
        """Run it all."""
        async with asyncio.timeout(self._plan.most_s), self._running():
            started = time.monotonic()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask())
                both.create_task(self._strike())
            asked_s = time.monotonic() - started
            await self._until_quiet()
            quiet_s = time.monotonic() - started - asked_s
            names = {number: f"chaos-{self._plan.seed}-{number}" for number in range(self._plan.decisions)}
            verdict = judge(self._book, await self._ground.look(), names)
            verify = await self._ground.verified()
        fell = {each.name: each.fell for each in self._kept.values() if each.fell}
        return Report(self._plan, verdict, self.done, fell, asked_s, quiet_s, verify)

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        async with self._ground.open():
            try:
                for each in self._kept.values():
                    await each.start()
                await asyncio.gather(*map(self._answers, self._ports))
                await self._ground.settled()
                yield
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
                for each in self._kept.values():
                    await each.end()

    async def _answers(self, port: int) -> None:
        async with asyncio.timeout(START_S), httpx.AsyncClient() as client:
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200:
                        return
                await asyncio.sleep(0.2)

    async def _ask(self) -> None:
        urls = [f"http://127.0.0.1:{port}" for port in self._ports]
        plan = self._plan
        words = [str(self._book), str(plan.decisions), str(plan.seed), str(plan.at_once), *urls]
        log = self._home / f"{self._name}.client.log"
        with log.open("wb") as errors:
            client = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.chaos.client", *words),
                stdout=PIPE,
                stderr=errors,
                cwd=BACKEND,
                env=environment(PYTHONPATH=f"{BACKEND}:{BACKEND.parent}"),
            )
        try:
            while await client.stdout.readline():
                async with self._progress:
                    self._ended += 1
                    self._progress.notify_all()
            assert await client.wait() == 0, log.read_text()[-2_000:]
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()

    async def _strike(self) -> None:
        for after, what in self._plan.strokes():
            async with self._progress:
                await self._progress.wait_for(lambda after=after: self._ended >= after)
            await self._struck(what)
            self.done[what] += 1

    async def _struck(self, what: str) -> None:
        if await self._ground.struck(what):
            return
        kind = "worker" if what == "pause" else what
        victim = self._kept[self._chance.choice([name for name in self._kept if name.startswith(kind)])]
        if what != "pause":
            victim.kill()
            return
        task = asyncio.create_task(self._paused(victim))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _paused(self, worker: Kept) -> None:
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(2.5 * self._plan.lease_s)
        worker.send(signal.SIGCONT)

    async def _until_quiet(self) -> None:
        """Wait until nothing has to happen any more, if that ever comes."""
        ends = time.monotonic() + (QUIET_S if not self._plan.control else NOT_QUIET_S)
        while await self._ground.unfinished() and time.monotonic() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.25)
