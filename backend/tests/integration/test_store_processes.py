"""Several processes on one store, and one that dies."""

import asyncio

from tests.contracts.decision_drafts import a_draft, some_bars
from tests.integration.store_setting import (
    acknowledged_before_the_kill,
    an_appender,
    assert_a_series_is_continued,
    assert_intact,
    opened,
)


async def test_two_stores_on_one_file_keep_one_chain(tmp_path):
    path = tmp_path / "conclave.db"
    async with opened(path) as one, opened(path) as other:

        async def append_all(store, prefix):
            for number in range(25):
                await store.append(a_draft(f"{prefix}{number}", bars=some_bars(number, 30)))

        await asyncio.gather(append_all(one, "a"), append_all(other, "b"))
        assert len(await assert_intact(one)) == 50


async def test_a_series_that_another_process_continued_is_not_written_twice(tmp_path):
    path = tmp_path / "conclave.db"
    async with opened(path) as one, opened(path) as other:
        await assert_a_series_is_continued(one, other)


async def test_a_second_process_appends_to_the_same_chain(tmp_path):
    path = tmp_path / "conclave.db"
    process = await an_appender(path, "other", 30)
    assert await process.stdout.readline() == b"other0\n"
    async with opened(path) as store:
        for number in range(30):
            await store.append(a_draft(f"own{number}", bars=some_bars(number, 30)))
        await process.communicate()

        assert process.returncode == 0
        assert len(await assert_intact(store)) == 60


async def test_stores_that_are_opened_at_the_same_time_are_created_once(tmp_path):
    path = tmp_path / "conclave.db"
    processes = [await an_appender(path, prefix, 3) for prefix in "abc"]
    await asyncio.gather(*(process.communicate() for process in processes))

    assert [process.returncode for process in processes] == [0, 0, 0]
    async with opened(path) as store:
        assert len(await assert_intact(store)) == 9


async def test_what_was_acknowledged_survives_a_kill(tmp_path):
    path = tmp_path / "conclave.db"
    acknowledged = await acknowledged_before_the_kill(path)
    async with opened(path) as store:
        chain = await assert_intact(store)
        assert [record.decision_id for record in chain][: len(acknowledged)] == acknowledged
        assert len(chain) <= len(acknowledged) + 1
        await store.append(a_draft("after"))
        assert len(await assert_intact(store)) == len(chain) + 1
