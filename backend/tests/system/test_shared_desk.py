"""Several API processes and workers: whoever is asked, the answer is right, and everybody hears of it."""

import asyncio
import signal

import orjson
import pytest
from websockets.asyncio.client import connect

from tests.services import fresh_database, fresh_vhost
from tests.system.command_line import conclave
from tests.system.shared_desk import ANALYZE, ROLES, a_question, keyed, shared_desk, voted


@pytest.fixture
async def desk(tmp_path):
    with fresh_database() as database, fresh_vhost() as broker:
        async with shared_desk(database, broker, tmp_path) as started:
            yield started


async def test_an_analysis_is_put_together_from_the_votes_of_two_workers(desk):
    api, *_ = await asyncio.gather(
        desk.api(), desk.worker("--roles", ",".join(ROLES[:2])), desk.worker("--roles", ",".join(ROLES[2:]))
    )
    record = await api.analyze()
    accepted = await api.decided(await api.accept())

    assert (record["status"], record["degraded"], record["failures"]) == ("decided", False, [])
    assert voted(record) == voted(accepted) >= {ROLES[0], ROLES[2]}
    assert (record["sequence"], accepted["sequence"]) == (1, 2)
    verified = await asyncio.to_thread(conclave, "verify", POSTGRES_URL=desk.variables["POSTGRES_URL"])
    assert verified.out == f"AAPL 2 {accepted['hash']}\n"


async def test_fifty_posts_of_one_key_to_two_api_processes_are_one_decision(desk):
    *apis, _ = await asyncio.gather(desk.api(), desk.api(), desk.worker())

    async def ask(number):
        client = apis[number % 2].client
        while True:
            answer = await client.post(ANALYZE, json=a_question(), headers=keyed("once"))
            if answer.status_code != 409:
                return answer
            await asyncio.sleep(float(answer.headers["Retry-After"]))

    answers = await asyncio.gather(*map(ask, range(50)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.content for each in answers}) == 1
    other = await apis[1].client.post(ANALYZE, json=a_question("MSFT"), headers=keyed("once"))
    assert other.status_code == 422
    assert (await apis[0].analyze("another"))["sequence"] == 2


async def test_every_api_process_tells_each_event_once_and_in_order_and_since_holds_between_them(desk):
    first, second, _ = await asyncio.gather(desk.api(), desk.api(), desk.worker())
    async with connect(first.socket_url, max_queue=None) as here, connect(second.socket_url, max_queue=None) as there:
        symbols = ("AAPL", "MSFT", "IBM", "KO")
        asked = [(first, second)[place % 2].analyze(symbol=symbol) for place, symbol in enumerate(symbols * 3)]
        await asyncio.gather(*asked)
        newest = len(asked) * 6
        heard = await asyncio.gather(*(seqs(socket, newest) for socket in (here, there)))
    assert heard == [list(range(1, newest + 1))] * 2

    await first.process.kill()
    async with connect(f"{second.socket_url}?since={newest - 5}", max_queue=None) as resumed:
        await second.analyze()
        assert await seqs(resumed, newest + 6) == list(range(newest - 4, newest + 7))


async def seqs(socket, until):
    """The numbers of the stored events that a feed tells, up to one."""
    heard = []
    async with asyncio.timeout(60):
        while not heard or heard[-1] < until:
            told = orjson.loads(await socket.recv())
            if told.get("seq") is not None:
                heard.append(told["seq"])
    return heard


async def test_a_worker_that_is_told_to_stop_ends_with_nothing_lost(desk):
    api, one, _ = await asyncio.gather(desk.api(), desk.worker(), desk.worker())
    accepted = [await api.accept(symbol=symbol) for symbol in ("AAPL", "MSFT") * 10]
    one.send(signal.SIGTERM)
    records = await asyncio.gather(*map(api.decided, accepted))

    assert await one.ended() == 0
    assert [each["degraded"] for each in records] == [False] * 20
    assert sorted(each["sequence"] for each in records) == sorted([*range(1, 11)] * 2)
