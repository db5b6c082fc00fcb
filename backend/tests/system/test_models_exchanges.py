"""Exchanges with models: kept or not, and taken from those kept instead of asking."""

from pathlib import Path

import pytest

from app.testing.fake_models.server import FakeModels
from tests.builders import bars, waves
from tests.system.model_desk_scene import (
    LINEAGES,
    LLAMA,
    PROVIDERS,
    ROLES,
    a_model_desk,
    check_failed,
    check_own,
    decision_by_rules,
    opinions,
    outcome,
    vote_of,
)

ANOTHER_MARKET = {"market_data": bars([100 + place for place in waves(200)])}
NO_KEY = {"ANTHROPIC_API_KEY": None, "ollama_model": LLAMA}


async def recorded(fakes: FakeModels, home: Path, provider: str, **changes):
    """Return a decision that was made with the models, and forget what they were asked."""
    async with a_model_desk(fakes, home, provider, **changes) as scene:
        record = await scene.decide()
    assert fakes.asked(provider)
    fakes.clear()
    return record


def told(record):
    """The votes without the times they took."""
    return [{name: vote[name] for name in vote if name not in ("timestamp", "latency_ms")} for vote in record["votes"]]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_is_kept_lets_a_decision_be_made_again_without_the_models(tmp_path, fakes, provider):
    record = await recorded(fakes, tmp_path, provider)
    async with a_model_desk(fakes, tmp_path, provider) as scene:
        evidence = await scene.desk.store.evidence(record["decision_id"])
        again = await scene.replayed(record)
        verified = await scene.desk.coordinator.verify()

    assert len(evidence.exchanges) == record["panel"]["spent"]["requests"]
    assert (again["identical"], fakes.asked(provider), verified.problems) == (True, [], ())
    assert not any(fakes.key.encode() in each.request + each.response for each in evidence.exchanges)


async def test_where_nothing_is_kept_a_replay_says_which_votes_it_could_not_make_again(tmp_path, fakes):
    record = await recorded(fakes, tmp_path / "desk", "anthropic", exchanges="off")
    async with a_model_desk(fakes, tmp_path / "desk") as scene:
        evidence = await scene.desk.store.evidence(record["decision_id"])
        again = await scene.replayed(record)
    ruled = await decision_by_rules(tmp_path / "rules")

    assert (evidence.exchanges, fakes.requests, again["identical"]) == ((), [], False)
    differences = {each["what"]: each for each in again["differences"] if each["what"].startswith("vote:")}
    assert set(differences) == {f"vote:{role}_AAPL" for role in ROLES}
    for role in ROLES:
        difference = differences[f"vote:{role}_AAPL"]
        assert difference["recorded"]["source"] == "anthropic"
        check_failed(difference["recomputed"], "anthropic", "rules", "not_recorded", vote_of(ruled, role))
    assert not [each for each in again["differences"] if each["what"].startswith("decision:")]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_in_replay_nobody_is_asked_and_every_vote_is_the_one_that_was_kept(tmp_path, fakes, provider):
    record = await recorded(fakes, tmp_path, provider)
    async with a_model_desk(fakes, tmp_path, provider, exchanges="replay", **NO_KEY) as scene:
        again = await scene.decide()
        replayed = await scene.replayed(again)

    assert fakes.requests == []
    assert (told(again), outcome(again)) == (told(record), outcome(record))
    assert (again["degraded"], again["panel"]["choice"]) == (False, LINEAGES[provider])
    assert replayed["identical"]
    assert again["panel"]["spent"] == {"requests": 0, "tokens": 0, "cost": "0"}


async def test_in_replay_the_record_does_not_say_that_a_key_was_set_where_none_was(tmp_path, fakes):
    await recorded(fakes, tmp_path, "anthropic")
    async with a_model_desk(fakes, tmp_path, exchanges="replay", **NO_KEY) as scene:
        again = await scene.decide()

    assert again["panel"]["found"] == {"anthropic": "exchanges are replayed"}


@pytest.mark.parametrize("policy", ["rules", "abstain"])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_in_replay_a_question_that_was_never_asked_is_a_flagged_failure(tmp_path, fakes, provider, policy):
    await recorded(fakes, tmp_path, provider)
    changes = {"exchanges": "replay", "on_model_failure": policy, **NO_KEY}
    async with a_model_desk(fakes, tmp_path, provider, **changes) as scene:
        missed = await scene.decide(**ANOTHER_MARKET)

    assert fakes.requests == []
    reader = vote_of(missed, "news_analyst")
    for role in ROLES[:-1]:
        check_failed(vote_of(missed, role), provider, policy, "not_recorded")
    check_failed(reader, provider, policy, "not_recorded")
    flag = "failed" if policy == "abstain" else "rules_for_model"
    assert missed["degraded_reasons"] == [f"{flag}:{role}_AAPL" for role in ROLES]
    assert policy == "rules" or (missed["final_recommendation"], missed["status"]) == ("NO_DECISION", "no_votes")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_replay_or_live_asks_for_what_is_not_kept_and_for_nothing_else(tmp_path, fakes, provider):
    record = await recorded(fakes, tmp_path, provider)
    async with a_model_desk(fakes, tmp_path, provider, exchanges="replay-or-live") as scene:
        known = await scene.decide()
        assert fakes.asked(provider) == []
        fresh = await scene.decide(**ANOTHER_MARKET)
        asked = len(fakes.asked(provider))
        once_more = await scene.decide(**ANOTHER_MARKET)

    assert told(known) == told(record)
    for role in ROLES:
        check_own(vote_of(fresh, role), provider)
    assert (asked, len(fakes.asked(provider))) == (fresh["panel"]["spent"]["requests"], asked)
    assert opinions(once_more) == opinions(fresh)


async def test_what_was_asked_live_beside_a_replay_is_paid_for_and_the_day_remembers(tmp_path, fakes):
    limits = {"exchanges": "replay-or-live", "budget_dollars_per_day": 100}
    async with a_model_desk(fakes, tmp_path, **limits) as scene:
        live = await scene.decide()
        await scene.decide()
        spent = await scene.spent_today()
    async with a_model_desk(fakes, tmp_path, **limits) as scene:
        kept = await scene.spent_today()

    assert float(live["panel"]["spent"]["cost"]) == float(spent.dollars) > 0
    assert (kept.dollars, kept.tokens) == (spent.dollars, spent.tokens)
