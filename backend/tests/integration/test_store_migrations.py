"""A store of an older version on its way to the present one."""

from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.domain.errors import StoreOutdatedError
from app.domain.spending import Spend
from app.storage.embedded_database import EmbeddedDatabase
from app.storage.migrate import configuration, downgrade_connection, upgrade
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.schema import REVISIONS
from app.storage.session import database_at
from app.storage.tables import metadata
from tests.contracts.decision_drafts import NOW, a_draft, an_answer, some_bars
from tests.contracts.model_drafts import a_model_draft, a_model_vote, an_exchange
from tests.integration.store_setting import assert_intact, opened

SHAPE = "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
COLUMNS = 'SELECT m.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master m, pragma_table_info(m.name) c'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "conclave.db"


async def on_file(path, work):
    database = EmbeddedDatabase(path)
    await database.open()
    try:
        return await database.write(work)
    finally:
        await database.close()


async def executed(path, sql):
    return await on_file(path, lambda connection: connection.exec_driver_sql(sql))


async def test_a_store_of_the_first_version_keeps_its_decisions(path):
    async with opened(path) as store:
        records = [(await store.append(a_draft(f"d{n}", bars=some_bars(n, 30)))).record for n in range(3)]
    await on_file(path, lambda connection: downgrade_connection(connection, REVISIONS[0]))
    with pytest.raises(StoreOutdatedError, match="conclave migrate"):
        await SqlDecisionStore(EmbeddedDatabase(path)).open()

    await upgrade(path)
    async with opened(path) as store:
        assert await assert_intact(store) == records
        assert (await store.append(a_draft("d3", keyed=an_answer("k1")))).record.sequence == 4


async def test_the_steps_lead_to_the_tables_of_a_new_store(path):
    await upgrade(path)
    new = path.with_name("new.db")
    async with opened(new):
        pass

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    assert await on_file(path, differences) == []
    for question in (SHAPE, COLUMNS):
        migrated, created = [
            await on_file(file, lambda connection, sql=question: connection.exec_driver_sql(sql).all())
            for file in (path, new)
        ]
        assert set(migrated) == set(created)


async def test_every_step_can_be_undone(path):
    await upgrade(path)
    await on_file(path, lambda connection: downgrade_connection(connection, "base"))

    assert await on_file(path, lambda connection: connection.exec_driver_sql(SHAPE).all()) == [
        ("table", "alembic_version", "alembic_version")
    ]
    await upgrade(path)
    async with opened(path) as store:
        assert (await store.append(a_draft())).record.sequence == 1


async def test_an_upgrade_of_an_up_to_date_store_changes_nothing(path):
    async with opened(path) as store:
        await store.append(a_draft())
    await upgrade(path)
    async with opened(path) as store:
        assert len(await assert_intact(store)) == 1


async def test_a_store_of_a_later_version_asks_for_a_newer_conclave(path):
    async with opened(path):
        pass
    await executed(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreOutdatedError, match="upgrade Conclave"):
        await SqlDecisionStore(EmbeddedDatabase(path)).open()
    with pytest.raises(StoreOutdatedError, match="upgrade Conclave"):
        await upgrade(path)


async def test_a_database_of_somebody_else_is_left_alone(path):
    await executed(path, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreOutdatedError, match="no version"):
        await SqlDecisionStore(EmbeddedDatabase(path)).open()
    with pytest.raises(StoreOutdatedError, match="no version"):
        await upgrade(path)
    assert len(await on_file(path, lambda connection: connection.exec_driver_sql(SHAPE).all())) == 1


async def test_the_code_knows_every_step(path):
    def revisions(connection):
        scripts = ScriptDirectory.from_config(configuration(connection))
        return [script.revision for script in scripts.walk_revisions()]

    assert await on_file(path, revisions) == list(reversed(REVISIONS))


def test_a_url_is_a_server_and_a_path_a_file(path):
    assert type(database_at(path)).__name__ == "EmbeddedDatabase"
    assert type(database_at(str(path))).__name__ == "EmbeddedDatabase"
    assert type(database_at("postgresql://desk@host/conclave")).__name__ == "ServerDatabase"


async def test_a_store_from_before_models_keeps_its_decisions_and_remembers_no_model(path):
    drafts = [a_model_draft(f"d{n}", an_exchange(str(n)), events=[a_model_vote(decision_id=f"d{n}")]) for n in range(3)]
    async with opened(path) as store:
        records = [(await store.append(each)).record for each in drafts]
    await on_file(path, lambda connection: downgrade_connection(connection, REVISIONS[1]))
    with pytest.raises(StoreOutdatedError, match="conclave migrate"):
        await SqlDecisionStore(EmbeddedDatabase(path)).open()

    await upgrade(path)
    async with opened(path) as store:
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
