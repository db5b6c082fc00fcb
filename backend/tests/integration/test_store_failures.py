"""The embedded store when the disk is full, the file is damaged, somebody holds the lock or gives up waiting."""

import asyncio
import sqlite3
import stat
import threading
from dataclasses import replace

import pytest

from app.domain.decisions import ChainHead, EventFilter
from app.domain.errors import ConflictError, RecordCorruptError, StoreUnavailableError
from app.storage.embedded_database import EmbeddedDatabase
from app.storage.repositories.decisions import SqlDecisionStore
from tests.contracts.decision_drafts import a_draft, an_answer, some_bars
from tests.integration.store_setting import assert_intact, opened


async def pragma(store, text):
    return await store.database.write(lambda connection: connection.exec_driver_sql(f"PRAGMA {text}").scalar())


def alter(path, sql):
    """Change the file behind the store's back."""
    with sqlite3.connect(path) as connection:
        connection.execute(sql)
    connection.close()


async def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path):
    async with opened(tmp_path / "conclave.db") as store:
        await store.append(a_draft("d1"))
        await pragma(store, f"max_page_count = {await pragma(store, 'page_count')}")
        with pytest.raises(StoreUnavailableError, match="full; free space"):
            await store.append(a_draft("d2", bars=some_bars(3, 9_000), keyed=an_answer("k1")))

        assert len(await assert_intact(store)) == 1
        assert await store.answer("k1") is None
        await pragma(store, "max_page_count = 1000000")
        await store.append(a_draft("d2", bars=some_bars(3, 9_000), keyed=an_answer("k1")))
        assert len(await assert_intact(store)) == 2


async def test_a_failed_write_is_not_remembered_as_stored_bars(tmp_path):
    async with opened(tmp_path / "conclave.db") as store:
        await store.append(a_draft("d1", bars=some_bars(0, 30)))
        with pytest.raises(ConflictError):
            await store.append(a_draft("d1", bars=some_bars(1, 30)))
        await store.append(a_draft("d2", bars=some_bars(2, 30)))

        assert (await store.evidence("d2")).bars.digest() == some_bars(2, 30).digest()


async def test_a_place_in_the_chain_is_given_once(tmp_path):
    async with opened(tmp_path / "conclave.db") as store:
        await store.append(a_draft("d1"))
        late = replace(a_draft("d2"), seal=lambda head: a_draft("d2").seal(ChainHead(head.symbol)))
        with pytest.raises(StoreUnavailableError, match="try again"):
            await store.append(late)

        assert len(await assert_intact(store)) == 1


async def test_a_store_held_by_another_process_is_said(tmp_path):
    path = tmp_path / "conclave.db"
    async with opened(path) as store:
        await store.append(a_draft("d1"))
        await pragma(store, "busy_timeout = 1")
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="Another process holds the store"):
            await store.append(a_draft("d2"))

        assert (await store.get("d1")) is not None
        holder.execute("ROLLBACK")
        holder.close()
        await store.append(a_draft("d2"))
        assert len(await assert_intact(store)) == 2


async def test_a_caller_that_gives_up_leaves_the_store_usable(tmp_path):
    path = tmp_path / "conclave.db"
    async with opened(path) as store:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        waiting = [asyncio.create_task(store.append(a_draft(f"d{number}"))) for number in range(2)]
        await asyncio.wait(waiting, timeout=0)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        holder.execute("ROLLBACK")
        holder.close()

        assert all(task.cancelled() for task in waiting)
        await store.append(a_draft("d2"))
        assert "d2" in [record.decision_id for record in await assert_intact(store)]


async def test_decisions_that_share_a_commit_do_not_pay_for_the_fault_of_one(tmp_path):
    async with opened(tmp_path / "conclave.db") as store:
        drafts = [a_draft("d1"), a_draft("d1"), a_draft("d2"), a_draft("d3")]
        first, again, second, third = await asyncio.gather(*map(store.append, drafts), return_exceptions=True)

        assert isinstance(again, ConflictError)
        stored = [committed.record.decision_id for committed in (first, second, third)]
        assert [record.decision_id for record in await assert_intact(store)] == stored == ["d1", "d2", "d3"]


async def test_a_store_that_is_closed_first_finishes_what_it_took(tmp_path):
    path = tmp_path / "conclave.db"
    store = SqlDecisionStore(EmbeddedDatabase(path))
    await store.open()
    taken = [asyncio.create_task(store.append(a_draft(f"d{number}"))) for number in range(5)]
    await asyncio.wait(taken, timeout=0)
    await store.close()

    assert [task.result().record.sequence for task in taken] == [1, 2, 3, 4, 5]
    async with opened(path) as again:
        assert len(await assert_intact(again)) == 5


async def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "conclave.db"
    path.write_text("These are my notes, not a store. " * 100)

    with pytest.raises(RecordCorruptError, match="not a Conclave store"):
        await SqlDecisionStore(EmbeddedDatabase(path)).open()
    assert path.read_text().startswith("These are my notes")


async def test_a_path_where_nothing_can_be_created_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "conclave.db", tmp_path):
        with pytest.raises(StoreUnavailableError):
            await SqlDecisionStore(EmbeddedDatabase(path)).open()


