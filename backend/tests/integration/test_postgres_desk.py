"""A whole desk whose record is on PostgreSQL: several servers, the command line, what tools did."""

import asyncio

import asyncpg
import pytest

from app.agent_system import AgentSystem
from app.config import Settings
from app.market_data.sample_bars import sample_bars, sample_news
from app.storage.schema import HEAD, REVISIONS
from tests.contracts.decision_drafts import a_call, a_step, a_vote
from tests.integration.store_setting import opened
from tests.system.command_line import conclave, sample
from tests.system.web_desk import a_question, an_app, calling

ANALYZE = "/api/v1/agents/analyze"


async def test_fifty_posts_of_one_key_to_two_servers_make_one_decision(postgres_url, tmp_path):
    one, other = (an_app(tmp_path, postgres_url=postgres_url) for _ in range(2))
    async with calling(one) as first, calling(other) as second:
        post = {"json": a_question(), "headers": {"Idempotency-Key": "k1"}}
        answers = await asyncio.gather(*((first, second)[n % 2].post(ANALYZE, **post) for n in range(50)))
        while waiting := [each for each in answers if each.status_code == 409]:
            answers = [each for each in answers if each.status_code != 409]
            answers += await asyncio.gather(*(first.post(ANALYZE, **post) for _ in waiting))

        assert {each.status_code for each in answers} == {200}
        assert len({each.content for each in answers}) == 1
        altered = {"json": a_question(bars=31), "headers": {"Idempotency-Key": "k1"}}
        assert [(await client.post(ANALYZE, **altered)).status_code for client in (first, second)] == [422, 422]
    async with opened(postgres_url) as store:
        assert (await store.counts())["decisions"] == 1


async def test_many_keys_at_two_servers_make_a_decision_each(postgres_url, tmp_path):
    one, other = (an_app(tmp_path, postgres_url=postgres_url) for _ in range(2))
    async with calling(one) as first, calling(other) as second:
        posts = [
            client.post(ANALYZE, json=a_question(), headers={"Idempotency-Key": f"k{number}"})
            for number in range(20)
            for client in (first, second)
        ]
        answers = await asyncio.gather(*posts)
    by_number = [{each.content for each in answers[place : place + 2]} for place in range(0, 40, 2)]
    assert [each.status_code for each in answers] == [200] * 40
    assert [len(each) for each in by_number] == [1] * 20
    async with opened(postgres_url) as store:
        assert [each.sequence async for each in store.chain("AAPL")] == list(range(1, 21))


async def test_a_few_rows_are_looked_up_without_a_transaction_and_many_in_one(postgres_url):
    def two_instants(connection):
        return [connection.exec_driver_sql("SELECT now()").scalar() for _ in range(2)]

    async with opened(postgres_url) as store:
        for _ in range(2):
            first, second = await store.database.find(two_instants)
            assert first < second
            first, second = await store.database.read(two_instants)
            assert first == second


async def test_a_decision_with_everything_in_it_is_made_again_to_the_byte(postgres_url):
    settings = Settings(postgres_url=postgres_url)
    async with AgentSystem(settings) as system:
        record = await system.run_real_time_analysis(
            "AAPL", sample_bars("AAPL"), news=sample_news("AAPL"), as_of="2009-01-22"
        )
    async with AgentSystem(settings) as later:
        coordinator = (await later.start()).coordinator
        assert (await coordinator.replay(record["decision_id"])).as_dict()["identical"]
        assert (await coordinator.verify()).problems == ()


async def test_twenty_thousand_tool_calls_are_read_back(postgres_url):
    decision = [a_step("consensus_requested"), *(a_call() for _ in range(9)), a_vote(), a_step("consensus_result")]
    async with opened(postgres_url) as store:
        for _ in range(25):
            await store.append_events(decision * 100)
        read = [each async for page in store.tool_activity(20_000) for each in page]
        newest, totals = await store.tool_totals(0)

    assert sum(each.type == "tool_execution" for each in read) == 20_000
    assert [each.seq for each in read] == sorted(each.seq for each in read)
    assert (newest, [(each.tool_name, each.calls) for each in totals]) == (30_000, [("assess_risk", 22_500)])


