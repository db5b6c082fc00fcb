"""Several API processes and workers on PostgreSQL and RabbitMQ, and a consumer who acts on every decision."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from tests.chaos.checker import Found, decisions_of
from tests.chaos.consumer import TABLES
from tests.chaos.plan import Plan
from tests.chaos.processes import BACKEND
from tests.integration.rabbitmq_scene import bare_channel, write_down_queues
from tests.own_servers import OwnServers
from tests.system.command_line import conclave

UNFINISHED = """
SELECT (SELECT count(*) FROM jobs WHERE status = 'pending') + (SELECT count(*) FROM outbox) + (
    SELECT count(*) FROM decisions d WHERE NOT EXISTS (
        SELECT 1 FROM effects e WHERE e.decision_id = d.id AND e.name = 'consensus_result'))
"""
OLDER = """
SELECT (SELECT count(*) FROM jobs WHERE status = 'pending' AND accepted_at < $1)
    + (SELECT count(*) FROM outbox WHERE written_at < $1)
"""


class SharedGround:
    """A database and a namespace of its own on servers that may be killed."""

    def __init__(self, plan: Plan, servers: OwnServers) -> None:
        self._plan = plan
        self.servers = servers
        self._name = f"chaos_{uuid4().hex[:8]}"
        self._database = urlsplit(servers.url("postgres"))._replace(path=f"/{self._name}").geturl()

    def commands(self, ports: list[int]) -> dict[str, list[str]]:
        """See `Ground`."""
        is_careless = self._plan.control
        way = "tests.chaos.careless" if is_careless else "app.cli.main"
        return {
            **{f"api{place}": ["-m", way, "serve", "--port", str(port)] for place, port in enumerate(ports)},
            **{f"worker{place}": ["-m", way, "worker"] for place in range(self._plan.workers)},
            "relay": ["-m", "tests.chaos.careless", "relay"] if is_careless else ["-m", "tests.chaos.relay"],
            "consumer": ["-m", "tests.chaos.consumer", *(["--no-inbox"] if is_careless else [])],
        }

    def variables(self) -> dict[str, str]:
        """See `Ground`."""
        return {
            "PYTHONPATH": f"{BACKEND}:{BACKEND.parent}",
            "POSTGRES_URL": self._database,
            "RABBITMQ_URL": self.servers.url("rabbitmq"),
            "CONCLAVE_BROKER_NAMESPACE": self._name,
            "CONCLAVE_PROVIDER": "rules",
            "CONCLAVE_PANEL": "rules",
            "CONCLAVE_LEASE_SECONDS": str(self._plan.lease_s),
            "LOG_LEVEL": "WARNING",
        }

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Make the database with its tables, and those of the consumer."""
        await self._execute(self.servers.url("postgres"), f'CREATE DATABASE "{self._name}"')
        await asyncio.to_thread(conclave, "migrate", POSTGRES_URL=self._database)
        await self._execute(self._database, *TABLES)
        yield

    async def settled(self) -> None:
        """Wait for the consumer's queue, because what is decided before it is there nobody keeps for it."""
        async with asyncio.timeout(120):
            while not await self._has_queue():  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        write_down_queues(self.servers)

    async def _has_queue(self) -> bool:
        async with bare_channel(self.servers.url("rabbitmq")) as channel:
            try:
                queue = await channel.declare_queue(f"{self._name}.effects", passive=True)
            except Exception:  # noqa: BLE001 - whatever says that it is not there
                return False
            return bool(queue.declaration_result.consumer_count)

    async def struck(self, what: str) -> bool:
        """Kill a server and start it again."""
        if what not in ("postgres", "rabbitmq"):
            return False
        self.servers.kill(what)
        await asyncio.to_thread(self.servers.start)
        return True

    async def unfinished(self) -> int:
        """Count pending jobs, waiting letters and decisions without effect."""
        connection = await asyncpg.connect(self._database)
        try:
            return int(await connection.fetchval(UNFINISHED))
        finally:
            await connection.close()

    async def older_than(self, moment: float) -> int:
        """Count jobs that were accepted, and letters that were written, before a moment of Unix time."""
        connection = await asyncpg.connect(self._database)
        try:
            return int(await connection.fetchval(OLDER, int(moment * 1_000_000)))
        finally:
            await connection.close()

    async def look(self) -> Found:
        """See `Ground`."""
        connection = await asyncpg.connect(self._database)
        try:
            rows = await connection.fetch("SELECT id, symbol, sequence, previous_hash, hash, body FROM decisions")
            jobs = await connection.fetch("SELECT id, status, reason FROM jobs")
            effects = await connection.fetch("SELECT decision_id, symbol, name FROM effects ORDER BY place")
            came_again = await connection.fetchval("SELECT count(*) FROM came_again")
            waiting = await connection.fetchval("SELECT count(*) FROM outbox")
        finally:
            await connection.close()
        return Found(decisions_of(rows), jobs_of(jobs), tuple(tuple(row) for row in effects), came_again, waiting)

    async def verified(self) -> int:
        """See `Ground`."""
        return (await asyncio.to_thread(conclave, "verify", POSTGRES_URL=self._database)).code

    async def _execute(self, url: str, *statements: str) -> None:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()


def jobs_of(rows: list[asyncpg.Record]) -> dict[str, tuple[str, str | None]]:
    """Return status and reason by id."""
    return {row["id"]: (row["status"], row["reason"]) for row in rows}
