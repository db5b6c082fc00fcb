"""Accepted work on a server: locks that nobody gets stuck in, and commits whose answers are lost."""

import asyncio

import asyncpg
import pytest

from app.domain.decisions import EventFilter
from app.domain.errors import ConflictError
from app.domain.jobs import Claimed, Standing
from tests.contracts.accepted_jobs import (
    AGENTS,
    ROLES,
    STOPPED,
    a_decision_of,
    a_job,
    a_lease,
    a_letter,
    a_letter_of,
    at,
    taken,
)
from tests.contracts.decision_drafts import a_draft, a_step, an_answer
from tests.integration.store_setting import opened
from tests.integration.wire import wire_to

EVERYTHING = EventFilter(frozenset({"*"}))
LATE = a_lease(after=100)


async def rows(url, sql):
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def letters(url):
    return [message_id for (message_id,) in await rows(url, "SELECT message_id FROM outbox ORDER BY id")]


@pytest.fixture
async def one(postgres_url):
    async with opened(postgres_url) as store:
        yield store


@pytest.fixture
async def other(one, postgres_url):
    async with opened(postgres_url) as store:
        yield store


@pytest.fixture(params=[True, False], ids=["that stands", "that never arrived"])
async def lost(request, postgres_url):
    """A store whose next commit, once asked for, is answered by silence."""
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        # The connection that writes at any time is made with its first write.
        await store.work.claim("nothing", AGENTS, a_lease())

        async def lose(work):
            cuts = wire.cuts
            wire.cut_at(b"COMMIT\0", is_passed_on=request.param)
            result = await work
            assert wire.cuts == cuts + 1
            return result

        store.lose, store.wire, store.commit_stands = lose, wire, request.param
        yield store


# A commit whose answer is lost


async def test_a_job_is_accepted_once(lost, postgres_url):
    answer = an_answer("k2", None, b"{}")
    await lost.lose(lost.work.accept(a_job(key="k1"), [a_letter("m1"), a_letter("m2")], answer))

    assert await lost.work.pending(10) == ("j1",)
    assert await lost.answer("k2") == answer
    assert await letters(postgres_url) == ["m1", "m2"]


@pytest.mark.parametrize("is_decided", [True, False])
async def test_a_job_that_others_finish_before_its_acceptance_is_confirmed_does_not_come_back(
    postgres_url, one, is_decided
):
    async with wire_to(postgres_url) as wire, opened(wire.url) as store:
        wire.cut_at(b"COMMIT\0", is_passed_on=True)
        asked = asyncio.create_task(store.work.accept(a_job(key="k1"), answer=an_answer("k2")))
        await wire.was_cut.wait()
        await wire.deafen()
        async with asyncio.timeout(20):
            while await one.work.job("j1") is None:
                await asyncio.wait([asked], timeout=0.01)
        await (one.append(a_decision_of("j1")) if is_decided else one.work.end("j1", STOPPED, []))
        await wire.listen()
        await asked

        assert await store.work.count_pending() == 0
        assert await store.work.standing("j1") == (None if is_decided else STOPPED)


async def test_a_task_is_taken_by_whoever_asked(lost):
    await lost.work.accept(a_job())
    claimed = await lost.lose(lost.work.claim("j1", AGENTS, a_lease()))

    assert claimed.deadline == at(31)
    assert await lost.work.claim("j1", AGENTS, a_lease("other")) == Claimed()
    assert [await lost.work.deliver(each, b"x") for each in claimed.claims] == [2, 1, 0]


async def test_a_lease_is_renewed(lost):
    claims = await taken(lost.work)
    assert await lost.lose(lost.work.renew(claims, a_lease(after=50))) == claims

    assert await lost.work.claim("j1", AGENTS, a_lease("other", after=55)) == Claimed()


async def test_a_task_is_given_back_and_not_taken_from_the_next(lost):
    claims = await taken(lost.work)
    await lost.lose(lost.work.release(claims, at(2)))

    next_claims = (await lost.work.claim("j1", AGENTS, a_lease("other", after=2))).claims
    assert [each.fence for each in next_claims] == [2, 2, 2]
    assert [await lost.work.deliver(each, b"x") for each in claims] == [None] * 3


