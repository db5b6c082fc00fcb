import asyncio

import orjson
import pytest

from app.domain.decisions import KeyedAnswer
from app.domain.errors import ConflictError, OverloadedError, StillRunningError
from app.domain.jobs import MOST_TRIES
from app.domain.votes import BUY, SELL, Opinion
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.storage.repositories.in_memory import InMemoryDecisionStore
from app.storage.repositories.work_in_memory import InMemoryWorkStore
from tests.builders import EndlessAnalyst
from tests.unit.events.jobs.processes import (
    LEASE_S,
    CountingAnalyst,
    GatedAnalyst,
    Post,
    panel,
    process,
    question,
    worker,
)
from tests.unit.events.virtual_time import LoopClock, in_virtual_time

UP, DOWN = Opinion(BUY, 0.8, "up"), Opinion(SELL, 0.6, "down")
SAID = ("agent_id", "agent_type", "decision", "confidence", "reasoning", "tools", "source", "lineage")


class SlowToAnswer(InMemoryWorkStore):
    """Has stored a contribution long before it says so."""

    async def deliver(self, claim, contribution):
        left = await super().deliver(claim, contribution)
        await asyncio.sleep(LEASE_S / 2)
        return left


def said(record):
    return [{name: vote[name] for name in SAID} for vote in record["votes"]]


async def body_of(coordinator, decision_id):
    return orjson.loads((await coordinator.record(decision_id)).body)


def test_what_workers_decide_is_what_one_process_decides():
    async def scene():
        analysts = panel(CountingAnalyst("a", UP), CountingAnalyst("b", DOWN), CountingAnalyst("c", UP))
        async with MultiAgentCoordinator(analysts=analysts, clock=LoopClock()) as alone:
            here = orjson.loads((await alone.decide(question())).body)
        store, post = InMemoryDecisionStore(), Post()
        async with process(store, post, analysts) as api, worker(store, post, analysts):
            there = orjson.loads((await api.decide(question())).body)
            replayed = await api.replay(there["decision_id"])
        assert said(there) == said(here)
        assert there["consensus"] == here["consensus"]
        assert (replayed.differences, await store.work.count_pending()) == ((), 0)

    in_virtual_time(scene())


def test_what_a_dead_worker_held_is_done_by_another_and_stored_votes_are_not_asked_for_again():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        quick, stuck, well = CountingAnalyst("a", UP), EndlessAnalyst("b"), CountingAnalyst("b", DOWN)
        async with process(store, post, panel(quick, well)) as api:
            job_id = await api.request_consensus(question())
            async with worker(store, post, panel(quick, stuck)) as doomed:
                await stuck.was_asked.wait()
                doomed.dies()
                began = LoopClock().monotonic()
                async with worker(store, post, panel(quick, well)):
                    ended = await api.consensus(job_id, None)
                took = LoopClock().monotonic() - began
        record = orjson.loads(ended.record.body)
        assert [vote["decision"] for vote in record["votes"]] == [BUY, SELL]
        assert (quick.asked, well.asked) == (1, 1)
        assert LEASE_S <= took < 2 * LEASE_S

    in_virtual_time(scene())


def test_a_worker_that_wakes_up_after_its_lease_is_refused():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        late, other = GatedAnalyst("a", DOWN), GatedAnalyst("a", UP)
        async with process(store, post, panel(late)) as api, worker(store, post, panel(late)) as paused:
            job_id = await api.request_consensus(question())
            await late.was_asked.wait()
            paused.dies()
            async with worker(store, post, panel(other)):
                await other.was_asked.wait()
                late.gate.set()
                await paused.comes_to_its_end()
                assert (await api.consensus(job_id)).status == "pending"
                other.gate.set()
                record = orjson.loads((await api.consensus(job_id, None)).record.body)
        assert [vote["decision"] for vote in record["votes"]] == [BUY]

    in_virtual_time(scene())


def test_a_worker_that_renews_keeps_a_task_longer_than_its_lease():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        slow = GatedAnalyst("a", UP)
        asked = question(timeout_seconds=100)
        async with process(store, post, panel(slow)) as api, worker(store, post, panel(slow)):
            job_id = await api.request_consensus(asked)
            await slow.was_asked.wait()
            await asyncio.sleep(3 * LEASE_S)
            slow.gate.set()
            assert (await api.consensus(job_id, None)).status == "complete"
        assert slow.asked == 1

    in_virtual_time(scene())


def test_votes_that_are_being_handed_in_are_not_taken_for_lost():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        store.work = SlowToAnswer(store)
        seats = {"a": CountingAnalyst("a", UP), "a_rules": CountingAnalyst("a", DOWN)}
        async with process(store, post, seats) as api, worker(store, post, seats):
            job_id = await api.request_consensus(question())
            record = orjson.loads((await api.consensus(job_id, None)).record.body)
        assert [vote["decision"] for vote in record["votes"]] == [BUY, SELL]
        assert [each.asked for each in seats.values()] == [1, 1]

    in_virtual_time(scene())


def test_somebody_who_waits_is_answered_at_the_deadline_by_those_who_voted():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        analysts = panel(CountingAnalyst("a", UP), EndlessAnalyst("b"))
        async with process(store, post, analysts) as api, worker(store, post, analysts):
            began = LoopClock().monotonic()
            record = orjson.loads((await api.decide(question(timeout_seconds=5))).body)
            took = LoopClock().monotonic() - began
        assert (record["final_recommendation"], record["degraded_reasons"]) == (BUY, ["timeout:b_AAPL"])
        assert 5 <= took <= 5.5

    in_virtual_time(scene())


