"""Letters that leave the database of a server: written with what they tell of, gone once somebody has sent them."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

import asyncpg
import pytest

from app.domain.errors import ConflictError, InvalidInputError, StoreUnavailableError, TransportError
from app.domain.letters import Letter
from app.messaging.relay import Relay
from app.messaging.transports.in_process import InProcessTransport
from app.ports.queues import WorkQueue
from app.storage.outbox import ServerOutbox
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.server_database import ServerDatabase
from tests.contracts.accepted_jobs import STOPPED, a_decision_of, a_job, a_lease, a_letter, a_letter_of, at
from tests.contracts.decision_drafts import a_draft, a_step, a_vote
from tests.integration.wire import wire_to


def a_report(event):
    """The letter that tells of an event; votes are told to nobody."""
    return Letter("Told", event.topic, f"e{event.seq}", "c1", b"{}") if event.name else None


@pytest.fixture
async def store(postgres_url):
    store = SqlDecisionStore(ServerDatabase(postgres_url), a_report)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def outbox(store, postgres_url):
    outbox = ServerOutbox(postgres_url)
    yield outbox
    await outbox.close()


@pytest.fixture
async def second(outbox, postgres_url):
    second = ServerOutbox(postgres_url)
    yield second
    await second.close()


async def post(store, *letters, job_id=None):
    await store.work.accept(a_job(job_id or f"of {letters[0].message_id}"), letters)


async def sent(outbox, in_order=False, most=100):
    """Send a batch; return the ids of its letters."""
    async with outbox.batch(in_order, most) as letters:
        return [each.message_id for each in letters]


# What is written


async def test_a_letter_is_read_as_it_was_written(store, outbox):
    letter = a_letter("m1", kind="Kind", topic="task.AAPL", correlation_id="c9", body=bytes(range(256)))
    await post(store, letter)

    async with outbox.batch(False, 10) as letters:
        assert list(letters) == [letter]


async def test_what_happened_is_told_in_the_order_of_its_numbers(store, outbox):
    await store.append(a_draft("d1", events=[a_step(), a_vote(), a_step()]))
    await store.work.accept(a_job())
    await store.work.end("j1", STOPPED, [a_step("consensus_cancelled")])
    await asyncio.gather(*(store.append(a_draft(f"x{n}", events=[a_step()])) for n in range(20)))

    async with outbox.batch(True, 100) as letters:
        assert [each.message_id for each in letters] == ["e1", "e3", *(f"e{n}" for n in range(4, 25))]
        assert letters[2].topic == "decision.consensus_cancelled.AAPL"
        assert {each.queue for each in letters} == {None}


async def test_what_is_not_stored_is_not_told(store, outbox):
    await store.append(a_draft("d1", events=[a_step()]))
    await store.work.accept(a_job(key="k1"), [a_letter("m1")])
    with pytest.raises(ConflictError):
        await store.append(a_draft("d1", events=[a_step()]))
    with pytest.raises(ConflictError):
        await store.append(a_decision_of("never accepted"))
    with pytest.raises(ConflictError):
        await store.work.accept(a_job("j2", key="k1"), [a_letter("m2")])
    assert await store.work.end("never accepted", STOPPED, [a_step()]) is None

    assert (await sent(outbox, in_order=True), await sent(outbox)) == (["e1"], ["m1"])


async def test_the_same_letter_waits_only_once(store, outbox):
    await post(store, a_letter("m1"), a_letter("m2"), a_letter("m1"))
    await post(store, a_letter("m2", body=b"later"), a_letter("m3"), job_id="another")
    assert await sent(outbox) == ["m1", "m2", "m3"]

    await post(store, a_letter("m1"), job_id="a third")
    assert await sent(outbox) == ["m1"]


async def test_tasks_that_are_handed_out_again_are_told_again(store, outbox):
    await store.work.accept(a_job())
    await store.work.hand_out_again(a_lease(after=100), 1, a_letter_of)

    assert await sent(outbox) == ["j1-market_analyst"]


# Who sends what


async def test_two_senders_at_once_never_have_the_same_letter(store, outbox, second):
    await post(store, *(a_letter(f"m{number}") for number in range(10)))
    async with outbox.batch(False, 4) as first, second.batch(False, 4) as others, outbox.batch(False, 4) as rest:
        taken = [[each.message_id for each in some] for some in (first, others, rest)]

    assert taken == [["m0", "m1", "m2", "m3"], ["m4", "m5", "m6", "m7"], ["m8", "m9"]]
    assert await outbox.waiting() == (0, None)


async def test_of_many_senders_each_letter_has_one(store, outbox, second):
    await post(store, *(a_letter(f"m{number}") for number in range(200)))
    had = []

    async def send_all(own):
        while some := await sent(own, most=7):
            had.extend(some)

    await asyncio.gather(*(send_all(own) for own in (outbox, outbox, second, second)))
    had += await sent(outbox, most=200)
    assert sorted(had) == sorted(f"m{number}" for number in range(200))


async def test_letters_in_order_have_one_sender_at_a_time(store, outbox, second):
    await store.append(a_draft("d1", events=[a_step()] * 5))
    async with outbox.batch(True, 2) as first:
        assert await sent(second, in_order=True) == []
        assert [each.message_id for each in first] == ["e1", "e2"]
        await store.append(a_draft("d2", events=[a_step()]))

    assert await sent(second, in_order=True, most=3) == ["e3", "e4", "e5"]
    assert await sent(outbox, in_order=True) == ["e6"]


async def test_either_kind_of_letter_is_sent_without_the_other(store, outbox, second):
    await store.append(a_draft("d1", events=[a_step()]))
    await post(store, a_letter("m1"))
    async with outbox.batch(True, 10) as told, second.batch(False, 10) as errands:
        assert [each.message_id for each in (*told, *errands)] == ["e1", "m1"]


# A sender in trouble


@pytest.mark.parametrize(
    "trouble", [TransportError("broker away"), ConnectionResetError(), TimeoutError(), ValueError()]
)
async def test_a_sender_that_fails_leaves_its_letters_and_its_error_is_its_own(store, outbox, second, trouble):
    await post(store, a_letter("m1"), a_letter("m2"))
    with pytest.raises(type(trouble)) as caught:
        async with outbox.batch(False, 10):
            raise trouble

    assert caught.value is trouble
    assert await sent(second) == ["m1", "m2"]


@pytest.mark.parametrize("in_order", [True, False])
async def test_a_sender_that_is_cancelled_leaves_its_letters(store, outbox, second, in_order):
    await store.append(a_draft("d1", events=[a_step()]))
    await post(store, a_letter("e1 for a queue"))
    has_it = asyncio.Event()

    async def send_for_ever():
        async with outbox.batch(in_order, 10):
            has_it.set()
            await asyncio.Event().wait()

    sender = asyncio.create_task(send_for_ever())
    await has_it.wait()
    assert await sent(second, in_order) == []
    sender.cancel()
    with suppress(asyncio.CancelledError):
        await sender

    assert sender.cancelled()
    assert len(await sent(second, in_order)) == 1


@pytest.mark.parametrize("in_order", [True, False])
async def test_a_sender_that_dies_leaves_its_letters(store, outbox, second, postgres_url, in_order):
    await store.append(a_draft("d1", events=[a_step()]))
    await post(store, a_letter("m1"))
    owner = await asyncpg.connect(postgres_url)
    with pytest.raises(StoreUnavailableError, match="stopped or cut"):
        async with outbox.batch(in_order, 10):
            await owner.execute(
                "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND state = 'idle in transaction'"
            )
            assert await sent(second, in_order) == ["e1" if in_order else "m1"]
    await owner.close()

    assert await sent(outbox, in_order) == []


async def test_a_cancelled_sender_whose_server_is_gone_is_cancelled_all_the_same(store, postgres_url):
    await post(store, a_letter("m1"))
    async with wire_to(postgres_url) as wire:
        outbox, has_it = ServerOutbox(wire.url), asyncio.Event()

        async def send_for_ever():
            async with outbox.batch(False, 10):
                has_it.set()
                await asyncio.Event().wait()

        sender = asyncio.create_task(send_for_ever())
        await has_it.wait()
        await wire.deafen()
        sender.cancel()
        await asyncio.wait([sender])
        assert sender.cancelled()

        with pytest.raises(StoreUnavailableError, match="cannot be reached"):
            await sent(outbox)
        await wire.listen()
        assert await sent(outbox) == ["m1"]
        await outbox.close()


async def test_a_sender_that_takes_too_long_loses_its_letters_to_the_next(store, second, postgres_url):
    await post(store, a_letter("m1"))
    slow = ServerOutbox(postgres_url, timeout_s=0.5)
    with pytest.raises(StoreUnavailableError):
        async with slow.batch(False, 10):
            async with asyncio.timeout(20):
                while not await sent(second):
                    pass
    await slow.close()


# What waits


async def test_it_is_told_how_many_wait_and_since_when(store, outbox):
    assert await outbox.waiting() == (0, None)
    await store.work.accept(a_job("j1", after=5), [a_letter("m1"), a_letter("m2")])
    await store.work.accept(a_job("j2", after=2), [a_letter("m3", queue=None)])
    assert await outbox.waiting() == (3, at(2))

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(outbox.batch(False, 1))
        assert await outbox.waiting() == (3, at(2))
    await sent(outbox, in_order=True)
    assert await outbox.waiting() == (1, at(5))


async def test_a_server_that_is_away_is_said(store, postgres_url):
    async with wire_to(postgres_url) as wire:
        outbox = ServerOutbox(wire.url)
        await wire.deafen()
        for ask in (outbox.waiting, lambda: sent(outbox), lambda: sent(outbox, in_order=True)):
            with pytest.raises(StoreUnavailableError, match="cannot be reached"):
                await ask()
        await outbox.close()


def test_an_address_of_something_else_is_refused():
    with pytest.raises(InvalidInputError, match="write postgresql://"):
        ServerOutbox("mysql://host/x")


async def test_the_moment_of_a_letter_is_that_of_what_it_tells_of(store, outbox):
    late = a_step()._replace(timestamp=at(0) + timedelta(days=3))
    await store.append(a_draft("d1", events=[a_step(), late]))

    assert await outbox.waiting() == (2, late.timestamp)


# The relay


async def test_a_relay_sends_what_waits_and_then_what_it_is_nudged_for(store, outbox):
    """It looks again by itself much later than this test waits."""
    transport = InProcessTransport()
    await transport.declare(WorkQueue("analysts"))
    relay = Relay(outbox, transport, look_every_s=1_000)
    await post(store, a_letter("m1"), a_letter("m2", None))
    running = asyncio.create_task(relay.run())
    try:
        async with transport.subscribe("#") as told, transport.consume(WorkQueue("analysts")) as work:
            assert await heard_by(work) == "m1"
            await store.append(a_draft("d1", events=[a_step()]))
            await post(store, a_letter("m3"))
            relay.nudge(in_order=True)
            words = [(await anext(told)).message_id]
            if words == ["m2"]:  # sent late enough to be heard here
                words = [(await anext(told)).message_id]
            assert words == ["e1"]
            with suppress(TransportError):
                async with outbox.batch(False, 10) as letters:
                    assert [each.message_id for each in letters] == ["m3"]
                    raise TransportError("They stay.")

            relay.nudge(in_order=False)
            assert await heard_by(work) == "m3"
    finally:
        running.cancel()
        await asyncio.wait([running])


async def heard_by(work):
    delivery = await anext(work)
    await delivery.ack()
    return delivery.message.message_id
