"""Every fault of the vendors' stand-ins against a panel of models: what is voted, flagged, asked, and how long it took.

Two analysts sit, one with tools and one without, so that the circuit stays closed and every count is exact; what a
whole panel makes of an outage, with the circuit, stands below.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.testing.fake_models.fault_kinds import KINDS, STATUSES, STREAM_ONLY
from app.testing.fake_models.server import FakeModels
from tests.system.model_desk_scene import (
    LINEAGES,
    PAIR,
    PROVIDERS,
    ROLES,
    a_model_desk,
    asked_by_role,
    check_failed,
    check_own,
    counted_again,
    decision_by_rules,
    opinions,
    outcome,
    vote_of,
)

POLICIES = ("rules", "abstain")
HURRY_S = 2.5  # time enough to send a request on a machine that has other things to do
GRACE_S = 3.0  # of a machine that has other things to do; a hang that is not cut off takes far longer


@dataclass(frozen=True)
class Fate:
    """What becomes of the market analyst, who has tools, and of the news analyst, who has none.

    Args:
        kinds: error kind of each; None when the model's own vote counts.
        requests: how many of each arrive.
    """

    kinds: tuple[str | None, str | None]
    requests: tuple[int, int]


def both(kind: str, requests: int) -> Fate:
    return Fate((kind, kind), (requests, requests))


def of_answer(kind: str | None, claude: int, llama: int, news: int, news_kind: str | None = None) -> dict[str, Fate]:
    fates = {"anthropic": claude, "ollama": llama}
    return {provider: Fate((kind, news_kind), (tools, news)) for provider, tools in fates.items()}


SAME = {
    "status:400": both("bad_request", 1),
    "status:401": both("authentication", 1),
    "status:403": both("permission", 1),
    "status:404": both("not_found", 1),
    "status:408": both("timeout", 2),
    "status:409": both("bad_request", 1),
    "status:413": both("too_large", 1),
    "status:429": both("rate_limited", 2),
    "status:500": both("server_error", 2),
    "status:502": both("server_error", 2),
    "status:503": both("overloaded", 2),
    "status:529": both("overloaded", 2),
    "retry_after:900": both("rate_limited", 1),
    "retry_after:0.05": both("rate_limited", 2),
    "hang": both("timeout", 1),
    "drop": both("unreachable", 2),
    "html": both("invalid_response", 1),
    "empty_json": both("invalid_response", 1),
    "wrong_shape": both("invalid_response", 1),
    "huge": both("too_large", 1),
    "bad_json": both("invalid_response", 1),
    "cut": both("cut_short", 2),
    "cut:socket": both("cut_short", 2),
    "slow": both("timeout", 1),
}
# Claude gets tools and schema at once: one turn of tools, one answer, one repair. Llama has a turn more, for its schema
# comes in a request of its own; it has no word for a refusal, so that reads as an answer which is no vote.
OWN = {
    "schema_ignored": of_answer("invalid_vote", 3, 4, 2, "invalid_vote"),
    "out_of_range": of_answer("invalid_vote", 3, 4, 2, "invalid_vote"),
    "max_tokens": of_answer("invalid_vote", 2, 3, 2, "invalid_vote"),
    "bad_tool_arguments": of_answer(None, 2, 3, 1),
    "unknown_tool": of_answer(None, 2, 3, 1),
    "tool_loop": {"anthropic": Fate(("tool_limit", None), (6, 1)), "ollama": Fate((None, None), (5, 1))},
    "refusal": {"anthropic": both("refusal", 1), "ollama": Fate(("invalid_vote", "invalid_vote"), (3, 2))},
}
STREAMED = {
    **{fault: dict.fromkeys(PROVIDERS, SAME[fault]) for fault in ("slow", "drop", "bad_json", "cut", "cut:socket")},
    "schema_ignored": OWN["schema_ignored"],
    "tool_loop": OWN["tool_loop"],
    "stream_error": {"anthropic": both("overloaded", 2), "ollama": both("server_error", 2)},
    "blank_line": {"ollama": both("invalid_response", 1)},
}
WHOLE = {**{fault: dict.fromkeys(PROVIDERS, fate) for fault, fate in SAME.items()}, **OWN}
SLOW = ("hang", "slow")


def cases(table):
    return [(fault, provider) for fault, fates in table.items() for provider in fates]


def under_both_policies(table):
    """Every fault where the rules stand in; where the vote abstains, one fault of each fate."""
    first = {(provider, fate): fault for fault, fates in reversed(table.items()) for provider, fate in fates.items()}
    abstaining = [(fault, provider, "abstain") for (provider, _), fault in first.items()]
    return [*((fault, provider, "rules") for fault, provider in cases(table)), *abstaining]


@pytest.fixture(scope="module")
def by_rules():
    """What the rules alone decide."""

    async def prepared():
        with TemporaryDirectory() as home:
            return {agents: await decision_by_rules(Path(home), agents=list(agents)) for agents in (PAIR, ROLES)}

    return asyncio.run(prepared())


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr("app.ai.resilience.retrying.LONGEST_PAUSE_S", 0.05)


def deadline_of(fault):
    return HURRY_S if fault in SLOW else 20.0


async def decided_under(fault, fakes, home, provider, policy, **changes):
    """Return the record of two analysts, after checking that it came in time."""
    deadline_s = deadline_of(fault)
    fakes.fault(provider, fault)
    async with a_model_desk(fakes, home, provider, on_model_failure=policy, **changes) as scene:
        record, seconds = await scene.timed(agents=list(PAIR), timeout_seconds=deadline_s)
        again = await scene.replayed(record)
    assert seconds <= (deadline_s + GRACE_S if fault in SLOW else 5.0)
    assert again["identical"], again["differences"]
    return record


def check_record(record, provider, policy, fate, by_rules):
    """Votes, flags and the decision of two analysts."""
    failed = [role for role, kind in zip(PAIR, fate.kinds, strict=True) if kind]
    for role, kind in zip(PAIR, fate.kinds, strict=True):
        vote = vote_of(record, role)
        if kind is None:
            check_own(vote, provider)
        else:
            check_failed(vote, provider, policy, kind, vote_of(by_rules[PAIR], role))
    prefix = "failed" if policy == "abstain" else "rules_for_model"
    assert record["degraded_reasons"] == [f"{prefix}:{role}_AAPL" for role in failed]
    assert record["degraded"] == bool(failed)
    check_decision(record, policy, len(failed), by_rules)


def check_decision(record, policy, failed, by_rules):
    """All that failed and abstained is no decision, never a HOLD; all that failed by rules is the rules' decision."""
    if policy == "abstain" and failed == len(record["votes"]):
        assert (record["final_recommendation"], record["status"]) == ("NO_DECISION", "no_votes")
    elif policy == "rules" and failed == len(record["votes"]):
        assert outcome(record) == outcome(by_rules[tuple(vote["agent_type"] for vote in record["votes"])])
    again = counted_again(record)
    assert (again["decision"], again["status"]) == (record["final_recommendation"], record["status"])