def test_without_any_worker_the_deadline_ends_in_no_decision():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        async with process(store, post, panel(CountingAnalyst("a", UP))) as api:
            record = orjson.loads((await api.decide(question(timeout_seconds=5))).body)
        assert (record["final_recommendation"], record["missing"]) == ("NO_DECISION", ["a_AAPL"])

    in_virtual_time(scene())


def test_the_time_of_a_background_request_begins_when_its_first_task_is_taken():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        analysts = panel(CountingAnalyst("a", UP))
        async with process(store, post, analysts) as api:
            job_id = await api.request_consensus(question(timeout_seconds=5))
            await asyncio.sleep(1_000)
            async with worker(store, post, analysts):
                record = orjson.loads((await api.consensus(job_id, None)).record.body)
        assert (record["final_recommendation"], record["degraded"]) == (BUY, False)

    in_virtual_time(scene())


def test_cancelling_stops_the_worker_and_nothing_is_stored():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        slow = GatedAnalyst("a", UP)
        async with process(store, post, panel(slow)) as api, worker(store, post, panel(slow)):
            job_id = await api.request_consensus(question(timeout_seconds=200))
            await slow.was_asked.wait()
            assert (await api.cancel_consensus(job_id)).status == "cancelled"
            await slow.was_cancelled.wait()
            assert (await api.consensus(job_id)).status == "cancelled"
            assert (await api.cancel_consensus(job_id)).status == "cancelled"
        assert (await store.counts())["decisions"] == 0

    in_virtual_time(scene())


def test_a_task_that_outlives_no_worker_is_given_up_and_the_rest_decide():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        deadly, well = EndlessAnalyst("b"), CountingAnalyst("a", UP)
        async with process(store, post, panel(well, deadly)) as api:
            job_id = await api.request_consensus(question(timeout_seconds=300))
            for _ in range(MOST_TRIES):
                deadly.was_asked.clear()
                async with worker(store, post, panel(well, deadly)) as doomed:
                    await deadly.was_asked.wait()
                    doomed.dies()
                    await asyncio.sleep(2 * LEASE_S)
            record = orjson.loads((await api.consensus(job_id, None)).record.body)
        assert (record["final_recommendation"], record["missing"], well.asked) == (BUY, ["b_AAPL"], 1)

    in_virtual_time(scene())


def test_a_panel_that_nobody_can_serve_is_decided_at_once():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        needy = CountingAnalyst("a", UP)
        needy.needs = type(needy.needs)(bars=1_000)
        async with process(store, post, panel(needy)) as api:
            record = orjson.loads((await api.decide(question())).body)
        assert (record["final_recommendation"], len(record["not_applicable"])) == ("NO_DECISION", 1)

    in_virtual_time(scene())


def test_an_early_close_leaves_out_who_cannot_matter_any_more():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        sure = [CountingAnalyst(role, Opinion(BUY, 1.0, "up")) for role in "abcd"]
        analysts = panel(*sure, EndlessAnalyst("slow"))
        asked = question(method="majority", config={"early_close": True}, timeout_seconds=100)
        async with process(store, post, analysts) as api, worker(store, post, analysts):
            record = orjson.loads((await api.decide(asked)).body)
        assert record["consensus"]["closed_early"] is True
        assert "slow_AAPL" in record["missing"]
        assert record["duration_ms"] < 50_000

    in_virtual_time(scene())


def test_what_one_process_left_the_next_one_finishes():
    async def scene():
        store = InMemoryDecisionStore()
        async with MultiAgentCoordinator(store=store, clock=LoopClock(), analysts=panel(EndlessAnalyst("a"))) as first:
            job_id = await first.request_consensus(question())
        async with MultiAgentCoordinator(
            store=store, clock=LoopClock(), analysts=panel(CountingAnalyst("a", UP))
        ) as second:
            ended = await second.consensus(job_id, None)
        assert (ended.status, orjson.loads(ended.record.body)["final_recommendation"]) == ("complete", BUY)

    in_virtual_time(scene())


def test_more_than_may_be_pending_is_refused_before_it_is_accepted():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        async with process(store, post, panel(CountingAnalyst("a")), most_pending=2) as api:
            for _ in range(2):
                await api.request_consensus(question())
            with pytest.raises(OverloadedError, match="2 decisions are pending"):
                await api.request_consensus(question())
        assert await store.work.count_pending() == 2

    in_virtual_time(scene())


def test_a_key_stands_for_one_pending_decision_and_then_for_its_answer():
    async def scene():
        from dataclasses import replace

        store, post = InMemoryDecisionStore(), Post()
        analysts = panel(GatedAnalyst("a", UP))
        first, second = question(), question()
        keyed = [replace(each, keyed=KeyedAnswer("key", "f", 200, each.decision_id)) for each in (first, second)]
        async with process(store, post, analysts) as api, worker(store, post, analysts):
            deciding = asyncio.create_task(api.decide(keyed[0]))
            await analysts["a"].was_asked.wait()
            with pytest.raises(StillRunningError):
                await api.decide(keyed[1])
            analysts["a"].gate.set()
            assert (await store.answer("key") is None, (await deciding).decision_id) == (True, first.decision_id)
            assert (await store.answer("key")).decision_id == first.decision_id

    in_virtual_time(scene())


def test_a_decision_that_was_cancelled_while_somebody_waited_says_so():
    async def scene():
        store, post = InMemoryDecisionStore(), Post()
        slow = GatedAnalyst("a", UP)
        asked = question(timeout_seconds=100)
        async with process(store, post, panel(slow)) as api, worker(store, post, panel(slow)):
            deciding = asyncio.create_task(api.decide(asked))
            await slow.was_asked.wait()
            await api.cancel_consensus(asked.decision_id)
            with pytest.raises(ConflictError, match="cancelled"):
                await deciding

    in_virtual_time(scene())
