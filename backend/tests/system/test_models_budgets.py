"""What models may cost: no request without room for it, rules where there is none, and a day that a restart keeps."""

import asyncio
from decimal import Decimal

import pytest

from app.testing.fake_models.server import FakeModels
from tests.system.model_desk_scene import (
    ROLES,
    a_model_desk,
    check_failed,
    check_own,
    decision_by_rules,
    outcome,
    vote_of,
)

UNPRICED = "claude-mythos-5-1"
TOO_LITTLE = [
    ({"budget_tokens_per_decision": 100}, "this decision, 100 tokens"),
    ({"budget_dollars_per_decision": 0.001}, "this decision, 0.001 dollars"),
    ({"budget_seconds_per_decision": 1}, "this decision, 1 seconds"),
    ({"budget_tokens_per_day": 100}, "today, 100 tokens"),
    ({"budget_dollars_per_day": 0.001}, "today, 0.001 dollars"),
    ({"budget_seconds_per_day": 1}, "today, 1 seconds"),
]


@pytest.fixture
async def fakes():
    async with FakeModels(tool_rounds=0) as running:
        yield running


def by_models(record):
    """The roles for which a model voted, each vote the model's own."""
    asked = [role for role in ROLES if vote_of(record, role)["source"] != "rules"]
    for role in asked:
        check_own(vote_of(record, role), "anthropic")
    return asked


def refused(record):
    """The roles for which no room was left, each vote by the rules and saying so."""
    left_out = [role for role in ROLES if vote_of(record, role)["source"] == "rules"]
    for role in left_out:
        check_failed(vote_of(record, role), "anthropic", "rules", "budget_spent")
        assert "budget of" in vote_of(record, role)["reasoning"]
    assert record["degraded_reasons"] == [f"rules_for_model:{role}_AAPL" for role in left_out]
    return left_out


@pytest.mark.parametrize(("limit", "words"), TOO_LITTLE)
async def test_without_room_for_a_single_request_the_rules_decide_and_say_why(tmp_path, fakes, limit, words):
    async with a_model_desk(fakes, tmp_path / "desk", **limit) as scene:
        record = await scene.decide()
        again = await scene.replayed(record)

    assert fakes.requests == []
    assert refused(record) == list(ROLES)
    assert all(f"The budget of {words}, leaves no room" in vote["reasoning"] for vote in record["votes"])
    assert record["panel"]["spent"] == {"requests": 0, "tokens": 0, "cost": "0"}
    assert outcome(record) == outcome(await decision_by_rules(tmp_path / "rules"))
    assert again["identical"]


async def test_without_room_and_without_rules_there_is_no_decision(tmp_path, fakes):
    async with a_model_desk(fakes, tmp_path, on_model_failure="abstain", budget_tokens_per_decision=100) as scene:
        record = await scene.decide()

    assert (record["final_recommendation"], record["status"]) == ("NO_DECISION", "no_votes")
    for role in ROLES:
        check_failed(vote_of(record, role), "anthropic", "abstain", "budget_spent")


@pytest.mark.parametrize(
    ("limit", "most"), [({"budget_tokens_per_decision": 9_000}, 9_000), ({"budget_dollars_per_decision": 0.08}, 0.08)]
)
async def test_where_there_is_room_for_some_they_are_asked_and_the_limit_holds(tmp_path, fakes, limit, most):
    async with a_model_desk(fakes, tmp_path, **limit) as scene:
        record, later = await scene.decide(), await scene.decide()

    asked = by_models(record)
    assert 0 < len(asked) < len(ROLES)
    assert sorted([*asked, *refused(record)]) == sorted(ROLES)
    spent = record["panel"]["spent"]
    assert 0 < (spent["tokens"] if most > 1 else float(spent["cost"])) <= most
    assert by_models(later) == asked
    assert len(fakes.asked("anthropic")) == 2 * len(asked)


async def test_time_that_may_be_taken_counts_before_it_is(tmp_path, fakes):
    """Each of those asked at once may take a second, so three seconds are enough for three."""
    async with a_model_desk(fakes, tmp_path, budget_seconds_per_decision=3, model_timeout_seconds=1) as scene:
        record = await scene.decide()

    assert (len(by_models(record)), len(refused(record)), len(fakes.asked("anthropic"))) == (3, 2, 3)


DAYS = [
    {"budget_tokens_per_day": 20_000},
    {"budget_dollars_per_day": 0.15},
    {"budget_seconds_per_day": 1, "model_timeout_seconds": 1},
]