def test_the_table_holds_every_fault_there_is():
    named = {fault.partition(":")[0] for fault in WHOLE} | {fault.partition(":")[0] for fault in STREAMED}

    assert named == set(KINDS)
    assert {f"status:{status}" for status in STATUSES} <= set(SAME)
    assert set(STREAMED) >= STREAM_ONLY


@pytest.mark.parametrize(("fault", "provider", "policy"), under_both_policies(WHOLE))
async def test_a_fault_is_told_for_what_it_is_and_costs_no_more_requests_than_it_must(
    *, tmp_path, by_rules, fakes, fault, provider, policy
):
    fate = WHOLE[fault][provider]
    record = await decided_under(fault, fakes, tmp_path, provider, policy)

    check_record(record, provider, policy, fate, by_rules)
    assert asked_by_role(fakes, provider) == Counter(dict(zip(PAIR, fate.requests, strict=True)))


@pytest.mark.parametrize(("fault", "provider"), cases(STREAMED))
async def test_a_fault_of_a_stream_is_told_like_that_of_a_whole_answer(tmp_path, by_rules, fakes, fault, provider):
    fate = STREAMED[fault][provider]
    record = await decided_under(fault, fakes, tmp_path, provider, "rules", listening=True)

    check_record(record, provider, "rules", fate, by_rules)
    assert asked_by_role(fakes, provider) == Counter(dict(zip(PAIR, fate.requests, strict=True)))
    assert all(each.stream for each in fakes.asked(provider))


