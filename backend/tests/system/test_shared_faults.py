"""Workers that die, freeze or lose their broker while models think: decisions stay right, and nothing is paid twice."""

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest
import pytest_asyncio

from app.testing.fake_models.server import FakeModels
from tests.integration.wire import wire_to
from tests.services import fresh_database, fresh_vhost
from tests.system.model_desk_scene import asked_by_role
from tests.system.shared_desk import (
    ANALYZE,
    CONSENSUS,
    PATIENCE_S,
    ROLES,
    a_question,
    keyed,
    shared_desk,
    voted,
    words_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEASE = {"CONCLAVE_LEASE_SECONDS": "6"}
"""Long enough for a busy machine to beat in time, short enough to be waited for."""
LAST = ROLES[-1]
ONCE = {**dict.fromkeys(ROLES, 2), LAST: 1}
"""Requests that one vote of each role takes: who is offered tools is asked for the vote in a second turn."""


class Scene:
    """Two API processes on one database, and the models that workers ask."""

    def __init__(self, desk, fakes, apis):
        self.desk, self.fakes = desk, fakes
        self.api, self.other = apis
        self._database = desk.variables["POSTGRES_URL"]

    def hold(self, *roles):
        """Let the next request of each of these roles hang."""
        for role in roles:
            self.fakes.fault("ollama", "hang", times=1, match=words_of(role))

    @property
    def asked(self):
        """How often each role was asked."""
        return asked_by_role(self.fakes, "ollama")

    async def until_asked(self, *roles, times=1):
        """Wait until the question of each of these roles has arrived so often."""
        async with asyncio.timeout(PATIENCE_S):
            while any(self.asked[role] < times for role in roles):
                await self.fakes.received(len(self.fakes.requests) + 1)

    async def until_stored(self, job_id, votes):
        """Wait until so many votes of a pending job are stored."""
        owner = await asyncpg.connect(self._database)
        sql = "SELECT count(*) FROM tasks WHERE job_id = $1 AND contribution IS NOT NULL"
        async with asyncio.timeout(PATIENCE_S):
            while await owner.fetchval(sql, job_id) < votes:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await owner.close()

    @asynccontextmanager
    async def a_worker(self, *options, **changes):
        """A worker that is killed at the end, whatever it does."""
        worker = await self.desk.worker(*options, **changes)
        try:
            yield worker
        finally:
            await worker.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def processes(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with fresh_database() as database, fresh_vhost() as broker:
        async with FakeModels(tool_rounds=0) as fakes, shared_desk(database, broker, home, fakes, **LEASE) as desk:
            yield Scene(desk, fakes, await asyncio.gather(desk.api(), desk.api()))


@pytest_asyncio.fixture(loop_scope="module")
async def scene(processes):
    processes.fakes.clear()
    return processes


def check_whole(record):
    """Everybody voted, each by its own model."""
    assert (record["degraded"], record["failures"], voted(record)) == (False, [], set(ROLES))


async def test_votes_that_were_stored_when_a_worker_was_killed_are_not_paid_for_again(scene):
    doomed = await scene.desk.worker()
    for votes in range(len(ROLES) + 1):
        scene.fakes.clear()
        held = ROLES[votes:]
        scene.hold(*held)
        if held:
            accepted = await scene.api.accept()
            await scene.until_asked(*ROLES)
            await scene.until_stored(accepted, votes)
        else:
            accepted = (await scene.api.analyze())["decision_id"]
        await doomed.kill()
        doomed = await scene.desk.worker()

        check_whole(await scene.other.decided(accepted))
        assert scene.asked == {role: ONCE[role] + (role in held) for role in ROLES}
    await doomed.kill()


async def test_workers_share_the_budget_of_a_decision(scene):
    """Each of them has room for what it is asked, both together have not."""
    limit = {"CONCLAVE_BUDGET_TOKENS_PER_DECISION": "14000"}
    halves = (",".join(roles) for roles in (ROLES[:2], ROLES[2:]))
    async with AsyncExitStack() as stack:
        for roles in halves:
            await stack.enter_async_context(scene.a_worker("--roles", roles, **limit))
        record = await scene.api.analyze()

    refused = [vote for vote in record["votes"] if vote.get("error_kind") == "budget_spent"]
    assert 0 < len(refused) < len(ROLES)
    assert "The budget of this decision, 14,000 tokens" in refused[0]["reasoning"]
    assert 0 < record["panel"]["spent"]["tokens"] <= 14_000


async def test_a_worker_that_froze_beyond_its_lease_is_refused_when_it_wakes(scene):
    scene.hold(LAST)
    async with scene.a_worker() as frozen:
        accepted = await scene.api.accept()
        await scene.until_asked(LAST)
        await scene.until_stored(accepted, len(ROLES) - 1)
        frozen.send(signal.SIGSTOP)
        async with scene.a_worker():
            record = await scene.api.decided(accepted)
            frozen.send(signal.SIGCONT)
            await frozen.says("err", "task lost")

            check_whole(record)
            assert scene.asked == {**ONCE, LAST: 2}
            assert await scene.api.decided(accepted) == record
            assert (await scene.api.analyze())["sequence"] == record["sequence"] + 1


async def test_a_lost_connection_to_the_broker_asks_no_model_twice(scene):
    async with (
        wire_to(scene.desk.variables["RABBITMQ_URL"]) as wire,
        scene.a_worker(RABBITMQ_URL=wire.url, CONCLAVE_LEASE_SECONDS="60"),
    ):
        scene.fakes.fault("ollama", "slow:0.003", match=words_of(LAST))
        accepted = await scene.api.accept()
        await scene.until_asked(*ROLES)
        await wire.deafen()
        await wire.listen()
        record = await scene.api.decided(accepted)

        check_whole(record)
        assert scene.asked == ONCE
        scene.fakes.clear()
        check_whole(await scene.api.analyze())


async def test_a_cancelled_request_stops_models_that_another_process_asks(scene):
    scene.fakes.fault("ollama", "hang")
    async with scene.a_worker():
        accepted = await scene.api.accept()
        await scene.until_asked(*ROLES)
        answer = await scene.other.client.delete(f"{CONSENSUS}/{accepted}")

        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        async with asyncio.timeout(PATIENCE_S):
            await scene.fakes.settled()
        assert (await scene.api.consensus(accepted))["status"] == "cancelled"
        assert scene.asked == dict.fromkeys(ROLES, 1)


async def test_a_symbol_whose_models_are_slow_starves_no_other(scene):
    scene.fakes.fault("ollama", "hang", match="SLOW")
    async with scene.a_worker("--concurrency", "4"):
        slow = [await scene.api.accept(symbol="SLOW") for _ in range(12)]
        await scene.until_asked(LAST, times=2)

        check_whole(await scene.api.analyze(symbol="IBM"))
        assert {(await scene.api.consensus(each))["status"] for each in slow} == {"pending"}
        for each in slow:
            await scene.api.client.delete(f"{CONSENSUS}/{each}")


async def test_a_worker_that_is_told_to_stop_finishes_what_models_are_asked(scene):
    scene.fakes.fault("ollama", "slow:0.003", match=words_of(LAST))
    async with scene.a_worker() as worker:
        accepted = await scene.api.accept()
        await scene.until_asked(*ROLES)
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0

    check_whole(await scene.api.decided(accepted))
    assert scene.asked == ONCE


async def test_a_worker_that_is_told_twice_gives_back_what_it_has_not_finished(scene):
    scene.hold(*ROLES)
    async with scene.a_worker(CONCLAVE_GRACE_SECONDS="600") as worker:
        accepted = await scene.api.accept()
        await scene.until_asked(*ROLES)
        worker.send(signal.SIGTERM)
        worker.send(signal.SIGINT)
        assert await worker.ended() == 0
    async with scene.a_worker():
        check_whole(await scene.api.decided(accepted))
    assert scene.asked == {role: times + 1 for role, times in ONCE.items()}


async def test_a_worker_that_the_database_does_not_hear_any_more_is_refused_once_it_does(scene):
    async with (
        wire_to(scene.desk.variables["POSTGRES_URL"]) as wire,
        scene.a_worker(POSTGRES_URL=wire.url) as unheard,
    ):
        scene.fakes.fault("ollama", "slow:0.003", times=1, match=words_of(LAST))
        accepted = await scene.api.accept()
        await scene.until_asked(LAST)
        await scene.until_stored(accepted, len(ROLES) - 1)
        wire.hold()
        async with scene.a_worker():
            record = await scene.api.decided(accepted)
            wire.release()

            check_whole(record)
            assert scene.asked == {**ONCE, LAST: 2}
            check_whole(await scene.api.analyze())
            assert await scene.api.decided(accepted) == record
            assert unheard.code is None


async def test_an_api_process_that_is_told_to_stop_answers_what_it_was_asked(scene):
    scene.fakes.fault("ollama", "slow:0.003", match=words_of(LAST))
    leaving = await scene.desk.api()
    async with scene.a_worker():
        asking = asyncio.create_task(leaving.analyze("leaving"))
        await scene.until_asked(LAST)
        leaving.process.send(signal.SIGTERM)
        record = await asking

        assert await leaving.process.ended() == 0
        check_whole(record)
        assert await scene.other.analyze("leaving") == record


async def test_an_api_process_that_is_told_twice_leaves_what_it_was_asked_to_the_others(scene):
    scene.fakes.fault("ollama", "slow:0.003", match=words_of(LAST))
    leaving = await scene.desk.api(CONCLAVE_GRACE_SECONDS="600")
    async with scene.a_worker():
        asking = asyncio.create_task(leaving.client.post(ANALYZE, json=a_question(), headers=keyed("hurried")))
        await scene.until_asked(LAST)
        leaving.process.send(signal.SIGTERM)
        leaving.process.send(signal.SIGINT)
        await asyncio.wait([asking])

        assert await leaving.process.ended() == 0
        if asking.exception() is None:
            assert asking.result().status_code in (200, 503)
        record = await until_answered(scene.other, "hurried")
        check_whole(record)
        assert scene.asked == ONCE


async def until_answered(api, key):
    """Ask under the same key until the first request has been answered."""
    async with asyncio.timeout(PATIENCE_S):
        while (answer := await api.client.post(ANALYZE, json=a_question(), headers=keyed(key))).status_code == 409:  # noqa: ASYNC110
            await asyncio.sleep(float(answer.headers["Retry-After"]))
    assert answer.status_code == 200, answer.text
    return answer.json()
