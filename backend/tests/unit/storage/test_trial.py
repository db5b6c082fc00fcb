import pytest

from app.domain.errors import StoreUnavailableError
from app.storage.embedded_database import EmbeddedDatabase
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.trial import try_to_write


@pytest.fixture
async def store(tmp_path):
    store = SqlDecisionStore(EmbeddedDatabase(tmp_path / "conclave.db"))
    await store.open()
    yield store
    await store.close()


async def test_a_trial_leaves_nothing_behind(store):
    await try_to_write(store.database)
    assert await store.last_seq() == 0


async def test_a_trial_finds_out_that_nothing_can_be_written(store):
    await store.database.write(lambda connection: connection.exec_driver_sql("PRAGMA query_only = ON").close())
    with pytest.raises(StoreUnavailableError):
        await try_to_write(store.database)
