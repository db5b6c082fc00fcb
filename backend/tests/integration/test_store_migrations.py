"""A store of an older version on its way to the present one, in a file and on a server."""

import asyncio
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.domain.errors import StoreOutdatedError, StoreUnavailableError
from app.domain.spending import Spend
from app.storage.inbox import Inbox
from app.storage.migrate import configuration, downgrade_connection, upgrade, upgrade_connection
from app.storage.opening import database_at
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.schema import HEAD, REVISIONS
from app.storage.tables import metadata
from tests.contracts.accepted_jobs import a_decision_of, a_job, a_letter, taken
from tests.contracts.decision_drafts import NOW, a_draft, an_answer, some_bars
from tests.contracts.model_drafts import a_model_draft, a_model_vote, an_exchange
from tests.integration.store_setting import assert_intact, opened
from tests.services import fresh_database


@pytest.fixture(params=["file", "server"])
def target(request, tmp_path):
    return request.getfixturevalue("postgres_url") if request.param == "server" else str(tmp_path / "conclave.db")


@pytest.fixture
def another(target, tmp_path):
    """A second empty store of the same kind."""
    if "://" not in target:
        yield str(tmp_path / "another.db")
        return
    with fresh_database() as url:
        yield url


async def on_store(target, work):
    database = database_at(target)
    await database.open()
    try:
        return await database.write(work)
    finally:
        await database.close()


async def executed(target, sql):
    await on_store(target, lambda connection: connection.exec_driver_sql(sql).close())


def shape(connection):
    """Everything that can be told of the tables of a database."""

    def told(part):
        if isinstance(part, dict):
            return {name: told(value) for name, value in part.items()}
        return sorted(map(str, map(told, part))) if isinstance(part, list) else str(part)

    seen = inspect(connection)
    parts = (seen.get_pk_constraint, seen.get_indexes, seen.get_unique_constraints, seen.get_foreign_keys)
    parts = (*parts, seen.get_columns, seen.get_table_options)
    return {name: [told(part(name)) for part in parts] for name in seen.get_table_names()}


async def test_a_store_of_the_first_version_keeps_its_decisions(target):
    async with opened(target) as store:
        records = [(await store.append(a_draft(f"d{n}", bars=some_bars(n, 30)))).record for n in range(3)]
    await on_store(target, lambda connection: downgrade_connection(connection, REVISIONS[0]))
    with pytest.raises(StoreOutdatedError, match="conclave migrate"):
        await SqlDecisionStore(database_at(target)).open()

    assert await upgrade(target) == REVISIONS[0]
    async with opened(target) as store:
        assert await assert_intact(store) == records
        assert (await store.append(a_draft("d3", keyed=an_answer("k1")))).record.sequence == 4


async def test_the_steps_lead_to_the_tables_of_a_new_store(target, another):
    assert await upgrade(target) is None
    async with opened(another):
        pass

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    assert await on_store(target, differences) == await on_store(another, differences) == []
    assert await on_store(target, shape) == await on_store(another, shape)


async def test_every_step_can_be_undone(target):
    await upgrade(target)
    await on_store(target, lambda connection: downgrade_connection(connection, "base"))

    assert list(await on_store(target, shape)) == ["alembic_version"]
    await upgrade(target)
    async with opened(target) as store:
        assert (await store.append(a_draft())).record.sequence == 1


async def test_an_upgrade_of_an_up_to_date_store_changes_nothing(target):
    async with opened(target) as store:
        await store.append(a_draft())
    assert await upgrade(target) == HEAD
    async with opened(target) as store:
        assert len(await assert_intact(store)) == 1


async def test_a_store_of_a_later_version_asks_for_a_newer_conclave(target):
    async with opened(target):
        pass
    await executed(target, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreOutdatedError, match="upgrade Conclave"):
        await SqlDecisionStore(database_at(target)).open()
    with pytest.raises(StoreOutdatedError, match="upgrade Conclave"):
        await upgrade(target)


async def test_a_database_of_somebody_else_is_left_alone(target):
    await executed(target, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreOutdatedError, match="no version"):
        await SqlDecisionStore(database_at(target)).open()
    with pytest.raises(StoreOutdatedError, match="no version"):
        await upgrade(target)
    assert list(await on_store(target, shape)) == ["recipes"]


async def test_the_code_knows_every_step(target):
    def revisions(connection):
        scripts = ScriptDirectory.from_config(configuration(connection))
        return [script.revision for script in scripts.walk_revisions()]

    assert await on_store(target, revisions) == list(reversed(REVISIONS))


def test_a_url_is_a_server_and_a_path_a_file(tmp_path):
    path = tmp_path / "conclave.db"
    assert type(database_at(path)).__name__ == "EmbeddedDatabase"
    assert type(database_at(str(path))).__name__ == "EmbeddedDatabase"
    assert type(database_at("postgresql://desk@host/conclave")).__name__ == "ServerDatabase"


