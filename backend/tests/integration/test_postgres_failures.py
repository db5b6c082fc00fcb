"""A database server that is not there, refuses, vanishes in the middle or takes too long."""

import asyncio
import traceback
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy.util import await_only

from app.domain.decisions import ChainHead, EventFilter
from app.domain.errors import ConflictError, InvalidInputError, StillRunningError, StoreUnavailableError
from app.domain.spending import Spend
from app.storage.inbox import REMEMBERED, Inbox
from app.storage.migrate import upgrade
from app.storage.opening import database_at
from app.storage.outbox import ServerOutbox
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.server_database import ServerDatabase
from app.storage.trial import try_to_write
from scripts.services.ports import free_port
from tests.contracts.accepted_jobs import STOPPED, a_decision_of, a_job, a_lease, a_letter, taken
from tests.contracts.budgets import a_reservation
from tests.contracts.decision_drafts import NOW, a_draft, a_step, a_vote, an_answer, some_bars
from tests.contracts.model_drafts import a_model_call, a_model_draft, an_exchange
from tests.integration.store_setting import assert_intact, opened
from tests.integration.wire import wire_to
from tests.services import server_url

READ_AND_ADD = "SELECT, INSERT ON ALL TABLES IN SCHEMA public"


@pytest.fixture
async def tables_url(postgres_url):
    """A database that has its tables: where statements are given little time, making them shall not count."""
    async with opened(postgres_url):
        pass
    return postgres_url


async def refusal(url):
    """What is said when a store cannot be opened; none of it may be a secret."""
    with pytest.raises(StoreUnavailableError) as caught:
        await SqlDecisionStore(ServerDatabase(url)).open()
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "canary" not in told
    return str(caught.value)


async def altered(url, sql):
    """Change the database behind the store's back."""
    owner = await asyncpg.connect(url)
    await owner.execute(sql)
    await owner.close()


def named(url, **changes):
    parts = urlsplit(url)
    netloc = f"{changes.get('user', parts.username)}:{changes.get('password', parts.password)}@{parts.hostname}"
    return parts._replace(
        netloc=f"{netloc}:{changes.get('port', parts.port)}", path=changes.get("path", parts.path)
    ).geturl()


@asynccontextmanager
async def a_user_with(url, *rights):
    """The address for a user of this test alone, who has these rights and no others."""
    user = "u" + urlsplit(url).path[1:]
    granted = "".join(f"; GRANT {each} TO {user}" for each in rights)
    await altered(url, f"CREATE ROLE {user} LOGIN PASSWORD 'canary'{granted}")
    try:
        yield named(url, user=user, password="canary")
    finally:
        await altered(url, f"DROP OWNED BY {user}; DROP ROLE {user}")


# Not let in


async def test_a_port_where_nobody_listens_is_said():
    told = await refusal(f"postgresql://desk:canary@127.0.0.1:{free_port()}/conclave")
    assert told == ("The database server cannot be reached (Connection refused); start it, or correct POSTGRES_URL.")


async def test_a_host_that_does_not_exist_is_said():
    assert "cannot be reached" in await refusal("postgresql://desk:canary@nowhere.invalid/conclave")


async def test_a_wrong_password_is_said(postgres_url):
    assert "refuses this user or password" in await refusal(named(postgres_url, password="canary"))


async def test_a_user_that_does_not_exist_is_said(postgres_url):
    assert "refuses this user or password" in await refusal(named(postgres_url, user="nobody"))


async def test_a_database_that_does_not_exist_is_said():
    assert "no database of that name; create it" in await refusal(named(server_url("postgres"), path="/nowhere"))


