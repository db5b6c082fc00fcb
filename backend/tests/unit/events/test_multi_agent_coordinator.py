import asyncio

import orjson
import pytest

from app.domain.errors import ConflictError, InvalidInputError, NotFoundError, StoreUnavailableError, UnknownNameError
from app.domain.identifiers import is_id
from app.domain.requests import read_request
from app.domain.votes import BUY, HOLD, SELL, STRONG_BUY, Opinion
from app.events.agent_event_bus import AgentEventBus
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.builders import EndlessAnalyst, FailingAnalyst, ScriptedAnalyst, request_fields

UP, DOWN = Opinion(BUY, 0.8, "up", position_size=0.2), Opinion(SELL, 0.6, "down", position_size=0.1)


def panel(*analysts):
    return {each.role: each for each in analysts}


def three(**opinions):
    return panel(*(ScriptedAnalyst(role, opinion) for role, opinion in opinions.items()))


def question(**others):
    return read_request(request_fields(30, **others)).to_question()


async def decided(coordinator, **others):
    return orjson.loads((await coordinator.decide(question(**others))).body)


async def test_the_record_says_what_was_decided_by_whom_and_how():
    async with MultiAgentCoordinator(analysts=three(a=UP, b=UP, c=DOWN)) as coordinator:
        record = await decided(coordinator)
    assert (record["final_recommendation"], record["status"], record["resolved_by"]) == (BUY, "decided", "method")
    assert [vote["agent_id"] for vote in record["votes"]] == ["a_AAPL", "b_AAPL", "c_AAPL"]
    assert record["consensus"]["method"] == "weighted"
    assert record["consensus"]["conflict_resolution"] == "conservative"
    assert record["consensus"]["config"]["risk_veto"] is True
    assert (record["sequence"], record["previous_hash"]) == (1, "0" * 64)
    assert (record["degraded"], record["missing"], record["rejected"]) == (False, [], [])
    assert is_id(record["decision_id"])


async def test_a_coordinator_that_made_its_bus_ends_it():
    async with MultiAgentCoordinator(analysts=three(a=UP)) as coordinator:
        await decided(coordinator)

    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("listener")] == []


async def test_each_symbol_has_a_gapless_chain():
    async with MultiAgentCoordinator(analysts=three(a=UP)) as coordinator:
        records = [await decided(coordinator, symbol=symbol) for symbol in ("AAPL", "MSFT", "AAPL")]
        report = await coordinator.verify()
    assert [record["sequence"] for record in records] == [1, 1, 2]
    assert records[2]["previous_hash"] == records[0]["hash"]
    assert report.problems == ()
    assert [(head.symbol, head.sequence) for head in report.heads] == [("AAPL", 2), ("MSFT", 1)]


async def test_a_failing_and_a_slow_analyst_are_named_and_the_rest_decide():
    analysts = panel(ScriptedAnalyst("a", UP), FailingAnalyst("b"), EndlessAnalyst("c"), ScriptedAnalyst("d", UP))
    async with MultiAgentCoordinator(analysts=analysts) as coordinator:
        record = await decided(coordinator, timeout_seconds=0.5)
    assert record["final_recommendation"] == BUY
    assert record["degraded_reasons"] == ["failed:b_AAPL", "timeout:c_AAPL"]
    assert record["missing"] == ["b_AAPL", "c_AAPL"]
    assert record["rejected"] == [["b_AAPL", "abstain"]]
    assert [(each["agent_id"], each["kind"]) for each in record["failures"]] == [
        ("b_AAPL", "failed"),
        ("c_AAPL", "timeout"),
    ]


async def test_when_everybody_fails_there_is_no_decision_and_no_hold():
    async with MultiAgentCoordinator(analysts=panel(FailingAnalyst("a"), FailingAnalyst("b"))) as coordinator:
        record = await decided(coordinator)
    assert (record["final_recommendation"], record["status"], record["resolved_by"]) == (
        "NO_DECISION",
        "no_votes",
        "fallback",
    )


async def test_the_advisors_veto_holds_back_an_opening_trade():
    analysts = three(a=UP, b=UP, risk_advisor=Opinion(SELL, 0.9, "too risky"))
    async with MultiAgentCoordinator(analysts=analysts) as coordinator:
        vetoed = await decided(coordinator, method="majority")
        unguarded = await decided(coordinator, method="majority", config={"risk_veto": False})
    assert (vetoed["final_recommendation"], vetoed["resolved_by"]) == (HOLD, "risk_veto")
    assert unguarded["final_recommendation"] == BUY


async def test_the_accounts_position_tells_the_veto_what_opens_exposure():
    account = {"positions": {"AAPL": {"quantity": "-10"}}}
    analysts = three(a=UP, b=UP, risk_advisor=Opinion(SELL, 0.9, "too risky"))
    async with MultiAgentCoordinator(analysts=analysts) as coordinator:
        record = await decided(coordinator, method="majority", account_info=account)
    assert (record["final_recommendation"], record["resolved_by"]) == (BUY, "method")