async def test_a_store_from_before_models_keeps_its_decisions_and_remembers_no_model(target):
    drafts = [a_model_draft(f"d{n}", an_exchange(str(n)), events=[a_model_vote(decision_id=f"d{n}")]) for n in range(3)]
    async with opened(target) as store:
        records = [(await store.append(each)).record for each in drafts]
    await on_store(target, lambda connection: downgrade_connection(connection, REVISIONS[1]))
    with pytest.raises(StoreOutdatedError, match="conclave migrate"):
        await SqlDecisionStore(database_at(target)).open()

    await upgrade(target)
    async with opened(target) as store:
        assert [record async for record in store.chain("AAPL")] == records
        assert await store.lineage_votes(10) == await store.past_votes("AAPL", NOW + timedelta(days=9), 10) == ()
        assert await store.exchange(an_exchange("0").request_key) is None
        assert await store.spent_since(NOW) == Spend()
        evidence = await store.evidence("d0")
        assert evidence is not None
        assert (evidence.document, evidence.exchanges) == (drafts[0].evidence, ())

        asked = an_exchange("new")
        await store.append(a_model_draft("d3", asked, events=[a_model_vote(decision_id="d3")]))
        assert await store.exchange(asked.request_key) == asked
        assert await store.lineage_votes(10) == (("anthropic:m-1", "d3", "BUY"),)
        assert len(await store.past_votes("AAPL", NOW + timedelta(days=9), 10)) == 1


async def test_a_store_from_before_accepted_work_keeps_its_decisions_and_takes_jobs(target):
    async with opened(target) as store:
        records = [(await store.append(a_draft(f"d{n}"))).record for n in range(3)]
        claims = await taken(store.work)
        await store.work.deliver(claims[0], b"x")
        await store.work.accept(a_job("accepted", key="k1"), [a_letter()])
        await Inbox(store.database, "desk").once("m1", NOW, lambda _: None)
    await on_store(target, lambda connection: downgrade_connection(connection, REVISIONS[2]))
    assert not {"jobs", "tasks", "outbox", "inbox"} & set(await on_store(target, shape))
    with pytest.raises(StoreOutdatedError, match="conclave migrate"):
        await SqlDecisionStore(database_at(target)).open()

    assert await upgrade(target) == REVISIONS[2]
    async with opened(target) as store:
        assert await assert_intact(store) == records
        assert await store.work.pending(10) == ()
        claims = await taken(store.work)
        assert [await store.work.deliver(each, b"x") for each in claims] == [2, 1, 0]
        assert (await store.append(a_decision_of("j1"))).record.sequence == 4
        assert await Inbox(store.database, "desk").once("m1", NOW, lambda _: None)


async def test_a_job_under_way_survives_an_upgrade_that_finds_nothing_to_do(target):
    async with opened(target) as store:
        claims = await taken(store.work)
        await store.work.deliver(claims[0], b"x")
    assert await upgrade(target) == HEAD
    async with opened(target) as store:
        assert await store.work.contributions("j1") == {claims[0].agent_id: b"x"}
        assert [await store.work.deliver(each, b"y") for each in claims[1:]] == [1, 0]


@pytest.mark.parametrize("is_upgraded", [True, False])
async def test_tasks_go_with_their_job_in_a_new_store_and_in_an_upgraded_one(target, is_upgraded):
    if is_upgraded:
        await upgrade(target)
    async with opened(target) as store:
        await taken(store.work)
    await executed(target, "DELETE FROM jobs")
    counted = await on_store(target, lambda each: each.exec_driver_sql("SELECT count(*) FROM tasks").scalar())
    assert counted == 0


@pytest.mark.parametrize("revision", [None, REVISIONS[0]])
async def test_of_migrators_at_the_same_time_one_works_and_the_others_wait(target, revision):
    if revision is not None:
        await on_store(target, lambda connection: upgrade_connection(connection, revision))

    assert sorted(await asyncio.gather(*(upgrade(target) for _ in range(4))), key=str) == sorted(
        [revision, HEAD, HEAD, HEAD], key=str
    )
    async with opened(target) as store:
        assert (await store.append(a_draft())).record.sequence == 1


async def test_a_step_that_fails_leaves_the_store_as_it_was(target):
    async with opened(target) as store:
        records = [(await store.append(a_draft(f"d{n}"))).record for n in range(3)]
    await on_store(target, lambda connection: downgrade_connection(connection, REVISIONS[0]))
    await executed(target, "CREATE TABLE model_calls (name TEXT)")
    before = await on_store(target, shape)

    with pytest.raises(StoreUnavailableError, match="nothing was stored"):
        await upgrade(target)
    assert await on_store(target, shape) == before
    await executed(target, "DROP TABLE model_calls")
    await upgrade(target)
    async with opened(target) as store:
        assert await assert_intact(store) == records