async def test_a_contribution_is_delivered_once_and_the_last_one_is_told_so(lost):
    claims = await taken(lost.work)
    assert [await lost.lose(lost.work.deliver(each, each.agent_id.encode())) for each in claims] == [2, 1, 0]

    assert await lost.work.contributions("j1") == {agent: agent.encode() for agent in AGENTS}


async def test_late_tasks_are_handed_out_with_one_letter_each(lost, postgres_url):
    await lost.work.accept(a_job())
    errands = await lost.lose(lost.work.hand_out_again(LATE, 10, a_letter_of))

    assert [errand.role for errand in errands] == ([] if lost.commit_stands else list(ROLES))
    assert await letters(postgres_url) == [f"j1-{role}" for role in ROLES]
    assert len((await lost.work.claim("j1", AGENTS, a_lease(after=101))).claims) == 3


async def test_a_job_is_ended_once_and_whoever_ended_it_is_told_so(lost):
    await taken(lost.work)
    told = await lost.lose(lost.work.end("j1", STOPPED, [a_step("consensus_cancelled")]))

    assert await lost.events_after(0, 10, EVERYTHING) == told
    assert [event.seq for event in told] == [1]
    assert await lost.work.standing("j1") == STOPPED


async def test_a_job_that_is_ended_in_silence_is_ended_once(lost):
    await taken(lost.work)
    assert await lost.lose(lost.work.end("j1", STOPPED, [])) == ()

    assert await lost.work.standing("j1") == STOPPED


async def test_a_job_is_completed_once(lost):
    await taken(lost.work)
    committed = await lost.lose(lost.append(a_decision_of("j1", an_answer("k1", "j1"))))

    assert await lost.get("j1") == committed.record
    assert await lost.work.standing("j1") is None
    assert await lost.answer("k1") == an_answer("k1", "j1")


async def test_what_changed_nothing_does_not_speak_for_what_shared_its_commit(lost):
    await lost.work.accept(a_job("known"))
    await lost.work.end("known", Standing("failed", "before"), [])
    together = asyncio.gather(
        lost.work.accept(a_job("known")),
        lost.work.end("known", STOPPED, [a_step()]),
        lost.append(a_draft("d1", events=[a_step()])),
    )
    _, told, committed = await lost.lose(together)

    assert told is None
    assert await lost.get("d1") == committed.record
    assert await lost.events_after(0, 10, EVERYTHING) == committed.events


async def test_all_that_many_do_at_once_is_done_once(lost):
    claims = {job_id: await taken(lost.work, job_id) for job_id in ("j1", "j2", "j3")}
    everything = [claim for of_job in claims.values() for claim in of_job]
    *left, kept = await lost.lose(
        asyncio.gather(
            *(lost.work.deliver(of_job[0], b"x") for of_job in claims.values()),
            lost.work.renew([claim for claim in everything if claim.agent_id != AGENTS[0]], a_lease(after=5)),
        )
    )

    assert left == [2, 2, 2]
    assert len(kept) == 6


# Locks


async def test_a_job_that_somebody_is_changing_is_passed_over_and_found_the_next_time(one, postgres_url):
    for job_id in ("j1", "j2"):
        await one.work.accept(a_job(job_id))
    holder = await asyncpg.connect(postgres_url)
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM jobs WHERE id = 'j1' FOR UPDATE")
        assert {each.job_id for each in await one.work.hand_out_again(LATE, 10)} == {"j2"}
    await holder.close()

    assert {each.job_id for each in await one.work.hand_out_again(LATE, 10)} == {"j1"}


async def test_work_on_a_job_waits_for_whoever_is_changing_it_and_sees_what_became_of_it(one, postgres_url):
    first, second, third = await taken(one.work)
    holder = await asyncpg.connect(postgres_url)
    change = holder.transaction()
    await change.start()
    await holder.execute("SELECT 1 FROM jobs WHERE id = 'j1' FOR UPDATE")
    asked = asyncio.gather(
        one.work.deliver(first, b"x"),
        one.work.renew([second], a_lease(after=2)),
        one.work.claim("j1", [third.agent_id], a_lease("other", after=50)),
    )
    await somebody_waits(postgres_url)
    await holder.execute("DELETE FROM jobs WHERE id = 'j1'")
    await change.commit()
    await holder.close()

    assert await asked == [None, (), Claimed()]