@pytest.mark.parametrize("fault", ["status:503", "hang", "schema_ignored", "refusal"])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_beside_a_model_that_fails_its_twin_decides(tmp_path, by_rules, fakes, fault, provider):
    record = await decided_under(fault, fakes, tmp_path, provider, "rules", panel="hybrid")

    for role, kind in zip(PAIR, WHOLE[fault][provider].kinds, strict=True):
        check_failed(vote_of(record, role), provider, "abstain", kind)
        assert vote_of(record, f"{role}_rules").keys().isdisjoint({"degraded_from", "error_kind"})
    ruled = {
        f"{role}_rules_AAPL": opinion for role, opinion in zip(PAIR, opinions(by_rules[PAIR]).values(), strict=True)
    }
    assert {name: each for name, each in opinions(record).items() if "_rules_" in name} == ruled
    assert record["degraded_reasons"] == [f"failed:{role}_AAPL" for role in PAIR]
    assert outcome(record) == outcome(by_rules[PAIR])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("fault", ["status:503", "status:401", "hang"])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_total_outage_costs_a_whole_panel_two_requests_each_at_most(
    *, tmp_path, by_rules, fakes, fault, provider, policy
):
    deadline_s = deadline_of(fault)
    fakes.fault(provider, fault)
    async with a_model_desk(fakes, tmp_path, provider, on_model_failure=policy) as scene:
        record, seconds = await scene.timed(timeout_seconds=deadline_s)
    asked = asked_by_role(fakes, provider)

    assert seconds <= (deadline_s + GRACE_S if fault in SLOW else 5.0)
    assert set(asked) == set(ROLES)
    assert max(asked.values()) <= 2
    assert len(record["votes"]) == len(record["degraded_reasons"]) == len(ROLES)
    for role in ROLES:
        check_failed(vote_of(record, role), provider, policy, SAME[fault].kinds[0], vote_of(by_rules[ROLES], role))
    check_decision(record, policy, len(ROLES), by_rules)


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_provider_that_failed_five_times_is_not_asked_in_the_next_decision(tmp_path, by_rules, fakes, policy):
    fakes.fault("anthropic", "status:503")
    async with a_model_desk(fakes, tmp_path, on_model_failure=policy) as scene:
        await scene.decide()
        before = len(fakes.requests)
        fakes.clear()
        record = await scene.decide()
        state = scene.desk.models.guards["anthropic"].state

    assert before <= 2 * len(ROLES)
    assert (state, fakes.requests) == ("open", [])
    for role in ROLES:
        check_failed(vote_of(record, role), "anthropic", policy, "circuit_open", vote_of(by_rules[ROLES], role))
    check_decision(record, policy, len(ROLES), by_rules)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_request_that_hangs_is_given_up_in_time_to_ask_once_more(tmp_path, fakes, provider):
    fakes.fault(provider, "hang", times=1)
    async with a_model_desk(fakes, tmp_path, provider, model_timeout_seconds=1.5) as scene:
        record, seconds = await scene.timed(agents=["news_analyst"], timeout_seconds=20)

    check_own(vote_of(record, "news_analyst"), provider)
    assert (len(fakes.asked(provider)), seconds < 10) == (2, True)


PASSING = ("status:408", "status:429", "status:500", "status:529", "drop", "cut")
REPAIRED = ("schema_ignored", "out_of_range", "max_tokens")


@pytest.mark.parametrize("fault", [*PASSING, "retry_after:0.05", *REPAIRED])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_fault_that_clears_costs_one_request_more_and_the_vote_is_the_models_own(tmp_path, fault, provider):
    """A bad answer is one that counts: what Llama says before it is given the schema does not."""
    async with FakeModels(tool_rounds=0) as fakes:
        async with a_model_desk(fakes, tmp_path / "well", provider) as scene:
            well = await scene.decide(agents=list(PAIR))
        usual = len(fakes.asked(provider))
        fakes.clear()
        fakes.fault(provider, fault, times=1, match='"format":{' if fault in REPAIRED else None)
        async with a_model_desk(fakes, tmp_path / "ill", provider) as scene:
            record = await scene.decide(agents=list(PAIR))
        asked = len(fakes.asked(provider))

    for role in PAIR:
        check_own(vote_of(record, role), provider)
    assert (record["degraded_reasons"], opinions(record)) == ([], opinions(well))
    assert asked == usual + 1


@pytest.mark.parametrize("fault", ["status:500", "hang", "drop", "html", "empty_json"])
async def test_an_ollama_that_does_not_list_its_models_is_told_and_not_asked(tmp_path, by_rules, fakes, fault):
    fakes.fault("ollama", fault, path="/api/tags")
    async with a_model_desk(fakes, tmp_path, "ollama", detection_s=0.3) as scene:
        record = await scene.decide()

    assert fakes.asked("ollama") == []
    assert record["degraded_reasons"] == ["no_model"]
    assert record["panel"]["choice"] == "rules"
    assert "does not list its models" in record["panel"]["found"]["ollama"]
    assert outcome(record) == outcome(by_rules[ROLES])


@pytest.mark.parametrize(
    ("model", "why"), [("gemma2:2b", "cannot use tools"), ("llama9:latest", "does not have the model")]
)
async def test_an_ollama_without_the_model_that_is_wanted_is_told_and_not_asked(tmp_path, fakes, model, why):
    async with a_model_desk(fakes, tmp_path, "ollama", ollama_model=model) as scene:
        record = await scene.decide()

    assert fakes.asked("ollama") == []
    assert record["degraded_reasons"] == ["no_model"]
    assert why in record["panel"]["found"]["ollama"]


async def test_auto_takes_whoever_is_there_and_flags_nothing_where_nobody_is(tmp_path, fakes):
    async with a_model_desk(fakes, tmp_path / "local", "auto", panel=None, ANTHROPIC_API_KEY=None) as scene:
        local = await scene.decide()
    fakes.fault("ollama", "drop", path="/api/tags")
    async with a_model_desk(fakes, tmp_path / "nobody", "auto", panel=None, ANTHROPIC_API_KEY=None) as scene:
        nobody = await scene.decide()

    assert (local["panel"]["mode"], local["panel"]["choice"]) == ("hybrid", LINEAGES["ollama"])
    assert (nobody["panel"]["mode"], nobody["panel"]["choice"]) == ("rules", "rules")
    assert nobody["degraded"] is False
