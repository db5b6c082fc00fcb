"""A database server that is killed while the desk works, and comes back."""

import asyncio

import asyncpg
import pytest

from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.server_database import ServerDatabase
from tests.contracts.decision_drafts import a_draft, some_bars
from tests.integration.store_setting import assert_intact
from tests.own_servers import own_servers
from tests.system.command_line import conclave
from tests.system.web_desk import a_question, an_app, calling

ANALYZE = "/api/v1/agents/analyze"
SYMBOLS = ("AAPL", "MSFT", "IBM", "KO")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with own_servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture
async def url(own):
    """An empty database of a server that may be killed."""
    owner = await asyncpg.connect(own.url("postgres"))
    await owner.execute("DROP SCHEMA public CASCADE")
    await owner.execute("CREATE SCHEMA public")
    await owner.close()
    return own.url("postgres")


class Writer:
    """Appends decisions on a symbol one after the other, and knows which were acknowledged."""

    def __init__(self, store, symbol):
        self.acknowledged = []
        self._store, self._symbol, self._ends = store, symbol, False
        self._wrote = asyncio.Condition()

    async def run(self):
        while not self._ends:
            number = len(self.acknowledged)
            draft = a_draft(f"{self._symbol}-{number}", self._symbol, bars=some_bars(number, 30))
            committed = await self._store.append(draft)
            async with self._wrote:
                self.acknowledged.append(committed.record)
                self._wrote.notify_all()

    def end(self):
        self._ends = True

    async def has_written(self, more):
        """Return once `more` decisions have been acknowledged from now on."""
        until = len(self.acknowledged) + more
        async with self._wrote:
            await self._wrote.wait_for(lambda: len(self.acknowledged) >= until)


async def test_what_was_acknowledged_is_there_and_nothing_twice_after_three_kills(own, url):
    store = SqlDecisionStore(ServerDatabase(url, timeout_s=60))
    await store.open()
    writers = [Writer(store, symbol) for symbol in SYMBOLS]
    running = [asyncio.create_task(writer.run()) for writer in writers]
    for _ in range(3):
        await writers[0].has_written(15)
        own.kill("postgres")
        await asyncio.to_thread(own.start)
    await writers[0].has_written(15)
    for writer in writers:
        writer.end()
    await asyncio.gather(*running)

    expected = [record for writer in writers for record in writer.acknowledged]
    assert await assert_intact(store, *SYMBOLS) == expected
    await store.close()


async def test_a_caller_is_told_503_while_the_server_is_dead_and_served_when_it_is_back(own, url, tmp_path):
    app = an_app(tmp_path, postgres_url=url, database_timeout_seconds=0.5)
    async with calling(app) as client:
        first = (await client.post(ANALYZE, json=a_question())).json()
        own.kill("postgres")
        asked = {"json": a_question(), "headers": {"Idempotency-Key": "again"}}
        refused = await client.post(ANALYZE, **asked)
        looked = await client.get(f"/api/v1/decisions/{first['decision_id']}")

        for answer in (refused, looked):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert answer.json()["type"] == "urn:conclave:problem:store-unavailable"
            assert "conclave:" not in answer.json()["detail"]
        assert (await client.get("/health/ready")).status_code == 503

        await asyncio.to_thread(own.start)
        decided = await client.post(ANALYZE, **asked)
        assert decided.status_code == 200
        assert decided.json()["sequence"] == 2
        assert decided.json()["previous_hash"] == first["hash"]
        assert (await client.get("/health/ready")).status_code == 200


async def test_the_doctor_notes_a_server_that_does_not_write_through(own, url):
    owner = await asyncpg.connect(url)
    await owner.execute("ALTER SYSTEM SET fsync = off")
    await owner.execute("SELECT pg_reload_conf()")
    await owner.close()
    told = await asyncio.to_thread(conclave, "doctor", POSTGRES_URL=url, COLUMNS="250")

    assert told.code == 0
    assert "set fsync to on: a power cut may cost decisions that were acknowledged" in told.out