@pytest.mark.parametrize("url", ["mysql://desk:canary@host/x", "canary://", "http://desk:canary@host", "file://canary"])
def test_an_address_of_something_else_is_refused_without_repeating_it(url):
    with pytest.raises(InvalidInputError, match="write postgresql://user:password@host:5432/database") as caught:
        database_at(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://desk:canary@host:port/x", "postgresql://desk:canary@[::1/x"])
async def test_an_address_that_cannot_be_read_is_refused_without_repeating_it(url):
    with pytest.raises((StoreUnavailableError, InvalidInputError), match="POSTGRES_URL") as caught:
        await SqlDecisionStore(ServerDatabase(url)).open()
    assert "canary" not in "".join(traceback.format_exception(caught.value))


async def test_a_database_that_does_not_keep_utf8_is_refused(postgres_url):
    name = urlsplit(postgres_url).path[1:] + "_latin"
    await altered(postgres_url, f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        assert "ENCODING 'UTF8'" in await refusal(named(postgres_url, path=f"/{name}"))
    finally:
        await altered(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_database_that_may_only_be_read_is_refused(postgres_url):
    name = urlsplit(postgres_url).path[1:]
    await altered(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    assert "name the primary server" in await refusal(postgres_url)


async def test_a_user_without_rights_is_told_what_to_do(postgres_url):
    async with a_user_with(postgres_url) as url:
        assert "run `conclave migrate` as owner" in await refusal(url)


async def test_a_user_who_may_only_read_and_add_is_enough_once_the_tables_are_there(postgres_url):
    await upgrade(postgres_url)
    rights = (READ_AND_ADD, "USAGE ON SEQUENCE bar_series_id_seq")
    async with a_user_with(postgres_url, *rights) as url, opened(url) as store:
        await store.append(a_model_draft("d1", an_exchange("1"), keyed=an_answer("k1")))
        await try_to_write(store.database)
        assert len(await assert_intact(store)) == 1
        with pytest.raises(StoreUnavailableError, match="may not do that"):
            await store.database.write(lambda each: each.exec_driver_sql("DELETE FROM decisions").close())


async def test_a_user_with_the_rights_that_the_documentation_names_is_enough_for_accepted_work(postgres_url):
    await upgrade(postgres_url)
    changed = "jobs, tasks, outbox, inbox, budgets, reservations"
    changes = (f"UPDATE, DELETE ON {changed}", "USAGE ON SEQUENCE bar_series_id_seq, outbox_id_seq")
    async with a_user_with(postgres_url, READ_AND_ADD, *changes) as url, opened(url) as store:
        claims = await taken(store.work)
        assert [await store.work.deliver(each, b"x") for each in claims] == [2, 1, 0]
        await store.append(a_decision_of("j1"))
        await store.work.accept(a_job("j2"), [a_letter()])
        await store.work.hand_out_again(a_lease(after=100), 10)
        await store.work.end("j2", STOPPED, [])
        outbox = ServerOutbox(url)
        async with outbox.batch(False, 10) as letters:
            assert len(letters) == 1
        await outbox.close()
        desk = Inbox(store.database, "desk")
        assert await desk.once("m1", NOW - REMEMBERED * 2, lambda _: None)
        assert await desk.forget(NOW) == 1
        request = a_reservation()
        assert await store.books.reserve(request) is None
        await store.books.settle(request.id, Spend())


async def test_of_several_servers_the_first_that_can_be_written_is_taken(postgres_url):
    parts = urlsplit(postgres_url)
    user, _, place = parts.netloc.rpartition("@")
    dead = f"127.0.0.1:{free_port()}"
    async with opened(parts._replace(netloc=f"{user}@{dead},{place}").geturl()) as store:
        assert (await store.append(a_draft())).record.sequence == 1


async def test_a_store_that_is_not_open_says_so():
    store = SqlDecisionStore(ServerDatabase("postgresql://desk@127.0.0.1:1/conclave"))
    for use in (store.last_seq, lambda: store.append(a_draft())):
        with pytest.raises(StoreUnavailableError, match="not open"):
            await use()


def test_a_database_shows_its_place_and_no_secret():
    database = ServerDatabase("postgresql://desk:canary@db.example:5432/conclave?password=canary")
    assert database.address.shown == "postgresql://db.example:5432/conclave"
    assert "canary" not in f"{database!r}{database.address!r}{vars(database)!r}"


# Gone in the middle


async def test_a_commit_whose_answer_is_lost_is_found_to_stand(postgres_url):
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        wire.cut_at(b"COMMIT\0", is_passed_on=True)
        committed = await store.append(a_draft("d1", keyed=an_answer("k1")))

        assert wire.cuts == 1
        assert await assert_intact(store) == [committed.record]
        assert await store.answer("k1") == an_answer("k1")
        assert (await store.append(a_draft("d2", bars=some_bars(1, 6)))).record.sequence == 2


async def test_a_commit_that_never_arrived_is_made_again(postgres_url):
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        wire.cut_at(b"COMMIT\0", is_passed_on=False, times=2)
        committed = await store.append(a_draft("d1"))

        assert wire.cuts == 2
        assert await assert_intact(store) == [committed.record]


@pytest.mark.parametrize("is_passed_on", [True, False])
async def test_every_kind_of_write_survives_a_lost_commit_once(postgres_url, is_passed_on):
    call, exchange = a_model_call(), an_exchange("1")

    async def numbers(store):
        return [event.seq for event in await store.events_after(0, 100, EventFilter(frozenset({"*"})))]

    asked, still_out = a_reservation(), a_reservation()
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        for write in (
            lambda: store.append_events([a_step(), a_vote()]),
            lambda: store.keep_answer(an_answer("k1", None, b"{}")),
            lambda: store.books.reserve(asked),
            lambda: store.books.reserve(still_out),
            lambda: store.books.settle(asked.id, Spend(7)),
            lambda: store.append_model_calls("never", [call], [exchange]),
        ):
            wire.cut_at(b"COMMIT\0", is_passed_on=is_passed_on)
            await write()

        assert wire.cuts == 6
        assert (await store.books.spent(asked.of_decision.name)).tokens == 7 + still_out.need.tokens
        assert await numbers(store) == [1, 2]
        assert await store.answer("k1") == an_answer("k1", None, b"{}")
        assert await store.exchange(exchange.request_key) == exchange
        assert (await store.spent_since(NOW)).tokens == call.usage.total


async def test_decisions_that_share_a_lost_commit_are_each_there_once(postgres_url):
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        wire.cut_at(b"COMMIT\0", is_passed_on=True, times=2)
        drafts = [a_draft(f"d{number}", bars=some_bars(number, 30)) for number in range(100)]
        committed = await asyncio.gather(*map(store.append, drafts))

        assert wire.cuts == 2
        assert await assert_intact(store) == [each.record for each in committed]


async def test_a_connection_lost_between_two_statements_costs_nothing(postgres_url):
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        for word in (b"BEGIN", b"INSERT INTO bar_series", b"INSERT INTO decisions"):
            wire.cut_at(word, is_passed_on=False)
            await store.append(a_draft(word.decode(), bars=some_bars(0, 9, scale=len(word))))

        assert wire.cuts == 3
        assert len(await assert_intact(store)) == 3


async def test_a_commit_in_doubt_is_said_when_the_server_stays_away(tables_url):
    async with wire_to(tables_url) as wire, opened(wire.url, timeout_s=0.5) as store:
        wire.cut_at(b"COMMIT\0", is_passed_on=True)
        asked = asyncio.create_task(store.append(a_draft("d1")))
        await wire.was_cut.wait()
        await wire.deafen()
        with pytest.raises(StoreUnavailableError, match="whether it was stored is not known"):
            await asked

        await wire.listen()
        assert (await store.get("d1")) is not None
        assert (await store.append(a_draft("d2"))).record.sequence == 2


async def test_a_server_that_stays_away_is_said_and_is_found_again(tables_url):
    async with wire_to(tables_url) as wire, opened(wire.url, timeout_s=0.5) as store:
        await store.append(a_draft("d1"))
        await wire.deafen()
        with pytest.raises(StoreUnavailableError, match="cannot be reached"):
            await store.get("d1")
        refused = await asyncio.gather(*(store.append(a_draft(f"x{n}")) for n in range(5)), return_exceptions=True)
        assert [type(each.__cause__) is not None and "cannot be reached" in str(each) for each in refused] == [True] * 5

        await wire.listen()
        assert (await store.get("d1")) is not None
        await store.append(a_draft("d2"))
        assert len(await assert_intact(store)) == 2


async def test_a_write_waits_for_a_server_that_comes_back(postgres_url):
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        await wire.deafen()
        asked = asyncio.create_task(store.append(a_draft("d1")))
        await asyncio.wait([asked], timeout=0.05)
        assert not asked.done()
        await wire.listen()

        assert (await asked).record.sequence == 1


async def test_bars_that_a_server_has_lost_are_not_built_upon_once_it_is_found_again(postgres_url):
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        await store.append(a_draft("d1", bars=some_bars(0, 30)))
        await store.append(a_draft("d2", bars=some_bars(1, 30)))
        # as a standby may have it that took over too early
        await altered(postgres_url, "DELETE FROM decisions WHERE id = 'd2'")
        await altered(postgres_url, "DELETE FROM bar_segments WHERE first_index = 30")
        wire.cut_at(b"BEGIN", is_passed_on=False)
        await store.append(a_draft("d3", bars=some_bars(2, 30)))

        assert wire.cuts == 1
        assert (await store.evidence("d3")).bars.digest() == some_bars(2, 30).digest()


async def test_a_read_whose_connection_was_cut_is_asked_again(postgres_url):
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        await store.append(a_draft("d1"))
        wire.cut_at(b"evidence", is_passed_on=False)

        assert (await store.evidence("d1")) is not None
        assert wire.cuts == 1


async def test_a_server_that_falls_silent_holds_nobody_up_for_ever(tables_url):
    async with wire_to(tables_url) as wire, opened(wire.url, timeout_s=0.5) as store:
        await store.append(a_draft("d1"))
        wire.hold()
        answers = await asyncio.gather(store.get("d1"), store.append(a_draft("d2")), return_exceptions=True)
        assert ["gave no answer in time" in str(each) for each in answers] == [True, True]

        wire.release()
        assert (await store.get("d1")) is not None
        await store.append(a_draft("d3"))
        assert (await store.get("d3")) is not None


# Too long, too many, too late


async def test_a_statement_that_takes_too_long_is_ended_and_the_store_goes_on(tables_url):
    async with opened(tables_url, timeout_s=0.5) as store:
        with pytest.raises(StoreUnavailableError, match="CONCLAVE_DATABASE_TIMEOUT_SECONDS"):
            await store.database.read(lambda connection: connection.exec_driver_sql("SELECT pg_sleep(60)"))
        with pytest.raises(StoreUnavailableError, match="CONCLAVE_DATABASE_TIMEOUT_SECONDS"):
            await store.database.write(lambda connection: connection.exec_driver_sql("SELECT pg_sleep(60)"))

        await store.append(a_draft("d1"))
        assert len(await assert_intact(store)) == 1


async def test_readers_that_find_no_connection_free_are_told_and_writers_have_their_own(tables_url):
    database = ServerDatabase(tables_url, connections=3, timeout_s=0.5)
    store = SqlDecisionStore(database)
    await store.open()
    begun, may_end = asyncio.Event(), asyncio.Event()

    def dawdle(connection):
        connection.exec_driver_sql("SELECT 1").close()
        begun.set()
        await_only(may_end.wait())

    slow = asyncio.create_task(database.read(dawdle))
    await begun.wait()
    with pytest.raises(StoreUnavailableError, match="raise CONCLAVE_DATABASE_POOL"):
        await store.last_seq()
    assert (await store.append(a_draft("d1"))).record.sequence == 1

    may_end.set()
    await asyncio.gather(slow, return_exceptions=True)
    assert await store.last_seq() == 2
    await store.close()


async def test_a_place_in_the_chain_is_given_once(postgres_url):
    async with opened(postgres_url) as store:
        await store.append(a_draft("d1"))
        late = replace(a_draft("d2"), seal=lambda head: a_draft("d2").seal(ChainHead(head.symbol)))
        with pytest.raises(StoreUnavailableError, match="try again"):
            await store.append(late)

        assert len(await assert_intact(store)) == 1


async def test_decisions_that_share_a_commit_do_not_pay_for_the_fault_of_one(postgres_url):
    async with opened(postgres_url) as store:
        await store.keep_answer(an_answer("taken"))
        late = replace(a_draft("d4"), seal=lambda head: a_draft("d4").seal(ChainHead(head.symbol, 0)))
        drafts = [a_draft("d1"), a_draft("d1"), a_draft("d2"), late, a_draft("d3", keyed=an_answer("taken"))]
        first, again, second, overtaken, keyed = await asyncio.gather(
            *map(store.append, drafts), return_exceptions=True
        )

        assert [type(each) for each in (again, keyed)] == [ConflictError, StillRunningError]
        assert "try again" in str(overtaken)
        assert await assert_intact(store) == [first.record, second.record]


async def test_a_store_whose_tables_were_dropped_says_so(postgres_url):
    async with opened(postgres_url) as store:
        await altered(postgres_url, "DROP TABLE events")
        with pytest.raises(StoreUnavailableError, match="not as Conclave made them"):
            await store.last_seq()
        with pytest.raises(StoreUnavailableError, match="not as Conclave made them"):
            await store.append(a_draft())


async def test_a_closed_store_finishes_what_it_took_and_can_be_opened_again(postgres_url):
    store = SqlDecisionStore(ServerDatabase(postgres_url))
    await store.open()
    taken = [asyncio.create_task(store.append(a_draft(f"d{number}"))) for number in range(5)]
    await asyncio.wait(taken, timeout=0)
    await store.close()

    assert [task.result().record.sequence for task in taken] == [1, 2, 3, 4, 5]
    await store.open()
    assert len(await assert_intact(store)) == 5
    await store.close()


async def test_a_text_that_the_server_cannot_hold_is_found_nowhere(postgres_url):
    async with opened(postgres_url) as store:
        await store.append(a_draft("d1"))

        assert await store.get("d\0001") is None
        assert await store.evidence("\0") is None
        assert (await store.list(symbol="AA\0PL")).items == ()
        assert await store.events_after(0, 9, EventFilter(frozenset({"symbol:\0"}))) == ()
        assert await store.answer("\0") is None


async def test_text_is_ordered_by_its_characters_whatever_the_language_of_the_database(postgres_url):
    async with opened(postgres_url) as store:
        sql = "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = 'public'"
        sql += " AND data_type = 'character varying' AND table_name <> 'alembic_version'"
        found = await store.database.read(lambda connection: connection.exec_driver_sql(sql).scalars().all())
    assert found == ["C"]


async def test_a_commit_whose_answer_never_comes_back_is_not_made_for_ever(tables_url):
    async with wire_to(tables_url) as wire, opened(wire.url, timeout_s=0.5) as store:
        wire.cut_at(b"COMMIT\0", is_passed_on=False, times=1_000)
        with pytest.raises(StoreUnavailableError, match="not known"):
            await store.append(a_draft("d1"))

        wire.cut_at(b"", is_passed_on=False, times=0)
        await store.append(a_draft("d2"))
        assert [record.decision_id for record in await assert_intact(store)] == ["d2"]