def test_the_command_line_works_on_the_server(postgres_url):
    created = conclave("migrate", POSTGRES_URL=postgres_url)
    again = conclave("migrate", POSTGRES_URL=postgres_url)
    place = postgres_url.rpartition("@")[2]
    assert created.out == f"The store postgresql://{place} was empty; it has its tables now (schema {HEAD}).\n"
    assert again.out == f"The store postgresql://{place} is up to date (schema {HEAD}).\n"

    decided = conclave("analyze", "AAPL", "--csv", "-", given=sample("AAPL"), POSTGRES_URL=postgres_url)
    listed = conclave("decisions", "--json", POSTGRES_URL=postgres_url)
    assert decided.code == 0
    (record,) = listed.json()["items"]
    replayed = conclave("replay", record["decision_id"], POSTGRES_URL=postgres_url)
    verified = conclave("verify", POSTGRES_URL=postgres_url)
    assert (replayed.code, verified.code) == (0, 0)
    assert verified.out == f"AAPL 1 {record['hash']}\n"


async def test_a_record_that_was_altered_on_the_server_is_noticed(postgres_url):
    async with AgentSystem(Settings(postgres_url=postgres_url)) as system:
        for as_of in ("2009-01-21", "2009-01-22"):
            await system.run_real_time_analysis("AAPL", sample_bars("AAPL"), as_of=as_of)
    owner = await asyncpg.connect(postgres_url)
    text = "convert_from(body, 'UTF8')"
    await owner.execute(f"UPDATE decisions SET body = convert_to(replace({text}, 'SELL', 'BUY'), 'UTF8')")
    await owner.close()

    verified = await asyncio.to_thread(conclave, "verify", POSTGRES_URL=postgres_url)
    assert verified.code == 1
    assert "AAPL #1" in verified.out


def test_the_doctor_tells_of_the_server_and_makes_nothing(postgres_url):
    before = conclave("doctor", POSTGRES_URL=postgres_url, COLUMNS="200")
    conclave("migrate", POSTGRES_URL=postgres_url)
    after = conclave("doctor", POSTGRES_URL=postgres_url, COLUMNS="200")

    assert (before.code, after.code) == (0, 0)
    assert "none yet: made with the first decision" in before.out
    assert f"schema {HEAD}, 0 decisions, can be written" in after.out
    assert postgres_url.partition("://")[2].partition("@")[0] not in before.out + after.out


@pytest.mark.parametrize("command", [("decisions",), ("verify",), ("doctor",)])
async def test_an_older_store_is_refused_with_the_command_that_upgrades_it(postgres_url, command):
    async with opened(postgres_url):
        pass
    owner = await asyncpg.connect(postgres_url)
    await owner.execute("UPDATE alembic_version SET version_num = $1", REVISIONS[0])
    await owner.close()

    ended = await asyncio.to_thread(conclave, *command, POSTGRES_URL=postgres_url)
    assert ended.code != 0
    assert "conclave migrate" in " ".join((ended.out + ended.err).replace("│", " ").split())


def test_a_server_that_is_not_there_is_an_error_and_never_a_traceback():
    for command in (("decisions",), ("verify",), ("tools",), ("migrate",), ("replay", "x")):
        ended = conclave(*command, POSTGRES_URL="postgresql://desk:canary@127.0.0.1:1/conclave")
        assert (ended.code, ended.out) == (3, "")
        assert "cannot be reached (Connection refused)" in ended.err
        assert "canary" not in ended.err


async def test_the_record_on_a_server_needs_no_folder(postgres_url, tmp_path):
    home = tmp_path / "home"
    async with AgentSystem(Settings(home=home, postgres_url=postgres_url)) as system:
        await system.run_real_time_analysis("AAPL", sample_bars("AAPL"), as_of="2009-01-22")
    assert not home.exists()
