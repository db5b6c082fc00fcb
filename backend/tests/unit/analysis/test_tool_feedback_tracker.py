"""The tracker: fed by events, read back from a store, asked for figures and a policy."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import plugins
from app.analysis import tool_feedback_tracker as module
from app.analysis.tool_feedback_tracker import ToolFeedbackTracker
from app.domain.events import EventType
from app.domain.tool_policies import DEFAULT
from app.storage.embedded_database import EmbeddedDatabase
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.unit.analysis.tool_scenes import a_call, a_step, a_vote, numbered

HANDLERS = {
    EventType.TOOL_EXECUTION: ToolFeedbackTracker.on_tool_event,
    EventType.AGENT_DECISION: ToolFeedbackTracker.on_vote_event,
    EventType.AGENT_COORDINATION: ToolFeedbackTracker.on_decision_event,
}


async def tell(tracker, *events):
    for event in events:
        await HANDLERS[event.type](tracker, event)


async def told(*events, store=None):
    tracker = ToolFeedbackTracker(store)
    await tell(tracker, *events)
    return tracker


@pytest.fixture(params=["memory", "embedded"])
async def store(request, tmp_path) -> AsyncIterator[object]:
    one = InMemoryDecisionStore()
    if request.param == "embedded":
        one = SqlDecisionStore(EmbeddedDatabase(tmp_path / "conclave.db"))
    await one.open()
    yield one
    await one.close()


SOME = [
    a_call("get_bars", "success", 2.0),
    a_call("get_bars", "error", 4.0, kind="KeyError", role="news_analyst"),
    a_vote("risk_advisor", "BUY", 0.9),
    a_vote("market_analyst", "SELL", 0.2),
    a_step(),
]


async def test_built_bare_it_learns_from_what_it_is_told():
    tracker = await told(*SOME)
    report = await tracker.analyze_tool_performance()
    figures = tracker.performance_metrics["get_bars"]
    assert figures == report["metrics"]["get_bars"]
    assert (figures["calls"], figures["success_rate"], figures["average_execution_time_ms"]) == (2, 0.5, 3.0)
    assert (figures["p95_execution_time_ms"], figures["errors"]) == (4.0, {"KeyError": 1})
    assert (figures["decisions_informed"], figures["share_of_decisions_moved"]) == (1, 1.0)
    assert figures["by_role"]["news_analyst"]["success_rate"] == 0.0
    assert set(report) == {"metrics", "insights", "recommendations", "policy", "decisions"}
    assert orjson.loads(orjson.dumps(report)) == report


async def test_every_tool_of_the_table_has_figures_and_one_never_called_has_zeros():
    metrics = (await ToolFeedbackTracker().analyze_tool_performance())["metrics"]
    assert tuple(metrics) == plugins.names("tool")
    never = metrics["score_news"]
    assert (never["calls"], never["success_rate"], never["average_execution_time_ms"]) == (0, 0.0, 0.0)
    assert (never["p95_execution_time_ms"], never["share_of_decisions_informed"], never["trend"]) == (None, None, None)


async def test_a_role_that_only_shared_results_has_no_time():
    tracker = await told(a_call(), a_call(status="cached", took_ms=0.002, role="news_analyst"))
    by_role = tracker.performance_metrics["get_bars"]["by_role"]
    assert by_role["news_analyst"]["success_rate"] == 1.0
    assert by_role["news_analyst"]["average_execution_time_ms"] is None
    assert by_role["risk_advisor"]["average_execution_time_ms"] == 1.0


async def test_a_model_and_its_twin_are_agents_of_one_role():
    tracker = await told(a_call(status="error"), a_call(twin=True), a_call(twin=True, symbol="MSFT"))
    figures = tracker.performance_metrics["get_bars"]
    assert {who: each["calls"] for who, each in figures["by_role"].items()} == {"risk_advisor": 3}
    assert {who: each["success_rate"] for who, each in figures["by_agent"].items()} == {
        "risk_advisor": 0.0,
        "risk_advisor_rules": 1.0,
    }


async def test_an_insight_comes_with_a_recommendation():
    report = await (await told(*[a_call(status="error")] * 5)).analyze_tool_performance()
    assert {"tool_name": "get_bars", "kind": "suspended"}.items() <= report["insights"][0].items()
    assert report["recommendations"][0]["text"]
    assert report["policy"]["suspended"] == ["get_bars"]


def test_the_module_offers_one_instance_built_on_first_use():
    assert isinstance(module.tool_feedback_tracker, ToolFeedbackTracker)
    assert module.tool_feedback_tracker is module.tool_feedback_tracker
    with pytest.raises(AttributeError):
        module.nothing_of_the_kind  # noqa: B018


# What was stored before


async def test_a_restart_forgets_nothing(store):
    events = await store.append_events(SOME * 3)
    lived = await told(*events, store=store)
    restarted = ToolFeedbackTracker(store)
    before, after = await lived.analyze_tool_performance(), await restarted.analyze_tool_performance()
    assert after == before
    assert (after["metrics"]["get_bars"]["calls"], after["metrics"]["get_bars"]["errors"]) == (6, {"KeyError": 3})


async def test_what_was_read_back_is_not_learnt_twice(store):
    events = await store.append_events([*SOME, *[a_call(status="error")] * 3])
    tracker = ToolFeedbackTracker(store)
    await tracker.read_back()
    await tell(tracker, *events)
    assert tracker.performance_metrics["get_bars"]["calls"] == 5
    assert tracker.policy() == DEFAULT
    await tell(tracker, *await store.append_events([a_call(status="error")]))
    assert tracker.policy().suspended == {"get_bars"}
    assert (await tracker.analyze_tool_performance())["metrics"]["get_bars"]["calls"] == 6


async def test_calls_that_other_processes_stored_are_counted_too(store):
    tracker = await told(*await store.append_events(SOME), store=store)
    await tracker.analyze_tool_performance()
    await store.append_events([a_call()] * 3)
    assert (await tracker.analyze_tool_performance())["metrics"]["get_bars"]["calls"] == 5
    assert (await tracker.analyze_tool_performance())["metrics"]["get_bars"]["calls"] == 5


async def test_a_name_that_a_model_made_up_is_no_tool(store):
    await store.append_events([a_call("made_up", "denied"), a_call("removed"), a_call("removed", "denied")])
    metrics = (await ToolFeedbackTracker(store).analyze_tool_performance())["metrics"]
    assert set(metrics) == {*plugins.names("tool"), "removed"}
    assert (metrics["removed"]["calls"], metrics["removed"]["denied"], metrics["removed"]["success_rate"]) == (2, 1, 1)


async def test_those_who_ask_at_the_same_time_get_the_same_answer(store):
    events = await store.append_events(SOME)
    tracker = ToolFeedbackTracker(store)
    reports = await asyncio.gather(
        tracker.analyze_tool_performance(), tell(tracker, *events), tracker.analyze_tool_performance()
    )
    assert reports[0]["metrics"]["get_bars"]["calls"] == reports[2]["metrics"]["get_bars"]["calls"] == 2
    assert tracker.performance_metrics["get_bars"]["calls"] == 2


class SlowStore(InMemoryDecisionStore):
    """Takes as long to read as the test wants."""

    def __init__(self):
        super().__init__()
        self.asked, self.may_go_on, self.readings = asyncio.Event(), asyncio.Event(), 0

    async def tool_activity(self, calls):
        self.readings += 1
        async for page in super().tool_activity(calls):
            self.asked.set()
            await self.may_go_on.wait()
            yield page


async def test_events_that_come_while_the_past_is_read_are_learnt_after_it():
    store = SlowStore()
    first = await store.append_events([a_call(status="error")] * 3)
    tracker = ToolFeedbackTracker(store)
    reading = asyncio.create_task(tell(tracker, *first))
    await store.asked.wait()
    await tell(tracker, *await store.append_events([a_call(status="error")] * 2))
    assert tracker.policy() == DEFAULT
    store.may_go_on.set()
    await reading
    assert tracker.policy().suspended == {"get_bars"}


async def test_of_many_who_ask_at_once_one_reads_for_all():
    store = SlowStore()
    await store.append_events([a_call(status="error")] * 5)
    tracker = ToolFeedbackTracker(store)

    async def policy():
        await tracker.read_back()
        return tracker.policy()

    asked = [asyncio.create_task(policy()) for _ in range(20)]
    await store.asked.wait()
    store.may_go_on.set()
    assert {each.version for each in await asyncio.gather(*asked)} == {1}
    assert store.readings == 1


class BrokenStore(InMemoryDecisionStore):
    """Cannot be read while `is_broken`."""

    is_broken = True

    async def tool_activity(self, calls):
        if self.is_broken:
            raise OSError("disk")
        async for page in super().tool_activity(calls):
            yield page


async def test_a_store_that_could_not_be_read_is_asked_again():
    store = BrokenStore()
    tracker = ToolFeedbackTracker(store)
    with pytest.raises(OSError, match="disk"):
        await tell(tracker, a_call())
    store.is_broken = False
    await tell(tracker, a_call())
    assert tracker.performance_metrics["get_bars"]["calls"] == 2


# Laws

happenings = st.lists(
    st.one_of(
        st.builds(
            a_call,
            tool=st.sampled_from(["a", "b"]),
            status=st.sampled_from(["success", "error", "timeout", "cached", "denied"]),
            took_ms=st.sampled_from([1.0, 300.0]),
            at=st.floats(0, 500),
        ),
        st.builds(a_vote, role=st.sampled_from("xyz"), word=st.sampled_from(["BUY", "SELL", "ABSTAIN"])),
        st.just(a_step()),
    ),
    max_size=60,
)


@given(happenings, st.integers(0, 60))
def test_the_same_events_give_the_same_policy_and_figures_told_or_read_back(events, restart):
    async def both():
        store = InMemoryDecisionStore()
        stored = await store.append_events(events)
        lived = await told(*numbered(events))
        assert list(stored) == numbered(events)
        restarted = InMemoryDecisionStore()
        await restarted.append_events(events[:restart])
        other = ToolFeedbackTracker(restarted)
        await other.read_back()
        await tell(other, *numbered(events)[restart:])
        return lived, other

    lived, other = asyncio.run(both())
    assert lived.policy() == other.policy()
    assert {name: each["calls"] for name, each in lived.performance_metrics.items()} == {
        name: each["calls"] for name, each in other.performance_metrics.items()
    }


async def test_it_learns_nothing_from_an_event_of_another_kind():
    tracker = await told(a_call())
    await tracker.on_decision_event(a_step("consensus_requested", decision="d9"))
    report = await tracker.analyze_tool_performance()
    assert (report["decisions"], report["metrics"]["get_bars"]["calls"]) == (0, 1)
