"""Broker and database go away and come back while decisions are asked for: nothing is lost, and nobody has to help."""

import asyncio

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.rabbitmq_scene import control, write_down_queues
from tests.own_servers import own_servers
from tests.system.shared_desk import CONSENSUS, PATIENCE_S, a_consensus, shared_desk, voted

pytestmark = pytest.mark.asyncio(loop_scope="module")

BY_RULE = {"market_analyst", "technical_analyst", "risk_advisor", "strategy_optimizer"}
MANY = 12


class Scene:
    """Servers of our own, an API process and a worker on them."""

    def __init__(self, servers, api):
        self.servers, self.api = servers, api
        self._database = servers.url("postgres")

    async def accepted(self, count=MANY):
        """Have so many requests accepted."""
        return [await self.api.accept() for _ in range(count)]

    async def asked(self, sql):
        """Ask the database past our own code."""
        connection = await asyncpg.connect(self._database)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    async def check_all_right(self, accepted):
        """Everything accepted is decided by everybody, in a chain without gaps."""
        records = await asyncio.gather(*map(self.api.decided, accepted))
        assert [each["degraded"] for each in records] == [False] * len(accepted)
        assert all(voted(each) >= BY_RULE for each in records)
        highest = await self.asked("SELECT max(sequence) - count(*) FROM decisions")
        assert highest == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory):
    with own_servers(tmp_path_factory.mktemp("servers")) as servers:
        urls = (servers.url("postgres"), servers.url("rabbitmq"))
        async with shared_desk(*urls, tmp_path_factory.mktemp("home"), CONCLAVE_LEASE_SECONDS="6") as desk:
            api, _ = await asyncio.gather(desk.api(), desk.worker())
            made = Scene(servers, api)
            await made.check_all_right(await made.accepted(1))
            write_down_queues(servers)
            yield made


async def test_what_is_accepted_while_the_broker_takes_nothing_waits_in_the_outbox(scene):
    control(scene.servers, "set_vm_memory_high_watermark", "absolute", "1MB")
    accepted = await scene.accepted()
    statuses = {(await scene.api.consensus(each))["status"] for each in accepted}
    waiting = await scene.asked("SELECT count(*) FROM outbox")
    control(scene.servers, "set_vm_memory_high_watermark", "absolute", "512MB")

    assert waiting > 0
    assert "failed" not in statuses
    await scene.check_all_right(accepted)


async def test_what_is_accepted_while_the_broker_is_away_is_decided_when_it_is_back(scene):
    scene.servers.kill("rabbitmq")
    accepted = await scene.accepted()
    await asyncio.to_thread(scene.servers.start)

    await scene.check_all_right(accepted)


async def test_what_was_accepted_before_the_database_went_away_is_decided_when_it_is_back(scene):
    accepted = await scene.accepted()
    scene.servers.kill("postgres")
    refused = await scene.api.client.post(CONSENSUS, json=a_consensus())
    await asyncio.to_thread(scene.servers.start)

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    await until_ready(scene.api)
    await scene.check_all_right(accepted)


async def until_ready(api):
    async with asyncio.timeout(PATIENCE_S):
        while (await api.client.get("/health/ready")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