@pytest.mark.parametrize("limit", DAYS, ids=["tokens", "dollars", "seconds"])
async def test_a_day_that_is_spent_stays_spent_over_a_restart(tmp_path, fakes, limit):
    async with a_model_desk(fakes, tmp_path / "desk", **limit) as scene:
        records = [await scene.decide()]
        while by_models(records[-1]):
            records.append(await scene.decide())
        spent = await scene.spent_today()
    fakes.clear()
    async with a_model_desk(fakes, tmp_path / "desk", **limit) as scene:
        after = await scene.decide()
        kept = await scene.spent_today()
    assert (by_models(records[0]) != [], fakes.requests) == (True, [])
    assert refused(records[-1]) == refused(after) == list(ROLES)
    assert "budget of today" in vote_of(after, "news_analyst")["reasoning"]
    assert (kept.tokens, kept.dollars) == (spent.tokens, spent.dollars)
    assert spent.tokens == sum(each["panel"]["spent"]["tokens"] for each in records)

    async with a_model_desk(fakes, tmp_path / "another", **limit) as scene:
        assert by_models(await scene.decide())


async def test_desks_on_one_store_share_the_day(tmp_path, fakes):
    limit = {"budget_tokens_per_day": 12_000}
    async with a_model_desk(fakes, tmp_path, **limit) as one, a_model_desk(fakes, tmp_path, **limit) as other:
        records = await asyncio.gather(one.decide("AAPL"), other.decide("AAPL"))
        spent = await one.spent_today()

    asked = sum(len(by_models(record)) for record in records)
    assert 0 < asked < len(ROLES)
    assert len(fakes.asked("anthropic")) == asked
    assert spent.tokens == sum(record["panel"]["spent"]["tokens"] for record in records) <= 12_000


async def test_a_request_that_is_broken_off_counts_as_what_it_may_have_cost(tmp_path, fakes):
    fakes.fault("anthropic", "hang")
    async with a_model_desk(fakes, tmp_path, budget_tokens_per_day=100_000) as scene:
        record = await scene.decide(timeout_seconds=2.5)
    async with a_model_desk(fakes, tmp_path, budget_tokens_per_day=100_000) as scene:
        spent = await scene.spent_today()

    assert record["panel"]["spent"]["tokens"] == 0
    assert spent.tokens > 1_000


async def test_a_price_nobody_knows_is_told_as_unknown_and_never_as_nothing(tmp_path, fakes):
    async with a_model_desk(fakes, tmp_path, anthropic_model=UNPRICED) as scene:
        record = await scene.decide()

    assert {vote["model"] for vote in record["votes"]} == {UNPRICED}
    assert record["panel"]["spent"]["cost"] is None
    assert record["panel"]["spent"]["tokens"] > 0


@pytest.mark.parametrize("limit", ["budget_dollars_per_decision", "budget_dollars_per_day"])
async def test_a_price_nobody_knows_is_not_paid_where_dollars_are_limited(tmp_path, fakes, limit):
    async with a_model_desk(fakes, tmp_path, anthropic_model=UNPRICED, **{limit: 1_000}) as scene:
        record = await scene.decide()

    assert fakes.requests == []
    for role in ROLES:
        check_failed(vote_of(record, role), "anthropic", "rules", "budget_spent")
        assert "The model's price is unknown" in vote_of(record, role)["reasoning"]


async def test_what_is_not_billed_needs_no_dollars(tmp_path, fakes):
    async with a_model_desk(fakes, tmp_path, "ollama", budget_dollars_per_decision=0.000001) as scene:
        record = await scene.decide()
        spent = await scene.spent_today()

    assert record["degraded"] is False
    assert (spent.dollars, spent.tokens) == (Decimal(0), record["panel"]["spent"]["tokens"])


async def test_a_repair_needs_room_too(tmp_path, fakes):
    """The first answer is paid and cannot be counted; there is no room to ask for a better one."""
    fakes.fault("anthropic", "out_of_range")
    async with a_model_desk(fakes, tmp_path, budget_tokens_per_decision=4_500) as scene:
        record = await scene.decide(agents=["news_analyst"])

    check_failed(vote_of(record, "news_analyst"), "anthropic", "rules", "budget_spent")
    assert (len(fakes.asked("anthropic")), record["panel"]["spent"]["requests"]) == (1, 1)
    assert 0 < record["panel"]["spent"]["tokens"] <= 4_500