async def test_weights_may_be_given_by_role():
    async with MultiAgentCoordinator(analysts=three(a=UP, b=DOWN)) as coordinator:
        record = await decided(coordinator, config={"weights": {"b": 3}})
    assert record["final_recommendation"] == SELL
    assert record["consensus"]["config"]["weights"] == {"b_AAPL": 3.0}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"method": "wieghted"}, UnknownNameError),
        ({"conflict_resolution": "shout"}, UnknownNameError),
        ({"agents": ["astrologer"]}, UnknownNameError),
        ({"technical_indicators": {"aura": 1.0}}, InvalidInputError),
        ({"config": {"weights": {"a": -1}}}, InvalidInputError),
        ({"config": {"quorum": 2}}, InvalidInputError),
        ({"config": {"colour": "red"}}, InvalidInputError),
        ({"config": {"early_close": 1}}, InvalidInputError),
        ({"method": "majority", "config": {"method": "bft"}}, InvalidInputError),
    ],
)
async def test_a_question_that_cannot_be_used_is_refused_and_nothing_is_stored(fields, error):
    store = InMemoryDecisionStore()
    async with MultiAgentCoordinator(store=store, analysts=three(a=UP)) as coordinator:
        with pytest.raises(error):
            await coordinator.decide(question(**fields))
        with pytest.raises(error):
            await coordinator.request_consensus(question(**fields))
    assert (await store.counts())["decisions"] == 0
    assert await store.last_seq() == 0


async def test_an_analyst_the_context_cannot_serve_is_not_asked_and_not_on_the_roster():
    async with MultiAgentCoordinator() as coordinator:
        record = await decided(coordinator)
    needs = {each["agent_type"]: each["needs"] for each in record["not_applicable"]}
    assert needs["news_analyst"] == "at least one news item, none given"
    assert needs["technical_analyst"] == "150 bars of history, 30 given"
    asked = [vote["agent_type"] for vote in record["votes"]]
    assert not set(asked) & set(needs)
    assert record["consensus"]["n_expected"] == len(asked)


async def test_nobody_left_to_ask_is_no_decision():
    async with MultiAgentCoordinator() as coordinator:
        record = await decided(coordinator, agents=["news_analyst"])
    assert (record["final_recommendation"], record["consensus"]["n_expected"]) == ("NO_DECISION", 0)


async def test_events_follow_the_decision_in_the_order_of_the_road():
    bus, store = AgentEventBus(), InMemoryDecisionStore()
    async with (
        MultiAgentCoordinator(store=store, bus=bus, analysts=three(a=UP, b=DOWN)) as coordinator,
        bus.subscribe() as feed,
    ):
        record = await decided(coordinator)
        events = [await anext(feed) for _ in range(4)]
    assert [(event.type, event.name) for event in events] == [
        ("agent_coordination", "consensus_requested"),
        ("agent_decision", ""),
        ("agent_decision", ""),
        ("agent_coordination", "consensus_result"),
    ]
    assert [event.seq for event in events] == [1, 2, 3, 4]
    payload = events[3].data["payload"]
    assert (payload["final_decision"], payload["consensus_achieved"]) == (record["final_recommendation"], True)
    assert {event.decision_id for event in events} == {record["decision_id"]}


async def test_the_correlation_id_goes_from_the_question_to_record_and_events():
    bus = AgentEventBus()
    async with MultiAgentCoordinator(bus=bus, analysts=three(a=UP)) as coordinator, bus.subscribe("decision.#") as feed:
        from dataclasses import replace

        sealed = await coordinator.decide(replace(question(), correlation_id="trace-1"))
        assert orjson.loads(sealed.body)["correlation_id"] == "trace-1"
        assert (await anext(feed)).data["payload"]["correlation_id"] == "trace-1"


async def test_a_consensus_request_returns_its_id_at_once_and_becomes_that_decision():
    async with MultiAgentCoordinator(analysts=three(a=UP)) as coordinator:
        consensus_id = await coordinator.request_consensus(question())
        assert (await coordinator.consensus(consensus_id)).status == "pending"
        ended = await coordinator.consensus(consensus_id, None)
        assert (ended.status, ended.record.decision_id) == ("complete", consensus_id)
        with pytest.raises(ConflictError):
            await coordinator.cancel_consensus(consensus_id)


async def test_a_cancelled_request_stops_its_analysts_stores_nothing_and_tells_the_feed():
    slow, bus, store = EndlessAnalyst("slow"), AgentEventBus(), InMemoryDecisionStore()
    async with (
        MultiAgentCoordinator(store=store, bus=bus, analysts=panel(slow)) as coordinator,
        bus.subscribe() as feed,
    ):
        consensus_id = await coordinator.request_consensus(question())
        await slow.was_asked.wait()
        assert (await coordinator.cancel_consensus(consensus_id)).status == "cancelled"
        await slow.was_cancelled.wait()
        event = await anext(feed)
        assert (event.name, event.decision_id) == ("consensus_cancelled", consensus_id)
        assert (await coordinator.consensus(consensus_id)).status == "cancelled"
    assert (await store.counts())["decisions"] == 0