@pytest.mark.parametrize("deed", ["append", "end", "deliver", "renew", "release", "claim"])
async def test_whoever_has_a_job_gets_its_tasks_too_however_many_wait_for_the_job(one, postgres_url, deed):
    claims = await taken(one.work)
    deeds = {
        "append": lambda: one.append(a_decision_of("j1")),
        "end": lambda: one.work.end("j1", STOPPED, []),
        "deliver": lambda: one.work.deliver(claims[0], b"x"),
        "renew": lambda: one.work.renew(claims, a_lease(after=2)),
        "release": lambda: one.work.release(claims, at(2)),
        "claim": lambda: one.work.claim("j1", AGENTS, a_lease(after=2)),
    }
    holder = await asyncpg.connect(postgres_url)
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM jobs WHERE id = 'j1' FOR UPDATE")
        asked = asyncio.create_task(deeds[deed]())
        await somebody_waits(postgres_url)
        assert await holder.execute("SELECT 1 FROM tasks WHERE job_id = 'j1' FOR UPDATE NOWAIT") == "SELECT 3"
    await holder.close()
    await asked


async def somebody_waits(url):
    """Return once a connection to the database waits for a lock."""
    observer = await asyncpg.connect(url)
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(20):
        while await observer.fetchval(waiting) is None:
            pass
    await observer.close()


async def test_writers_of_several_processes_never_wait_for_each_other_in_a_circle(postgres_url):
    jobs = [f"j{number}" for number in range(10)]
    async with opened(postgres_url) as one, opened(postgres_url) as other, opened(postgres_url) as third:
        for round_ in range(6):
            ids = [f"{job_id} of {round_}" for job_id in jobs]
            claims = {job_id: await taken(one.work, job_id) for job_id in ids}
            everything = [claim for of_job in claims.values() for claim in of_job]
            work = []
            for place, store in enumerate((one, other, third)):
                order = ids[place * 3 :] + ids[: place * 3] if place != 1 else ids[::-1]
                work += [store.work.deliver(claims[job_id][place], b"x") for job_id in order]
                work += [store.work.renew(everything[::-1], a_lease()), store.work.hand_out_again(LATE, 100)]
                work += [store.append(a_decision_of(job_id)) for job_id in order if place == 2]
                work += [store.work.end(job_id, STOPPED, []) for job_id in order if place == 1]
            results = await asyncio.gather(*work, return_exceptions=True)
            assert {type(each) for each in results if isinstance(each, Exception)} <= {ConflictError}

    name = postgres_url.rpartition("/")[2]
    observer = await asyncpg.connect(postgres_url)
    async with asyncio.timeout(20):
        # A process of the server tells what it met with when it leaves.
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
        while await observer.fetchval(others, name):
            pass
    assert await observer.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = $1", name) == 0
    await observer.close()


async def test_a_delivery_and_the_handing_out_of_its_task_agree(one, other):
    for number in range(15):
        job_id = f"j{number}"
        claims = await taken(one.work, job_id)
        *left, errands = await asyncio.gather(
            *(one.work.deliver(each, b"x") for each in claims), other.work.hand_out_again(LATE, 100)
        )
        handed = {agent for errand in errands for agent in errand.agents}
        delivered = {each.agent_id for each, count in zip(claims, left, strict=True) if count is not None}
        assert handed | delivered == set(AGENTS)
        assert not handed & delivered
        assert set(await one.work.contributions(job_id)) == delivered
        await one.work.end(job_id, STOPPED, [])


async def test_a_job_is_in_the_outbox_and_in_the_store_or_in_neither(one, postgres_url):
    await one.keep_answer(an_answer("k1"))
    with pytest.raises(ConflictError):
        await one.work.accept(a_job(), [a_letter()], an_answer("k1"))
    assert await letters(postgres_url) == []

    await one.work.accept(a_job(), [a_letter()])
    await one.work.accept(a_job(), [a_letter("again")])
    assert await letters(postgres_url) == ["m1"]
