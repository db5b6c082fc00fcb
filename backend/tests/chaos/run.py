"""One run: start everything, let clients ask, kill by plan, wait until it is quiet, judge."""

import asyncio
import random
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx

from tests.chaos.checker import Verdict, judge, look
from tests.chaos.consumer import TABLES
from tests.chaos.plan import Plan
from tests.chaos.processes import BACKEND, Kept
from tests.integration.rabbitmq_scene import write_down_queues
from tests.own_servers import OwnServers
from tests.system.command_line import conclave, environment

QUIET_S = 120.0
START_S = 120.0


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
        servers: database and broker, which are killed too.
        home: folder for books and logs.
    """

    def __init__(self, plan: Plan, servers: OwnServers, home: Path) -> None:
        self._plan = plan
        self._servers = servers
        self._home = home
        self._name = f"chaos_{uuid4().hex[:8]}"
        self._database = urlsplit(servers.url("postgres"))._replace(path=f"/{self._name}").geturl()
        self._book = home / f"{self._name}.book"
        self._chance = random.Random(plan.seed)
        self._ports = [_free_port() for _ in range(plan.apis)]
        self._kept = self._processes()
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
        verdict = judge(self._book, await look(self._database), names)
        verified = await asyncio.to_thread(conclave, "verify", POSTGRES_URL=self._database)
        fell = {each.name: each.fell for each in self._kept.values() if each.fell}
        return Report(self._plan, verdict, self.done, fell, asked_s, quiet_s, verified.code)

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        owner = await asyncpg.connect(self._servers.url("postgres"))
        await owner.execute(f'CREATE DATABASE "{self._name}"')
        await owner.close()
        await asyncio.to_thread(conclave, "migrate", POSTGRES_URL=self._database)
        owner = await asyncpg.connect(self._database)
        for table in TABLES:
            await owner.execute(table)
        await owner.close()
        try:
            for each in self._kept.values():
                await each.start()
            await asyncio.gather(*map(self._answers, self._ports), self._consumes())
            write_down_queues(self._servers)
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for each in self._kept.values():
                await each.end()

    def _processes(self) -> dict[str, Kept]:
        way = "tests.chaos.careless" if self._plan.control else "app.cli.main"
        inbox = ["--no-inbox"] if self._plan.control else []
        relay = ["-m", "tests.chaos.careless", "relay"] if self._plan.control else ["-m", "tests.chaos.relay"]
        commands = {
            **{f"api{place}": ["-m", way, "serve", "--port", str(port)] for place, port in enumerate(self._ports)},
            **{f"worker{place}": ["-m", way, "worker"] for place in range(self._plan.workers)},
            "relay": relay,
            "consumer": ["-m", "tests.chaos.consumer", *inbox],
        }
        return {
            name: Kept(name, command, self._variables(), self._home / f"{self._name}.{name}.log")
            for name, command in commands.items()
        }

    def _variables(self) -> dict[str, str]:
        return {
            "PYTHONPATH": f"{BACKEND}:{BACKEND.parent}",
            "POSTGRES_URL": self._database,
            "RABBITMQ_URL": self._servers.url("rabbitmq"),
            "CONCLAVE_BROKER_NAMESPACE": self._name,
            "CONCLAVE_PROVIDER": "rules",
            "CONCLAVE_PANEL": "rules",
            "CONCLAVE_LEASE_SECONDS": str(self._plan.lease_s),
            "CONCLAVE_HOME": str(self._home),
            "LOG_LEVEL": "WARNING",
        }

    async def _answers(self, port: int) -> None:
        async with asyncio.timeout(START_S), httpx.AsyncClient() as client:
            while True:
                try:
                    if (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.2)

    async def _consumes(self) -> None:
        """Wait until the consumer has its queue: what is decided before nobody keeps for it."""
        log = self._home / f"{self._name}.consumer.log"
        async with asyncio.timeout(START_S):
            while not (log.exists() and b"consuming" in log.read_bytes()):  # noqa: ASYNC110
                await asyncio.sleep(0.2)

    async def _ask(self) -> None:
        urls = [f"http://127.0.0.1:{port}" for port in self._ports]
        plan = self._plan
        words = [str(self._book), str(plan.decisions), str(plan.seed), str(plan.at_once), *urls]
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.client", *words),
            stdout=PIPE,
            stderr=(self._home / f"{self._name}.client.log").open("wb"),
            cwd=BACKEND,
            env=environment(PYTHONPATH=f"{BACKEND}:{BACKEND.parent}"),
        )
        try:
            while await client.stdout.readline():
                async with self._progress:
                    self._ended += 1
                    self._progress.notify_all()
            assert await client.wait() == 0, (self._home / f"{self._name}.client.log").read_text()[-2_000:]
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
        if what in ("postgres", "rabbitmq"):
            self._servers.kill(what)
            await asyncio.to_thread(self._servers.start)
            return
        victim = self._chance.choice(
            [name for name in self._kept if name.startswith("worker" if what == "pause" else what)]
        )
        if what == "pause":
            task = asyncio.create_task(self._paused(self._kept[victim]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._kept[victim].kill()

    async def _paused(self, worker: Kept) -> None:
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(2.5 * self._plan.lease_s)
        worker.send(signal.SIGCONT)

    async def _until_quiet(self) -> None:
        """Wait until no job is pending, no letter waits and every decision had its effect, if that ever happens."""
        owner = await asyncpg.connect(self._database)
        sql = """SELECT (SELECT count(*) FROM jobs WHERE status = 'pending') + (SELECT count(*) FROM outbox)
            + (SELECT count(*) FROM decisions d WHERE NOT EXISTS
                (SELECT 1 FROM effects e WHERE e.decision_id = d.id AND e.name = 'consensus_result'))"""
        ends = time.monotonic() + (QUIET_S if not self._plan.control else QUIET_S / 6)
        while await owner.fetchval(sql) and time.monotonic() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.25)
        await owner.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
