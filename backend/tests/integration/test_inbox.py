"""Letters that come in more than once: each has its effect once, in a file and on a server."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.util import await_only

from app.domain.errors import ConflictError
from app.storage.inbox import REMEMBERED, Inbox
from app.storage.tables import idempotency_keys, inbox
from tests.contracts.decision_drafts import NOW
from tests.integration.store_setting import opened
from tests.integration.wire import wire_to


@pytest.fixture(params=["file", "server"])
def target(request, tmp_path):
    return request.getfixturevalue("postgres_url") if request.param == "server" else str(tmp_path / "conclave.db")


@pytest.fixture
async def database(target):
    async with opened(target) as store:
        yield store.database


@pytest.fixture
async def another(database, target):
    """The same one, as another process has it."""
    async with opened(target) as store:
        yield store.database


def effect(name):
    """An effect that can be counted."""
    row = {"key": name, "fingerprint": "", "status": 200}
    return lambda connection: connection.execute(insert(idempotency_keys), row)


async def effects(database):
    query = select(idempotency_keys.c.key).order_by(idempotency_keys.c.key)
    return await database.read(lambda connection: connection.execute(query).scalars().all())


async def notes(database):
    query = select(inbox.c.consumer, inbox.c.message_id).order_by(*inbox.primary_key)
    return [tuple(row) for row in await database.read(lambda connection: connection.execute(query).all())]


async def test_a_letter_has_its_effect_the_first_time(database):
    desk = Inbox(database, "desk")
    assert [await desk.once("m1", NOW, effect(name)) for name in ("a", "b")] == [True, False]

    assert await effects(database) == ["a"]
    assert await notes(database) == [("desk", "m1")]


async def test_each_consumer_makes_its_own_effect(database):
    for consumer in ("desk", "tools"):
        assert await Inbox(database, consumer).once("m1", NOW, effect(consumer))

    assert await effects(database) == ["desk", "tools"]
    assert await notes(database) == [("desk", "m1"), ("tools", "m1")]


async def test_of_fifty_who_receive_a_letter_at_once_one_makes_its_effect(database, another):
    desks = [Inbox(each, "desk") for each in (database, another)]
    receiving = (desks[number % 2].once("m1", NOW, effect(f"{number}")) for number in range(50))

    assert sorted(await asyncio.gather(*receiving)) == [False] * 49 + [True]
    assert len(await effects(database)) == 1


async def test_letters_that_come_in_any_order_to_several_do_not_get_stuck(database, another):
    letters = [f"m{number}" for number in range(40)]
    made = await asyncio.gather(
        *(Inbox(database, "desk").once(each, NOW, effect(each)) for each in letters),
        *(Inbox(another, "desk").once(each, NOW, effect(each)) for each in reversed(letters)),
    )

    assert sum(made) == 40
    assert await effects(database) == sorted(letters)


async def test_an_effect_that_fails_leaves_no_note_and_can_be_made_later(database):
    desk = Inbox(database, "desk")

    def fail(connection):
        effect("half of it")(connection)
        raise ConflictError("not now")

    with pytest.raises(ConflictError, match="not now"):
        await desk.once("m1", NOW, fail)
    assert await effects(database) == await notes(database) == []

    assert await desk.once("m1", NOW, effect("a"))
    assert await effects(database) == ["a"]


async def test_one_that_fails_does_not_spoil_what_came_with_it(database):
    desk = Inbox(database, "desk")

    def fail(connection):
        raise ConflictError("not now")

    good, bad, other = await asyncio.gather(
        desk.once("m1", NOW, effect("a")),
        desk.once("m2", NOW, fail),
        desk.once("m3", NOW, effect("b")),
        return_exceptions=True,
    )
    assert (good, type(bad), other) == (True, ConflictError, True)
    assert await effects(database) == ["a", "b"]
    assert await notes(database) == [("desk", "m1"), ("desk", "m3")]


async def test_an_effect_that_cannot_be_undone_by_its_repetition_is_undone_with_its_note(database):
    await database.write(effect("taken"))
    desk = Inbox(database, "desk")
    with pytest.raises(Exception, match="first"):
        await desk.once("m1", NOW, effect("taken"))
    assert await notes(database) == []

    await database.write(lambda connection: connection.execute(delete(idempotency_keys)).rowcount)
    assert await desk.once("m1", NOW, effect("taken"))


async def test_what_came_long_ago_is_forgotten_by_the_consumer_that_asks(database):
    desk, tools = Inbox(database, "desk"), Inbox(database, "tools")
    for number, age in enumerate((REMEMBERED + timedelta(seconds=1), REMEMBERED, timedelta(0))):
        for each in (desk, tools):
            await each.once(f"m{number}", NOW - age, lambda _: None)

    assert await desk.forget(NOW) == 1
    assert await desk.forget(NOW) == 0
    assert await notes(database) == [("desk", "m1"), ("desk", "m2"), ("tools", "m0"), ("tools", "m1"), ("tools", "m2")]
    assert await desk.once("m0", NOW, lambda _: None)
    assert not await desk.once("m1", NOW, lambda _: None)


@pytest.mark.parametrize("is_passed_on", [True, False])
async def test_an_effect_is_made_once_though_the_answer_to_its_commit_is_lost(postgres_url, is_passed_on):
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        desk = Inbox(store.database, "desk")
        await desk.forget(NOW)
        wire.cut_at(b"COMMIT\0", is_passed_on=is_passed_on)
        await desk.once("m1", NOW, effect("a"))

        assert wire.cuts == 1
        assert await effects(store.database) == ["a"]
        assert not await desk.once("m1", NOW, effect("b"))


async def test_effects_do_not_wait_for_whoever_writes_decisions(postgres_url):
    async with opened(postgres_url) as store:
        begun, may_end = asyncio.Event(), asyncio.Event()

        def dawdle(connection):
            begun.set()
            await_only(may_end.wait())

        writing = asyncio.create_task(store.database.write(dawdle))
        await begun.wait()
        assert await Inbox(store.database, "desk").once("m1", NOW, effect("a"))
        may_end.set()
        await writing