async def test_a_decision_of_an_earlier_process_is_a_complete_request():
    store = InMemoryDecisionStore()
    async with MultiAgentCoordinator(store=store, analysts=three(a=UP)) as before:
        made = await before.decide(question())
    async with MultiAgentCoordinator(store=store) as after:
        assert (await after.consensus(made.decision_id)).status == "complete"
        with pytest.raises(ConflictError):
            await after.cancel_consensus(made.decision_id)
        with pytest.raises(NotFoundError):
            await after.consensus("0192f0c4-0000-7000-8000-000000000000")


class GatedStore(InMemoryDecisionStore):
    """Waits in the middle of a commit until the test opens the gate."""

    def __init__(self):
        super().__init__()
        self.committing, self.gate = asyncio.Event(), asyncio.Event()

    async def append(self, draft):
        self.committing.set()
        await self.gate.wait()
        return await super().append(draft)


async def test_a_caller_that_goes_away_during_the_commit_loses_no_decision_and_no_event():
    store, bus = GatedStore(), AgentEventBus()
    async with (
        MultiAgentCoordinator(store=store, bus=bus, analysts=three(a=UP)) as coordinator,
        bus.subscribe("decision.consensus_result.#") as feed,
    ):
        asked = question()
        deciding = asyncio.create_task(coordinator.decide(asked))
        await store.committing.wait()
        deciding.cancel()
        store.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await deciding
        assert (await anext(feed)).decision_id == asked.decision_id
        assert (await coordinator.record(asked.decision_id)).decision_id == asked.decision_id


class FullStore(InMemoryDecisionStore):
    """Has no room."""

    def __init__(self):
        super().__init__()
        self.tries, self.was_tried_twice = 0, asyncio.Event()

    async def append(self, draft):
        self.tries += 1
        if self.tries == 2:
            self.was_tried_twice.set()
        raise StoreUnavailableError("The disk is full; free some space.")


async def test_a_decision_that_cannot_be_stored_is_not_given_out_nor_told():
    bus, store = AgentEventBus(), FullStore()
    async with MultiAgentCoordinator(store=store, bus=bus, analysts=three(a=UP)) as coordinator:
        async with bus.subscribe() as feed:
            with pytest.raises(StoreUnavailableError):
                await coordinator.decide(question())
            consensus_id = await coordinator.request_consensus(question())
            await store.was_tried_twice.wait()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(feed), 0)
        assert (await coordinator.consensus(consensus_id)).status == "pending"


async def test_an_early_close_cancels_who_cannot_matter_any_more():
    slow = EndlessAnalyst("slow")
    analysts = panel(*(ScriptedAnalyst(role, Opinion(BUY, 1.0, "up")) for role in "abcd"), slow)
    async with MultiAgentCoordinator(analysts=analysts) as coordinator:
        record = await decided(coordinator, method="majority", config={"early_close": True})
    assert record["final_recommendation"] == BUY
    assert record["consensus"]["closed_early"] is True
    assert record["missing"] == ["slow_AAPL"]
    assert (record["degraded"], record["failures"][0]["kind"]) == (False, "closed_early")


async def test_the_voting_analysis_names_the_dissenters():
    analysts = three(a=UP, b=Opinion(STRONG_BUY, 0.8, "up"), c=DOWN)
    async with MultiAgentCoordinator(analysts=analysts) as coordinator:
        record = await decided(coordinator)
        analysis = await coordinator.voting_analysis(record["decision_id"])
        performance = {each["agent_id"]: each for each in await coordinator.agent_performance()}
    assert analysis["dissenters"] == ["c_AAPL"]
    assert analysis["agreement"] == pytest.approx(1 / 3)
    assert 2.9 < analysis["effective_votes"] <= 3
    assert (performance["a_AAPL"]["agreement_rate"], performance["c_AAPL"]["agreement_rate"]) == (1.0, 0.0)


async def test_nothing_later_than_as_of_reaches_an_analyst():
    seen = []

    class Witness(ScriptedAnalyst):
        async def analyse(self, context, tools):
            seen.append(context)
            return UP

    news = [
        {"timestamp": "2024-01-09T00:00:00+00:00", "source": "wire", "title": "early"},
        {"timestamp": "2024-01-12T00:00:00+00:00", "source": "wire", "title": "late"},
    ]
    async with MultiAgentCoordinator(analysts=panel(Witness("w"))) as coordinator:
        fields = request_fields(30, as_of="2024-01-10", news=news)
        fields["market_data"]["current_price"] = 500.0
        record = orjson.loads((await coordinator.decide(read_request(fields).to_question())).body)
    (context,) = seen
    assert len(context.bars) == 10
    assert [item.title for item in context.news] == ["early"]
    assert context.current_price is None
    assert record["degraded_reasons"] == ["current_price_after_as_of"]
