"""Workers that die, freeze or lose their broker while models think: decisions stay right, and nothing is paid twice."""

import asyncio
import signal
from contextlib import asynccontextmanager

import asyncpg
import pytest

from app.testing.fake_models.server import FakeModels
from tests.integration.wire import wire_to
from tests.services import fresh_database, fresh_vhost
from tests.system.model_desk_scene import asked_by_role
from tests.system.shared_desk import CONSENSUS, PATIENCE_S, ROLES, shared_desk, voted, words_of

LEASE = {"CONCLAVE_LEASE_SECONDS": "6"}
"""Long enough for a busy machine to beat in time, short enough to be waited for."""
LAST = ROLES[-1]
ONCE = {**dict.fromkeys(ROLES, 2), LAST: 1}
"""Requests that one vote of each role takes: who is offered tools is asked for the vote in a second turn."""


@pytest.fixture
async def fakes():
    async with FakeModels(tool_rounds=0) as started:
        yield started


@pytest.fixture
def database():
    with fresh_database() as url:
        yield url


@pytest.fixture
def broker():
    with fresh_vhost() as url:
        yield url


@pytest.fixture
async def desk(database, broker, tmp_path, fakes):
    async with shared_desk(database, broker, tmp_path, fakes, **LEASE) as started:
        yield started


async def until_asked(fakes, role, times=1):
    """Wait until a role's question has arrived so often."""
    async with asyncio.timeout(PATIENCE_S):
        while asked_by_role(fakes, "ollama")[role] < times:
            await fakes.received(len(fakes.requests) + 1)


async def stored_votes(database):
    """How many votes of pending jobs are stored."""
    owner = await asyncpg.connect(database)
    try:
        return await owner.fetchval("SELECT count(*) FROM tasks WHERE contribution IS NOT NULL")
    finally:
        await owner.close()


async def until_stored(database, count):
    async with asyncio.timeout(PATIENCE_S):
        while await stored_votes(database) < count:
            await asyncio.sleep(0.05)


def check_whole(record):
    """Everybody voted, each by its own model."""
    assert (record["degraded"], record["failures"], voted(record)) == (False, [], set(ROLES))


@pytest.mark.parametrize("votes", range(len(ROLES) + 1))
async def test_votes_that_were_stored_when_a_worker_was_killed_are_not_paid_for_again(desk, database, fakes, votes):
    api, doomed = await asyncio.gather(desk.api(), desk.worker())
    held = ROLES[votes:]
    for role in held:
        fakes.fault("ollama", "hang", times=1, match=words_of(role))
    if held:
        accepted = await api.accept()
        await asyncio.gather(*(until_asked(fakes, role) for role in ROLES))
        await until_stored(database, votes)
    else:
        accepted = (await api.analyze())["decision_id"]
    await doomed.kill()
    await desk.worker()

    check_whole(await api.decided(accepted))
    assert asked_by_role(fakes, "ollama") == {role: ONCE[role] + (role in held) for role in ROLES}


async def test_a_worker_that_froze_beyond_its_lease_is_refused_when_it_wakes(desk, database, fakes):
    api, frozen = await asyncio.gather(desk.api(), desk.worker())
    fakes.fault("ollama", "hang", times=1, match=words_of(LAST))
    accepted = await api.accept()
    await until_asked(fakes, LAST)
    await until_stored(database, len(ROLES) - 1)
    frozen.send(signal.SIGSTOP)
    await desk.worker()
    record = await api.decided(accepted)
    frozen.send(signal.SIGCONT)
    await frozen.says("err", "task lost")

    check_whole(record)
    assert asked_by_role(fakes, "ollama") == {**ONCE, LAST: 2}
    assert await api.decided(accepted) == record
    assert (await api.analyze())["sequence"] == 2


async def test_a_lost_connection_to_the_broker_asks_no_model_twice(database, broker, tmp_path, fakes):
    async with wire_to(broker) as wire, shared_desk(database, broker, tmp_path, fakes) as desk:
        api, worker = await asyncio.gather(desk.api(), desk.worker(RABBITMQ_URL=wire.url))
        fakes.fault("ollama", "slow:0.02")
        accepted = await api.accept()
        await asyncio.gather(*(until_asked(fakes, role) for role in ROLES))
        await wire.deafen()
        await wire.listen()
        record = await api.decided(accepted)

        check_whole(record)
        assert asked_by_role(fakes, "ollama") == ONCE
        fakes.clear()
        check_whole(await api.analyze())
        assert worker.code is None


async def test_a_cancelled_request_stops_models_that_another_process_asks(desk, fakes):
    api, other, _ = await asyncio.gather(desk.api(), desk.api(), desk.worker())
    fakes.fault("ollama", "hang")
    accepted = await api.accept()
    await asyncio.gather(*(until_asked(fakes, role) for role in ROLES))
    answer = await other.client.delete(f"{CONSENSUS}/{accepted}")

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    async with asyncio.timeout(PATIENCE_S):
        await fakes.settled()
    assert (await api.consensus(accepted))["status"] == "cancelled"
    assert asked_by_role(fakes, "ollama") == dict.fromkeys(ROLES, 1)


async def test_a_symbol_whose_models_are_slow_starves_no_other(desk, fakes):
    api, _ = await asyncio.gather(desk.api(), desk.worker("--concurrency", "4"))
    fakes.fault("ollama", "hang", match="SLOW")
    slow = [await api.accept(symbol="SLOW") for _ in range(12)]
    await until_asked(fakes, LAST, times=2)

    check_whole(await api.analyze(symbol="AAPL"))
    assert {(await api.consensus(each))["status"] for each in slow} == {"pending"}


@asynccontextmanager
async def an_analysis_under_way(desk, fakes):
    """An API process, a worker that asks for a model's slow answer, and the id of what was accepted."""
    api, worker = await asyncio.gather(desk.api(), desk.worker())
    accepted = await api.accept()
    await asyncio.gather(*(until_asked(fakes, role) for role in ROLES))
    yield api, worker, accepted


async def test_a_worker_that_is_told_to_stop_finishes_what_models_are_asked(desk, fakes):
    fakes.fault("ollama", "slow:0.01")
    async with an_analysis_under_way(desk, fakes) as (api, worker, accepted):
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0

        check_whole(await api.decided(accepted))
        assert asked_by_role(fakes, "ollama") == ONCE


async def test_a_worker_that_is_told_twice_gives_back_what_it_has_not_finished(desk, fakes):
    for role in ROLES:
        fakes.fault("ollama", "hang", times=1, match=words_of(role))
    async with an_analysis_under_way(desk, fakes) as (api, worker, accepted):
        worker.send(signal.SIGTERM)
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0
        await desk.worker()

        check_whole(await api.decided(accepted))
        assert asked_by_role(fakes, "ollama") == {role: times + 1 for role, times in ONCE.items()}
