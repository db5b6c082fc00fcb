"""Jobs that an earlier process accepted and nobody has begun."""

from collections import Counter

from app.domain.requests import read_request
from app.domain.votes import BUY, Opinion
from app.events.jobs.assembly import Working
from app.events.jobs.caretaker import HOPELESS
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.builders import ScriptedAnalyst, request_fields


class Idle:
    """Gives nothing out, as a process that dies right after the acceptance."""

    letter_of = None

    def give_out(self, errands):
        pass

    def tell_of_ends(self):
        pass

    async def close(self):
        pass


def a_coordinator(store, **terms):
    working = Working(**terms) if terms else None
    return MultiAgentCoordinator(
        store=store, analysts={"a": ScriptedAnalyst("a", Opinion(BUY, 0.8, "up"))}, working=working
    )


async def left_behind(store):
    """Accept a request in a process that does not get any further; return its id."""
    async with a_coordinator(store, dispatch=lambda _work: Idle()) as dying:
        return await dying.request_consensus(read_request(request_fields(30)).to_question())


async def test_what_was_accepted_before_a_start_is_begun_at_once():
    store = InMemoryDecisionStore()
    accepted = await left_behind(store)
    async with a_coordinator(store) as coordinator:
        assert (await coordinator.consensus(accepted, 30)).status == "complete"


async def test_a_job_that_somebody_else_decides_first_does_not_count_as_recovered(monkeypatch):
    store, counted = InMemoryDecisionStore(), Counter()
    async with a_coordinator(store, recovered=lambda kind, count: counted.update({kind: count})) as coordinator:
        decided = await coordinator.request_consensus(read_request(request_fields(30)).to_question())
        await coordinator.consensus(decided, 30)

        async def a_moment_ago(_now, _limit):
            return (decided,)

        monkeypatch.setattr(store.work, "ripe", a_moment_ago)
        counted.clear()
        await coordinator.jobs.caretaker.look()
    assert counted["request"] == 0


async def test_a_job_that_cannot_be_decided_ends_with_the_reason_after_some_tries(monkeypatch):
    store = InMemoryDecisionStore()

    async def refuse(_draft):
        raise ValueError("canary")

    accepted = await left_behind(store)
    monkeypatch.setattr(store, "append", refuse)
    async with a_coordinator(store, lease_s=0.5) as coordinator:
        ended = await coordinator.consensus(accepted, 30)

    assert (ended.status, ended.reason) == ("failed", "It could not be decided: ValueError")


async def test_a_trouble_that_passes_costs_no_job(monkeypatch):
    store = InMemoryDecisionStore()
    append, left = store.append, [HOPELESS - 2]

    async def refuse(draft):
        if left[0]:
            left[0] -= 1
            raise ValueError("canary")
        return await append(draft)

    accepted = await left_behind(store)
    monkeypatch.setattr(store, "append", refuse)
    async with a_coordinator(store, lease_s=0.5) as coordinator:
        assert (await coordinator.consensus(accepted, 30)).status == "complete"
