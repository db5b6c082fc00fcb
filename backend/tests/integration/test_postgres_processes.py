"""Several processes on one database: one order of everything, and nobody misses anything."""

import asyncio

import asyncpg
import pytest
from sqlalchemy.util import await_only

from app.domain.decisions import EventFilter
from app.domain.errors import StoreUnavailableError
from app.storage.server_database import ServerDatabase
from app.storage.server_writer import LOCK
from tests.contracts.decision_drafts import a_draft, some_bars
from tests.integration.store_setting import (
    acknowledged_before_the_kill,
    an_appender,
    assert_a_series_is_continued,
    assert_intact,
    opened,
    rows,
)

SYMBOLS = ("AAPL", "MSFT", "IBM")
EVERYTHING = EventFilter(frozenset({"*"}))


async def test_two_processes_keep_every_chain_without_gaps(postgres_url):
    processes = [await an_appender(postgres_url, prefix, 200, *SYMBOLS) for prefix in "ab"]
    outputs = await asyncio.gather(*(process.communicate() for process in processes))

    assert [process.returncode for process in processes] == [0, 0]
    async with opened(postgres_url) as store:
        records = await assert_intact(store, *SYMBOLS)
        assert {each.decision_id for each in records} == {line.decode() for out, _ in outputs for line in out.split()}
        assert len(records) == 400


async def test_who_asks_for_what_came_after_misses_nothing_while_others_write(postgres_url):
    async with opened(postgres_url) as store:
        processes = [await an_appender(postgres_url, prefix, 60, *SYMBOLS) for prefix in "abc"]
        done = asyncio.gather(*(process.communicate() for process in processes))
        seen = []
        while len(seen) < 360:
            all_was_written = done.done()
            page = await store.events_after(seen[-1] if seen else 0, 50, EVERYTHING)
            seen += [event.seq for event in page]
            assert page or not all_was_written

        assert seen == list(range(1, 361))
        await done


async def test_an_empty_database_that_many_open_at_once_gets_its_tables_once(postgres_url):
    processes = [await an_appender(postgres_url, prefix, 3) for prefix in "abcd"]
    await asyncio.gather(*(process.communicate() for process in processes))

    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    async with opened(postgres_url) as store:
        assert len(await assert_intact(store)) == 12


async def test_a_series_that_another_process_continued_is_not_written_twice(postgres_url):
    async with opened(postgres_url) as one, opened(postgres_url) as other:
        await assert_a_series_is_continued(one, other)


async def test_what_was_acknowledged_survives_the_kill_of_its_process(postgres_url):
    acknowledged = await acknowledged_before_the_kill(postgres_url)
    async with opened(postgres_url) as store:
        await store.append(a_draft("after"))
        chain = [record.decision_id for record in await assert_intact(store)]
        assert chain[: len(acknowledged)] == acknowledged
        assert chain[-1] == "after"
        assert len(chain) <= len(acknowledged) + 2


async def test_a_process_that_freezes_in_the_middle_of_a_write_holds_nobody_up_for_long(postgres_url):
    frozen = ServerDatabase(postgres_url, timeout_s=1)
    await frozen.open()
    has_lock, thaws = asyncio.Event(), asyncio.Event()

    def freeze(connection):
        connection.exec_driver_sql("CREATE TABLE left_behind (name TEXT)")
        has_lock.set()
        await_only(thaws.wait())
        connection.exec_driver_sql("INSERT INTO left_behind VALUES ('late')")

    late = asyncio.create_task(frozen.write(freeze))
    await has_lock.wait()
    async with opened(postgres_url) as store:
        await store.append(a_draft("d1"))
        await assert_intact(store)
        thaws.set()
        # What it began was undone by the server; so it begins again, and this time nothing holds it up.
        await late
        assert await rows(store, "SELECT name FROM left_behind") == [("late",)]
    await frozen.close()


async def test_a_store_that_somebody_else_holds_is_said(postgres_url):
    async with opened(postgres_url):
        pass
    async with opened(postgres_url, timeout_s=0.5) as store:
        holder = await asyncpg.connect(postgres_url)
        await holder.fetch(f"SELECT pg_advisory_lock({LOCK})")
        with pytest.raises(StoreUnavailableError, match="Another process holds the store"):
            await store.append(a_draft("d1"))

        assert await store.get("d1") is None
        await holder.close()
        await store.append(a_draft("d1"))
        assert len(await assert_intact(store)) == 1


async def test_a_database_that_is_strict_by_default_is_written_all_the_same(postgres_url):
    owner = await asyncpg.connect(postgres_url)
    name = await owner.fetchval("SELECT current_database()")
    await owner.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    await owner.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    await owner.close()
    async with opened(postgres_url) as one, opened(postgres_url) as other:
        drafts = [a_draft(f"d{number}", bars=some_bars(number, 30)) for number in range(20)]
        stores = (one, other) * 10
        await asyncio.gather(*(store.append(draft) for store, draft in zip(stores, drafts, strict=True)))

        assert len(await assert_intact(one)) == 20
        assert await one.database.write(lambda each: each.exec_driver_sql("SHOW synchronous_commit").scalar()) == "on"


async def test_a_database_is_told_who_is_connected_and_by_how_many(postgres_url):
    async with opened(postgres_url) as store:
        await asyncio.gather(*(store.last_seq() for _ in range(40)), *(store.append(a_draft(f"{n}")) for n in range(5)))
        sql = "SELECT application_name, count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1"
        ((name, connections),) = await rows(store, sql)

    assert name == "conclave"
    assert connections == 5