async def test_a_store_that_is_not_open_says_so(tmp_path):
    store = SqlDecisionStore(EmbeddedDatabase(tmp_path / "new" / "conclave.db"))
    with pytest.raises(StoreUnavailableError, match="not open"):
        await store.last_seq()
    assert not (tmp_path / "new").exists()


async def test_a_few_rows_are_looked_up_at_once_and_on_a_thread_where_that_would_mean_waiting(tmp_path):
    held_once = [sqlite3.OperationalError("database is locked")]
    held_once[0].sqlite_errorcode = sqlite3.SQLITE_BUSY
    threads = []

    def look_up(connection):
        threads.append(threading.current_thread())
        if len(threads) == 2:
            raise held_once.pop()
        return connection.exec_driver_sql("SELECT 1").scalar()

    async with opened(tmp_path / "conclave.db") as store:
        assert [await store.database.find(look_up) for _ in range(2)] == [1, 1]

    here = threading.main_thread()
    assert [each is here for each in threads] == [True, True, False]


async def test_a_closed_store_can_be_opened_again(tmp_path):
    store = SqlDecisionStore(EmbeddedDatabase(tmp_path / "conclave.db"))
    for number in range(2):
        await store.open()
        await store.append(a_draft(f"d{number}", bars=some_bars(number, 30)))
        await store.close()

    async with opened(tmp_path / "conclave.db") as again:
        assert len(await assert_intact(again)) == 2


async def test_only_its_owner_can_read_the_store(tmp_path):
    path = tmp_path / "desk" / "conclave.db"
    async with opened(path) as store:
        await store.append(a_draft("d1"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert modes == dict.fromkeys(["conclave.db", "conclave.db-wal", "conclave.db-shm"], 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM bar_segments WHERE first_index = 30",
        "DELETE FROM bar_segments WHERE first_index = 0",
        "UPDATE bar_segments SET bits = substr(bits, 2) WHERE first_index = 30",
        "UPDATE bar_segments SET bits = zeroblob(48) WHERE first_index = 30",
        "UPDATE bar_segments SET bar_count = 2 WHERE first_index = 30",
        "UPDATE decisions SET first_bar = 1 WHERE id = 'd2'",
        "UPDATE decisions SET bar_count = 30 WHERE id = 'd2'",
        "UPDATE decisions SET evidence = x'00' WHERE id = 'd2'",
        "UPDATE bar_series SET interval = '2d'",
        "DELETE FROM bar_series",
    ],
)
async def test_altered_evidence_is_noticed(tmp_path, damage):
    path = tmp_path / "conclave.db"
    async with opened(path) as store:
        await store.append(a_draft("d1", bars=some_bars(0, 30)))
        await store.append(a_draft("d2", bars=some_bars(0, 31)))
        alter(path, damage)

        with pytest.raises(RecordCorruptError):
            await store.evidence("d2")


async def test_a_damaged_series_is_not_continued(tmp_path):
    path = tmp_path / "conclave.db"
    async with opened(path) as store:
        await store.append(a_draft("d1", bars=some_bars(0, 30)))
    alter(path, "UPDATE bar_segments SET bits = zeroblob(3)")

    async with opened(path) as store:
        await store.append(a_draft("d2", bars=some_bars(1, 30)))
        assert (await store.evidence("d2")).bars.digest() == some_bars(1, 30).digest()


async def test_an_altered_record_is_read_as_it_stands_in_the_file(tmp_path):
    path = tmp_path / "conclave.db"
    async with opened(path) as store:
        body = (await store.append(a_draft("d1"))).record.body
        alter(path, "UPDATE decisions SET body = replace(body, 'BUY', 'SELL')")

        altered = body.replace(b"BUY", b"SELL")
        assert (await store.get("d1")).body == altered
        assert [record.body async for record in store.chain("AAPL")] == [altered]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE events SET data = x'7b'",
        "UPDATE events SET type = 'rumour'",
        "UPDATE events SET timestamp = 9000000000000000000",
        "UPDATE events SET name = cast(x'ff' AS TEXT)",
        "UPDATE decisions SET created_at = 9000000000000000000",
        "UPDATE decisions SET created_at = 'yesterday'",
    ],
)
async def test_rows_that_cannot_be_read_are_noticed(tmp_path, damage):
    path = tmp_path / "conclave.db"
    async with opened(path) as store:
        await store.append(a_draft("d1"))
        alter(path, damage)

        with pytest.raises(RecordCorruptError, match="damaged"):
            await store.get("d1")
            await store.events_after(0, 10, EventFilter(frozenset({"*"})))


async def test_windows_that_slide_store_each_bar_once(tmp_path):
    path = tmp_path / "conclave.db"
    async with opened(path) as store:
        for number in range(101):
            await store.append(a_draft(f"d{number}", bars=some_bars(number, 250)))
    async with opened(path) as store:
        await store.append(a_draft("again", bars=some_bars(50, 250)))
        await store.append(a_draft("later", bars=some_bars(101, 250)))
        sizes = "SELECT sum(length(bits)), count(*) FROM bar_segments"
        stored = await store.database.read(lambda connection: tuple(connection.exec_driver_sql(sizes).one()))

        assert stored == (351 * 48, 102)
        assert (await store.evidence("d77")).bars.digest() == some_bars(77, 250).digest()
