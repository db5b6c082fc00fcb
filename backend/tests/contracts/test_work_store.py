"""What every store of accepted work promises, wherever it keeps it."""

import asyncio
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.decisions import EventFilter
from app.domain.errors import ConflictError, StillRunningError
from app.domain.jobs import FAILED, PENDING, WAITS_FOR, Claim, Claimed, Errand, Standing, Task
from app.ports.decision_store import DecisionStore
from app.ports.work_store import WorkStore

from .accepted_jobs import AGENTS, ROLES, STOPPED, a_decision_of, a_job, a_lease, at, taken, worn_out
from .decision_drafts import NOW, a_draft, a_step, an_answer
from .model_drafts import a_model_call, an_exchange
from .places import Embedded, InMemory, Server
from .work_scene import DEEDS, OWNERS, Scene

WAITS_S = WAITS_FOR.total_seconds()
ONE_STORE = settings(
    max_examples=60,
    deadline=None,
    # One store serves all examples of a test, and each implementation inherits the same tests: both are meant.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
numbers = count()


async def message_types(store: DecisionStore) -> list[str]:
    """What was told, in order."""
    return [event.name for event in await store.events_after(0, 1_000, EventFilter(frozenset({"*"})))]


class WorkStoreContract:
    """Inherit and give fixtures `store` and `second`: open, on the same empty place; a memory is its own second."""

    @pytest.fixture
    def work(self, store: DecisionStore) -> WorkStore:
        return store.work

    # Accepting

    async def test_an_accepted_job_is_read_back(self, work: WorkStore) -> None:
        job = a_job(key="k1", file=bytes(range(256)), timeout_s=0.25)
        await work.accept(job)

        kept = await work.job("j1")
        assert kept is not None
        for name in ("id", "symbol", "tasks", "file", "accepted_at", "timeout_s", "is_awaited", "deadline", "key"):
            assert getattr(kept, name) == getattr(job, name)
        assert await work.standing("j1") == Standing(PENDING)
        assert await work.contributions("j1") == {}

    async def test_an_unknown_job_stands_nowhere(self, work: WorkStore) -> None:
        claim = Claim("nothing", AGENTS[0], 1)
        assert await work.job("nothing") is None
        assert await work.standing("nothing") is None
        assert await work.contributions("nothing") == {}
        assert await work.claim("nothing", AGENTS, a_lease()) == Claimed()
        assert await work.deliver(claim, b"x") is None
        assert await work.renew([claim], a_lease()) == ()
        await work.release([claim], at(1))
        assert await work.end("nothing", STOPPED, [a_step()]) is None

    async def test_accepting_twice_is_once(self, store: DecisionStore, work: WorkStore) -> None:
        await work.accept(a_job(key="k1"), answer=an_answer("k2"))
        claims = (await work.claim("j1", AGENTS[:1], a_lease())).claims
        await work.accept(a_job(key="k1"), answer=an_answer("k2"))

        assert await work.count_pending() == 1
        assert await work.renew(claims, a_lease(after=2)) == claims
        assert await store.answer("k2") == an_answer("k2")

    async def test_accepting_what_was_completed_or_ended_starts_nothing(
        self, store: DecisionStore, work: WorkStore
    ) -> None:
        for job_id in ("j1", "j2"):
            await work.accept(a_job(job_id), answer=an_answer(job_id))
        await store.append(a_decision_of("j1"))
        await work.end("j2", STOPPED, [])
        for job_id in ("j1", "j2"):
            await work.accept(a_job(job_id), answer=an_answer(job_id))

        assert await work.pending(10) == ()
        assert await work.standing("j1") is None
        assert await work.standing("j2") == STOPPED

    async def test_the_key_of_a_pending_job_is_taken(self, store: DecisionStore, work: WorkStore) -> None:
        await work.accept(a_job(key="k1"))
        with pytest.raises(StillRunningError, match="still running"):
            await work.accept(a_job("j2", key="k1"), answer=an_answer("k2"))
        with pytest.raises(StillRunningError, match="still running"):
            await work.accept(a_job("j3"), answer=an_answer("k1"))

        assert await work.pending(10) == ("j1",)
        assert await store.answer("k1") is await store.answer("k2") is None

    async def test_the_key_of_an_answer_is_taken(self, store: DecisionStore, work: WorkStore) -> None:
        first = an_answer("k1", body=b"first")
        await store.keep_answer(first)
        with pytest.raises(StillRunningError, match="came first"):
            await work.accept(a_job("j1"), answer=an_answer("k1"))
        with pytest.raises(StillRunningError, match="came first"):
            await work.accept(a_job("j2", key="k1"))

        assert await work.count_pending() == 0
        assert await work.standing("j1") is await work.standing("j2") is None
        assert await store.answer("k1") == first

    async def test_of_jobs_with_one_key_that_come_at_once_one_is_accepted(
        self, work: WorkStore, second: DecisionStore
    ) -> None:
        accepting = [each.accept(a_job(f"j{n}", key="k1")) for n in range(10) for each in (work, second.work)]
        refusals = [each for each in await asyncio.gather(*accepting, return_exceptions=True) if each is not None]

        assert await work.count_pending() == 1
        assert {type(each) for each in refusals} == {StillRunningError}

    async def test_a_key_is_free_again_when_its_job_was_ended(self, work: WorkStore) -> None:
        await work.accept(a_job(key="k1"))
        await work.end("j1", STOPPED, [])
        await work.accept(a_job("j2", key="k1"))

        assert await work.pending(10) == ("j2",)

    async def test_pending_jobs_are_listed_oldest_first(self, work: WorkStore) -> None:
        for job_id, age in (("b", 5), ("c", 5), ("a", 9), ("z", 1)):
            await work.accept(a_job(job_id, after=age))
        await work.end("c", STOPPED, [])

        assert await work.pending(10) == ("z", "b", "a")
        assert await work.pending(2) == ("z", "b")
        assert await work.pending(0) == ()
        assert await work.count_pending() == 3

    # Taking

    async def test_a_task_is_in_one_hand_at_a_time(self, work: WorkStore) -> None:
        await work.accept(a_job())
        mine = (await work.claim("j1", AGENTS[:2], a_lease("one"))).claims
        theirs = (await work.claim("j1", AGENTS, a_lease("other"))).claims

        assert mine == (Claim("j1", AGENTS[0], 1), Claim("j1", AGENTS[1], 1))
        assert theirs == (Claim("j1", AGENTS[2], 1),)
        assert await work.claim("j1", ["nobody_AAPL"], a_lease("third")) == Claimed()
        assert await work.claim("j1", [], a_lease("third")) == Claimed()

    async def test_of_many_who_reach_for_the_same_tasks_each_task_has_one(
        self, work: WorkStore, second: DecisionStore
    ) -> None:
        await work.accept(a_job())
        reaching = [(work, second.work)[n % 2].claim("j1", AGENTS, a_lease(f"owner {n}")) for n in range(20)]
        claims = [claim for each in await asyncio.gather(*reaching) for claim in each.claims]

        assert sorted(claim.agent_id for claim in claims) == sorted(AGENTS)
        assert {claim.fence for claim in claims} == {1}

    async def test_who_comes_again_gets_its_own_again_and_the_older_claim_counts_no_more(self, work: WorkStore) -> None:
        (old, *_) = await taken(work)
        (new,) = (await work.claim("j1", AGENTS[:1], a_lease("one"))).claims

        assert new.fence > old.fence
        assert await work.deliver(old, b"old") is None
        assert await work.deliver(new, b"new") == 2
        assert await work.contributions("j1") == {AGENTS[0]: b"new"}

    async def test_a_task_whose_lease_is_over_can_be_taken_by_others(self, work: WorkStore) -> None:
        first = await taken(work)
        assert await work.claim("j1", AGENTS, a_lease("other", after=11)) == Claimed()
        second = (await work.claim("j1", AGENTS, a_lease("other", after=11.000001))).claims

        assert [claim.fence for claim in second] == [2, 2, 2]
        assert await work.renew(first, a_lease("one", after=12)) == ()
        assert [await work.deliver(each, b"late") for each in first] == [None] * 3
        assert [await work.deliver(each, b"good") for each in second] == [2, 1, 0]

    async def test_a_lease_that_is_over_but_taken_by_nobody_still_counts(self, work: WorkStore) -> None:
        first, second, third = await taken(work)

        assert await work.renew([first], a_lease(after=500)) == (first,)
        assert await work.deliver(second, b"late, but first") == 2
        assert await work.claim("j1", AGENTS, a_lease("other", after=505)) == Claimed(
            (Claim("j1", third.agent_id, 2),), at(31)
        )

    async def test_a_renewed_lease_keeps_others_away(self, work: WorkStore) -> None:
        first, second, third = await taken(work)
        assert await work.renew([second, first], a_lease("one", after=9)) == (second, first)

        others = await work.claim("j1", AGENTS, a_lease("other", after=15))
        assert others.claims == (Claim("j1", third.agent_id, 2),)

    async def test_claims_on_several_jobs_are_renewed_and_released_together(self, work: WorkStore) -> None:
        claims = [claim for job_id in ("j2", "j1") for claim in await taken(work, job_id)]
        await work.end("j2", STOPPED, [])
        assert await work.renew(claims, a_lease(after=5)) == tuple(claims[3:])
        assert await work.renew([], a_lease(after=5)) == ()

        await work.release(claims, at(6))
        assert len((await work.claim("j1", AGENTS, a_lease("other", after=6))).claims) == 3

    async def test_what_was_given_back_is_found_at_once_and_the_giver_has_it_no_more(self, work: WorkStore) -> None:
        first, second, third = await taken(work)
        await work.deliver(third, b"done")
        await work.release([first, third], at(2))

        assert await work.deliver(first, b"too late") is None
        assert await work.renew([first, second, third], a_lease(after=2)) == (second,)
        assert await work.hand_out_again(a_lease(after=2), 10) == (Errand("j1", "AAPL", ROLES[0], (AGENTS[0],)),)
        assert await work.contributions("j1") == {third.agent_id: b"done"}

    async def test_giving_back_what_somebody_else_has_changes_nothing(self, work: WorkStore) -> None:
        old = await taken(work)
        new = (await work.claim("j1", AGENTS, a_lease("other", after=20))).claims
        await work.release(old, at(21))

        assert await work.renew(new, a_lease("other", after=22)) == new

    # Delivering

    async def test_a_delivery_tells_how_many_are_left(self, work: WorkStore) -> None:
        claims = await taken(work)

        assert [await work.deliver(each, each.agent_id.encode()) for each in reversed(claims)] == [2, 1, 0]
        assert await work.contributions("j1") == {agent: agent.encode() for agent in AGENTS}
        assert list(await work.contributions("j1")) == list(AGENTS)

    async def test_of_deliveries_at_once_one_is_the_last(self, work: WorkStore, second: DecisionStore) -> None:
        for attempt in range(10):
            claims = await taken(work, f"j{attempt}")
            stores = (work, second.work, work)
            left = await asyncio.gather(
                *(each.deliver(claim, b"x") for each, claim in zip(stores, claims, strict=True))
            )
            assert sorted(left, key=str) == [0, 1, 2]

    async def test_a_claim_that_delivers_again_is_told_what_is_left_and_the_first_delivery_stays(
        self, work: WorkStore
    ) -> None:
        first, second, third = await taken(work)
        assert [await work.deliver(first, word) for word in (b"first", b"again")] == [2, 2]
        await work.deliver(second, b"x")
        assert [await work.deliver(third, word) for word in (b"last", b"again")] == [0, 0]

        assert await work.contributions("j1") == {AGENTS[0]: b"first", AGENTS[1]: b"x", AGENTS[2]: b"last"}

    async def test_what_was_delivered_is_not_taken_renewed_or_handed_out_any_more(self, work: WorkStore) -> None:
        claims = await taken(work)
        for claim in claims:
            await work.deliver(claim, b"x")

        assert await work.renew(claims, a_lease(after=5)) == ()
        assert await work.claim("j1", AGENTS, a_lease(after=5)) == Claimed()
        assert await work.hand_out_again(a_lease(after=5_000), 10) == ()

    # The clock

    async def test_the_clock_starts_with_the_first_task_taken(self, work: WorkStore) -> None:
        await work.accept(a_job())
        assert await work.ripe(at(1_000), 10) == ()
        first = await work.claim("j1", AGENTS[:1], a_lease(after=7))
        second = await work.claim("j1", AGENTS[1:2], a_lease(after=12))

        assert first.deadline == second.deadline == at(37)
        kept = await work.job("j1")
        assert kept is not None
        assert kept.deadline == at(37)

    async def test_the_clock_of_a_job_that_is_awaited_runs_from_its_acceptance(self, work: WorkStore) -> None:
        await work.accept(a_job(is_awaited=True))
        assert (await work.claim("j1", AGENTS[:1], a_lease(after=7))).deadline == at(30)
        await work.hand_out_again(a_lease(after=29), 10)

        assert (await work.claim("j1", AGENTS, a_lease(after=29))).deadline == at(30)
        assert await work.ripe(at(30), 10) == ()
        assert await work.ripe(at(30.000001), 10) == ("j1",)

    async def test_the_clock_starts_again_when_tasks_are_handed_out_again(self, work: WorkStore) -> None:
        await taken(work)
        await work.hand_out_again(a_lease(after=20), 10)
        assert await work.ripe(at(1_000), 10) == ()

        assert (await work.claim("j1", AGENTS[:1], a_lease(after=40))).deadline == at(70)

    # What can be completed

    async def test_a_job_is_ripe_when_nothing_is_open_or_time_is_over(self, work: WorkStore) -> None:
        await work.accept(a_job("nobody was asked", roles=(), after=3))
        await taken(work, "late")
        for claim in await taken(work, "done"):
            await work.deliver(claim, b"x")
        await taken(work, "under way", after=20)
        await work.end("under way", STOPPED, [])
        await taken(work, "young", after=20)

        assert await work.ripe(at(20), 10) == ("done", "nobody was asked")
        assert await work.ripe(at(40), 10) == ("done", "late", "nobody was asked")
        assert await work.ripe(at(40), 1) == ("done",)
        assert await work.ripe(at(40), 0) == ()

    # Handing out again

    async def test_a_new_task_waits_a_while_before_it_is_handed_out_again(self, work: WorkStore) -> None:
        await work.accept(a_job(roles=(*ROLES[:2], "risk_advisor")))
        assert await work.hand_out_again(a_lease(after=WAITS_S), 10) == ()
        again = await work.hand_out_again(a_lease(after=WAITS_S + 1), 10)

        assert again == tuple(Errand("j1", "AAPL", *pair) for pair in zip(ROLES, zip(AGENTS), strict=True))
        assert await work.hand_out_again(a_lease(after=WAITS_S + 11), 10) == ()
        assert await work.hand_out_again(a_lease(after=WAITS_S + 12), 10) == again

    async def test_a_task_that_was_handed_out_again_is_not_its_former_owners(self, work: WorkStore) -> None:
        old = await taken(work)
        await work.hand_out_again(a_lease(after=20), 10)

        assert await work.renew(old, a_lease(after=21)) == ()
        assert [await work.deliver(each, b"late") for each in old] == [None] * 3
        assert await work.contributions("j1") == {}
        new = (await work.claim("j1", AGENTS, a_lease("other", after=22))).claims
        assert [each.fence for each in new] == [2, 2, 2]

    async def test_tasks_are_handed_out_oldest_job_first_and_at_most_so_many(self, work: WorkStore) -> None:
        for job_id, age in (("young", 9), ("old", 2)):
            await work.accept(a_job(job_id, after=age))

        def handed(errands: tuple[Errand, ...]) -> list[tuple[str, str]]:
            return [(errand.job_id, errand.role) for errand in errands]

        lease = a_lease(after=100)
        assert await work.hand_out_again(lease, 0) == ()
        assert handed(await work.hand_out_again(lease, 2)) == [("old", ROLES[0]), ("old", ROLES[1])]
        assert handed(await work.hand_out_again(lease, 2)) == [("old", ROLES[2]), ("young", ROLES[0])]
        assert handed(await work.hand_out_again(lease, 9)) == [("young", ROLES[1]), ("young", ROLES[2])]

    async def test_agents_of_one_role_share_an_errand(self, work: WorkStore) -> None:
        owed = (Task("first", "risk_advisor"), Task("second", "news_analyst"), Task("third", "risk_advisor"))
        await work.accept(a_job(tasks=owed))

        errands = await work.hand_out_again(a_lease(after=100), 10)
        assert [(errand.role, errand.agents) for errand in errands] == [
            ("risk_advisor", ("first", "third")),
            ("news_analyst", ("second",)),
        ]

    async def test_each_late_task_is_handed_out_by_one(self, work: WorkStore, second: DecisionStore) -> None:
        for number in range(8):
            await work.accept(a_job(f"j{number}"))
        lease = a_lease(after=100)
        rounds = [(work, second.work)[n % 2].hand_out_again(lease, 100) for n in range(8)]
        errands = [errand for some in await asyncio.gather(*rounds) for errand in some]
        # A round passes over jobs that another is just changing: whoever looks next finds them.
        errands += await work.hand_out_again(lease, 100)

        assert len(errands) == len(set(errands)) == 8 * len(ROLES)

    async def test_a_task_that_was_given_out_too_often_is_given_up(self, work: WorkStore) -> None:
        last = await worn_out(work)
        assert await work.ripe(at(410), 10) == ()
        assert await work.hand_out_again(a_lease(after=500), 10) == ()

        assert await work.ripe(at(500), 10) == ("j1",)
        assert await work.contributions("j1") == {}
        assert await work.claim("j1", AGENTS, a_lease(after=501)) == Claimed()
        assert [await work.deliver(each, b"a ghost") for each in last] == [None] * 3
        assert await work.renew(last, a_lease(after=501)) == ()
        assert await work.contributions("j1") == {}

    async def test_a_given_up_task_does_not_keep_the_others_from_being_delivered(self, work: WorkStore) -> None:
        good, *_ = await worn_out(work)
        await work.renew([good], a_lease(after=600))
        await work.hand_out_again(a_lease(after=500), 10)

        assert await work.deliver(good, b"in the end") == 0
        assert await work.contributions("j1") == {good.agent_id: b"in the end"}

    async def test_a_task_that_nobody_took_is_never_given_up(self, work: WorkStore) -> None:
        await work.accept(a_job())
        for attempt in range(1, 12):
            assert len(await work.hand_out_again(a_lease(after=100 * attempt), 10)) == 3

    # Ending

    async def test_an_ended_job_keeps_its_standing_and_tells_of_it(self, store: DecisionStore, work: WorkStore) -> None:
        claims = await taken(work)
        await work.deliver(claims[0], b"x")
        failed = Standing(FAILED, "no analyst answered")
        told = await work.end("j1", failed, [a_step("consensus_failed")])

        assert told == (a_step("consensus_failed")._replace(seq=1),)
        assert await work.standing("j1") == failed
        assert await work.job("j1") is None
        assert await work.contributions("j1") == {}
        assert await work.pending(10) == await work.ripe(at(9_999), 10) == ()
        assert await work.renew(claims, a_lease(after=2)) == ()
        assert [await work.deliver(each, b"y") for each in claims] == [None] * 3
        assert await work.hand_out_again(a_lease(after=9_999), 10) == ()
        with pytest.raises(ConflictError, match="ended already"):
            await store.append(a_decision_of("j1"))
        assert await message_types(store) == ["consensus_failed"]

    async def test_what_was_paid_for_contributions_that_come_to_nothing_is_kept(
        self, store: DecisionStore, work: WorkStore
    ) -> None:
        claims = await taken(work)
        for claim in claims[:2]:
            await work.deliver(claim, claim.agent_id.encode())
        call = a_model_call()
        paid = {claims[0].agent_id.encode(): ([call], [an_exchange()]), claims[1].agent_id.encode(): ([], [])}
        await work.end("j1", STOPPED, [], paid.__getitem__)

        assert (await store.spent_since(NOW)).tokens == call.usage.total
        assert await store.exchange(call.request_key) == an_exchange()

    async def test_a_job_is_ended_once(self, store: DecisionStore, work: WorkStore) -> None:
        await work.accept(a_job())
        assert await work.end("j1", STOPPED, []) == ()

        assert await work.end("j1", Standing(FAILED, "later"), [a_step()]) is None
        assert await work.standing("j1") == STOPPED
        assert await store.last_seq() == 0

    async def test_a_job_is_completed_by_its_decision(self, store: DecisionStore, work: WorkStore) -> None:
        claims = await taken(work)
        committed = await store.append(a_decision_of("j1", an_answer("k1", "j1")))

        assert await store.get("j1") == committed.record
        assert await store.answer("k1") == an_answer("k1", "j1")
        assert await work.standing("j1") is await work.job("j1") is None
        assert await work.contributions("j1") == {}
        assert await work.count_pending() == 0
        assert await work.deliver(claims[0], b"late") is None
        assert await work.end("j1", STOPPED, [a_step()]) is None
        with pytest.raises(ConflictError):
            await store.append(a_decision_of("j1"))

    async def test_a_decision_that_is_refused_leaves_its_job_pending(
        self, store: DecisionStore, work: WorkStore
    ) -> None:
        claims = await taken(work)
        await store.append(a_draft("j1"))
        with pytest.raises(ConflictError, match="that id"):
            await store.append(a_decision_of("j1"))
        await taken(work, "j2")
        await store.keep_answer(an_answer("k1", "j0"))
        with pytest.raises(StillRunningError):
            await store.append(a_decision_of("j2", an_answer("k1", "j2")))

        assert await work.pending(10) == ("j1", "j2")
        assert await store.get("j2") is None
        assert await work.deliver(claims[0], b"x") == 2

    async def test_a_decision_of_a_job_that_never_was_is_refused(self, store: DecisionStore) -> None:
        with pytest.raises(ConflictError, match="ended already"):
            await store.append(a_decision_of("nothing", an_answer("k1")))

        assert await store.get("nothing") is await store.answer("k1") is None

    async def test_of_cancelling_and_completing_one_wins_and_nothing_is_half_done(
        self, store: DecisionStore, work: WorkStore, second: DecisionStore
    ) -> None:
        for number in range(12):
            job_id = f"j{number}"
            claims = await taken(work, job_id)
            before = await store.last_seq()
            racing = (
                store.append(a_decision_of(job_id, an_answer(job_id, job_id))),
                second.work.end(job_id, STOPPED, [a_step("consensus_cancelled")]),
                second.work.deliver(claims[0], b"meanwhile"),
            )
            order = racing if number % 2 else (racing[1], racing[2], racing[0])
            results = await asyncio.gather(*order, return_exceptions=True)
            completed, told, _ = results if number % 2 else (results[2], results[0], results[1])

            was_ended = told is not None
            assert isinstance(completed, ConflictError) == was_ended
            assert (await store.get(job_id) is None) == was_ended
            assert (await store.answer(job_id) is None) == was_ended
            assert await work.standing(job_id) == (STOPPED if was_ended else None)
            assert await work.contributions(job_id) == {}
            (happened,) = (await message_types(store))[before:]
            assert happened == ("consensus_cancelled" if was_ended else "consensus_result")

    async def test_of_many_who_complete_a_job_one_does(self, store: DecisionStore, second: DecisionStore) -> None:
        await store.work.accept(a_job())
        completing = [(store, second)[n % 2].append(a_decision_of("j1")) for n in range(10)]
        refusals = [
            each for each in await asyncio.gather(*completing, return_exceptions=True) if type(each) in (ConflictError,)
        ]

        assert len(refusals) == 9
        assert await message_types(store) == ["consensus_result"]

    async def test_work_on_many_jobs_in_any_order_does_not_get_stuck(
        self, work: WorkStore, second: DecisionStore
    ) -> None:
        jobs = [f"j{number}" for number in range(12)]
        claims = {job_id: await taken(work, job_id) for job_id in jobs}
        everything = [claim for of_job in claims.values() for claim in of_job]

        async def worker(store: WorkStore, order: list[str], place: int) -> list[int | None]:
            keeping = [store.renew(everything, a_lease(after=2)), store.hand_out_again(a_lease(after=2), 100)]
            delivering = [store.deliver(claims[job_id][place], b"x") for job_id in order]
            return (await asyncio.gather(*delivering, *keeping))[: len(jobs)]  # type: ignore[return-value]

        left = await asyncio.gather(
            worker(work, jobs, 0), worker(second.work, jobs[::-1], 1), worker(work, jobs[6:] + jobs[:6], 2)
        )
        for of_job in zip(left[0], left[1][::-1], left[2][6:] + left[2][:6], strict=True):
            assert sorted(of_job, key=str) == [0, 1, 2]

    async def test_work_is_remembered_when_the_store_is_opened_again(
        self, store: DecisionStore, work: WorkStore
    ) -> None:
        first, second, third = await taken(work)
        await work.deliver(first, b"x")
        await store.close()
        await store.open()

        assert await work.contributions("j1") == {AGENTS[0]: b"x"}
        assert await work.renew([second, third], a_lease(after=5)) == (second, third)
        assert await work.deliver(second, b"y") == 1

    # The law

    @ONE_STORE
    @given(st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from(OWNERS), st.integers(0, 99)), max_size=40))
    async def test_whatever_happens_a_task_is_delivered_once_by_whoever_has_it(
        self, store: DecisionStore, steps: list[tuple[str, str, int]]
    ) -> None:
        scene = Scene(store, f"law {next(numbers)}")
        await scene.begin()
        try:
            for deed, owner, choice in steps:
                await scene.do(deed, owner, choice)
                assert await store.work.contributions(scene.job_id) == scene.delivered
        finally:
            await store.work.end(scene.job_id, STOPPED, [])


class TestInMemory(InMemory, WorkStoreContract):
    """See WorkStoreContract."""


class TestEmbedded(Embedded, WorkStoreContract):
    """See WorkStoreContract."""


class TestServer(Server, WorkStoreContract):
    """See WorkStoreContract."""
