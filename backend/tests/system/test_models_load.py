"""Many symbols at once, and decisions that nobody waits for any more."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.ai.resilience.fair_gate import Gated
from app.ai.resilience.turns import Turns
from app.testing.fake_models.journal import Journal
from app.testing.fake_models.server import FakeModels
from tests.system.model_desk_scene import (
    PROVIDERS,
    ROLES,
    a_model_desk,
    a_question,
    asked_by_role,
    check_failed,
    check_own,
    role_of,
    vote_of,
)

SYMBOLS = tuple(f"S{number:02}" for number in range(20))
SECOND_TURN = {"anthropic": "tool_result", "ollama": '"role":"tool"'}
WITH_TOOLS = len(ROLES) - 1


class Turnstile(Journal):
    """A journal that remembers how many requests were under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0

    async def begin(self, provider, path, body):
        entry = await super().begin(provider, path, body)
        self.most = max(self.most, self._under_way)
        return entry


class Queue(Turns):
    """A queue that tells when so many wait in it."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.is_full = asyncio.Event()
        self._expected = expected

    def join(self, symbol):
        place = super().join(symbol)
        if len(self) == self._expected:
            self.is_full.set()
        return place


def with_turnstile(fakes: FakeModels) -> Turnstile:
    fakes._desk.journal = Turnstile()
    return fakes._desk.journal


def gate_of(scene, provider="anthropic") -> Gated:
    """The gate among the guards of a provider."""
    guard = scene.desk.models.guards[provider]
    while not isinstance(guard, Gated):
        guard = guard.inner
    return guard


def symbol_of(request):
    told = request.body["messages"][0]["content"][0]["text"]
    return next(symbol for symbol in SYMBOLS if f'"symbol":"{symbol}"' in told)


@pytest.mark.parametrize("limit", [3, 32])
async def test_twenty_symbols_are_all_decided_and_no_more_requests_are_under_way_than_may_be(tmp_path, limit):
    async with (
        FakeModels(latency_s=0.02, tool_rounds=0) as fakes,
        a_model_desk(fakes, tmp_path, model_concurrency=limit) as scene,
    ):
        turnstile = with_turnstile(fakes)
        records = await asyncio.gather(*(scene.decide(symbol, timeout_seconds=60) for symbol in SYMBOLS))

    assert [record["symbol"] for record in records] == list(SYMBOLS)
    for record in records:
        assert record["degraded"] is False
        for role in ROLES:
            check_own(vote_of(record, role), "anthropic")
    assert len(fakes.asked("anthropic")) == len(SYMBOLS) * len(ROLES)
    assert 1 < turnstile.most <= limit
    assert limit > 3 or turnstile.most == limit


async def test_symbols_take_turns_so_that_none_waits_for_all_analysts_of_another(tmp_path):
    """All queue up behind a request that hangs; once it is gone, every round of twenty has each symbol once."""
    async with (
        FakeModels(tool_rounds=0) as fakes,
        a_model_desk(fakes, tmp_path, model_concurrency=1) as scene,
    ):
        fakes.fault("anthropic", "hang", match="FIRST")
        first = asyncio.create_task(scene.decide("FIRST", agents=["news_analyst"], timeout_seconds=120))
        await fakes.received(1)
        queue = gate_of(scene)._turns = Queue(len(SYMBOLS) * len(ROLES))
        others = [asyncio.create_task(scene.decide(symbol, timeout_seconds=120)) for symbol in SYMBOLS]
        await queue.is_full.wait()
        first.cancel()
        await asyncio.gather(first, *others, return_exceptions=True)
        asked = [symbol_of(each) for each in fakes.asked("anthropic")[1:]]

    rounds = [asked[start : start + len(SYMBOLS)] for start in range(0, len(asked), len(SYMBOLS))]
    assert [sorted(each) for each in rounds] == [list(SYMBOLS)] * len(ROLES)


async def test_who_gets_no_turn_in_time_is_told_apart_from_a_provider_that_fails(tmp_path):
    async with (
        FakeModels(latency_s=1.0, tool_rounds=0) as fakes,
        a_model_desk(fakes, tmp_path, model_concurrency=1) as scene,
    ):
        record, seconds = await scene.timed(timeout_seconds=2.5)
        state = scene.desk.models.guards["anthropic"].state

    kinds = [vote.get("error_kind") for vote in record["votes"]]
    assert seconds < 5
    assert (kinds.count(None) >= 1, kinds.count("rate_limited") >= 2, state) == (True, True, "closed")
    for vote in record["votes"]:
        if vote.get("error_kind") == "rate_limited":
            check_failed(vote, "anthropic", "rules", "rate_limited")
            assert "no free place before the deadline" in vote["reasoning"]


async def a_decision_stuck_in_its_second_turn(scene, provider):
    """Start deciding; return its id once every first turn is answered and every second one hangs."""
    scene.fakes.fault(provider, "hang", match=SECOND_TURN[provider])
    question = a_question()
    consensus_id = await scene.system.request_consensus(question.pop("symbol"), question)
    await scene.fakes.received(len(ROLES) + WITH_TOOLS)
    return consensus_id


async def spent(scene):
    return await scene.desk.store.spent_since(datetime.now(UTC) - timedelta(hours=1))


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_cancelled_consensus_asks_nothing_more_and_keeps_what_was_paid(tmp_path, provider):
    async with FakeModels() as fakes, a_model_desk(fakes, tmp_path, provider) as scene:
        fakes.clear()
        consensus_id = await a_decision_stuck_in_its_second_turn(scene, provider)
        ended = await scene.desk.coordinator.cancel_consensus(consensus_id)
        await fakes.settled()
        paid = await spent(scene)
        after = await scene.system.get_consensus_result(consensus_id)
        stored = await scene.desk.store.get(consensus_id)
        asked = asked_by_role(fakes, provider)

    assert (ended.status, after["status"], after["result"], stored) == ("cancelled", "cancelled", None, None)
    assert asked == {**dict.fromkeys(ROLES, 2), "news_analyst": 1}
    assert paid.tokens > 1_000
    assert (paid.dollars > 0) == (provider == "anthropic")


async def test_what_a_cancelled_consensus_was_answered_can_be_taken_again(tmp_path):
    async with FakeModels() as fakes, a_model_desk(fakes, tmp_path) as scene:
        await scene.desk.coordinator.cancel_consensus(await a_decision_stuck_in_its_second_turn(scene, "anthropic"))
    async with FakeModels() as fakes, a_model_desk(fakes, tmp_path, exchanges="replay-or-live") as scene:
        record = await scene.decide()

    assert record["degraded"] is False
    assert len(fakes.asked("anthropic")) == WITH_TOOLS
    assert all(SECOND_TURN["anthropic"] in str(each.body) for each in fakes.asked("anthropic"))
    assert "news_analyst" not in {role_of(each) for each in fakes.asked("anthropic")}


async def test_a_desk_that_stops_in_the_middle_asks_nothing_more_and_keeps_what_was_paid(tmp_path):
    async with FakeModels() as fakes:
        async with a_model_desk(fakes, tmp_path) as scene:
            await a_decision_stuck_in_its_second_turn(scene, "anthropic")
        await fakes.settled()
        asked = len(fakes.requests)
        async with a_model_desk(fakes, tmp_path) as scene:
            paid = await spent(scene)

    assert asked == len(ROLES) + WITH_TOOLS
    assert paid.tokens > 1_000
