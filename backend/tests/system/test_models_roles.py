"""Which model plays which role, and who looks for news where the caller brings none."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from app.domain.errors import InvalidInputError
from tests.builders import bars, waves
from tests.system.model_desk_scene import (
    CLAUDE,
    LINEAGES,
    LLAMA,
    PROVIDERS,
    ROLES,
    a_model_desk,
    asked_by_role,
    check_own,
    role_of,
    vote_of,
)

SEARCH_KEY = {"PERPLEXITY_API_KEY": "fake-key"}
NEWS = "news_analyst"


def of_today(**changes):
    """A question about bars that end now, without news."""
    start = datetime.now(UTC) - timedelta(days=200)
    return {"market_data": bars(waves(200), start=start), "news": None, **changes}


async def test_a_role_may_have_a_model_of_another_vendor(tmp_path, fakes):
    own = {"risk_advisor": LINEAGES["ollama"], NEWS: "anthropic:claude-haiku-5-5"}
    async with a_model_desk(fakes, tmp_path, models=own) as scene:
        record = await scene.decide()
        again = await scene.replayed(record)

    lineages = {role: vote_of(record, role)["lineage"] for role in ROLES}
    assert lineages == {**dict.fromkeys(ROLES, LINEAGES["anthropic"]), **own}
    assert record["panel"]["models"] == {f"{role}_AAPL": lineage for role, lineage in lineages.items()}
    assert [(each["lineage"], each["n"]) for each in record["panel"]["lineages"]] == [(LINEAGES["anthropic"], 3)]
    weights = record["consensus"]["config"]["weights"]
    assert set(weights) == {f"{role}_AAPL" for role in ROLES} - {"risk_advisor_AAPL", "news_analyst_AAPL"}
    assert set(asked_by_role(fakes, "ollama")) == {"risk_advisor"}
    assert set(asked_by_role(fakes, "anthropic")) == set(ROLES) - {"risk_advisor"}
    assert {each.model for each in fakes.asked("anthropic") if role_of(each) == NEWS} == {"claude-haiku-5-5"}
    assert {each.model for each in fakes.asked("anthropic") if role_of(each) != NEWS} == {CLAUDE}
    assert record["panel"]["found"].keys() == set(PROVIDERS)
    assert again["identical"]


async def test_the_fault_of_one_vendor_leaves_the_roles_of_the_other_alone(tmp_path, fakes):
    fakes.fault("ollama", "status:503")
    async with a_model_desk(fakes, tmp_path, models={"risk_advisor": LINEAGES["ollama"]}) as scene:
        record = await scene.decide()

    assert record["degraded_reasons"] == ["rules_for_model:risk_advisor_AAPL"]
    for role in set(ROLES) - {"risk_advisor"}:
        check_own(vote_of(record, role), "anthropic")


async def test_one_role_alone_may_have_a_model_beside_rules(tmp_path, fakes):
    own = {NEWS: LINEAGES["ollama"]}
    async with a_model_desk(fakes, tmp_path, "rules", panel=None, models=own) as scene:
        record = await scene.decide()

    assert {vote["agent_id"] for vote in record["votes"]} == {*(f"{role}_AAPL" for role in ROLES), f"{NEWS}_rules_AAPL"}
    assert [vote["agent_id"] for vote in record["votes"] if vote["source"] != "rules"] == [f"{NEWS}_AAPL"]
    assert set(asked_by_role(fakes, "ollama")) == {NEWS}


@pytest.mark.parametrize(
    ("model", "flag"), [(LLAMA, "no_model"), ("nobody:latest", "rules_for_model:risk_advisor_AAPL")]
)
async def test_a_role_whose_own_model_is_away_follows_its_rules_and_that_is_flagged(tmp_path, fakes, model, flag):
    if flag == "no_model":
        fakes.fault("ollama", "drop", path="/api/tags")
    async with a_model_desk(fakes, tmp_path, models={"risk_advisor": f"ollama:{model}"}) as scene:
        record = await scene.decide()

    assert record["degraded_reasons"] == [flag]
    assert vote_of(record, "risk_advisor")["source"] == "rules"
    for role in set(ROLES) - {"risk_advisor"}:
        check_own(vote_of(record, role), "anthropic")


@pytest.mark.parametrize("own", [{"oracle": f"ollama:{LLAMA}"}, {"risk_advisor": "openai:gpt"}, {NEWS: "ollama:"}])
async def test_a_role_or_a_provider_that_does_not_exist_keeps_the_desk_from_starting(tmp_path, fakes, own):
    with pytest.raises(InvalidInputError, match="CONCLAVE_MODELS"):
        async with a_model_desk(fakes, tmp_path, models=own):
            pass


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_news_is_searched_where_none_was_brought_and_the_question_is_of_now(tmp_path, fakes, provider):
    async with a_model_desk(fakes, tmp_path, provider, **SEARCH_KEY) as scene:
        record = await scene.decide(**of_today())
        evidence = await scene.desk.store.evidence(record["decision_id"])
        again = await scene.replayed(record)

    (search,) = fakes.asked("perplexity")
    assert "AAPL" in search.body["messages"][-1]["content"]
    assert (record["failures"], record["not_applicable"]) == ([], [])
    check_own(vote_of(record, NEWS), provider)
    assert {vote["source"] for vote in record["votes"]} == {provider}
    assert len(record["votes"]) == len(ROLES)
    assert "perplexity" not in orjson.dumps(record["panel"]["models"]).decode()
    assert (again["identical"], len(fakes.asked("perplexity"))) == (True, 1)
    assert any(b"news.example.com" in each.response for each in evidence.exchanges)
    assert not any(b"fake-key" in each.request + each.response for each in evidence.exchanges)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_was_found_is_quoted_with_its_sources_to_the_news_analyst_alone(tmp_path, fakes, provider):
    async with a_model_desk(fakes, tmp_path, provider, **SEARCH_KEY) as scene:
        await scene.decide(**of_today())

    told = {
        role: [orjson.dumps(each.body).decode() for each in fakes.asked(provider) if role_of(each) == role]
        for role in ROLES
    }
    for site in ("news.example.com", "filings.example.org", "markets.example.net"):
        assert all(site in each for each in told[NEWS])
        assert not any(site in each for role in ROLES if role != NEWS for each in told[role])
    for number in (1, 2, 3):
        assert all(f"Made-up article {number} about" in each for each in told[NEWS])
    assert all("What the search reports" in each for each in told[NEWS])


@pytest.mark.parametrize(
    "changes", [{"as_of": "2024-07-19T00:00:00Z"}, {"news": [{"timestamp": "2024-07-10", "source": "A", "title": "B"}]}]
)
async def test_nobody_searches_for_the_past_nor_beside_news_that_was_brought(tmp_path, fakes, changes):
    async with a_model_desk(fakes, tmp_path, **SEARCH_KEY) as scene:
        record = await scene.decide(**{"news": None, **changes})

    assert fakes.asked("perplexity") == []
    was_asked = [vote["agent_id"] for vote in record["votes"] if vote["agent_type"] == NEWS]
    left_out = [each["agent_id"] for each in record["not_applicable"]]
    assert (was_asked, left_out) == (
        (["news_analyst_AAPL"], []) if changes.get("news") else ([], ["news_analyst_AAPL"])
    )


@pytest.mark.parametrize("fault", ["status:503", "html", "status:401", "hang"])
async def test_a_search_that_fails_costs_the_vote_on_news_and_nothing_else(tmp_path, fakes, fault):
    fakes.fault("perplexity", fault)
    async with a_model_desk(fakes, tmp_path, model_timeout_seconds=1.5, **SEARCH_KEY) as scene:
        record = await scene.decide(**of_today(timeout_seconds=5))
        again = await scene.replayed(record)

    vote = vote_of(record, NEWS)
    assert (vote["decision"], record["degraded_reasons"]) == ("ABSTAIN", ["failed:news_analyst_AAPL"])
    assert "Perplexity" in vote["reasoning"]
    assert len(fakes.asked("perplexity")) <= 2
    assert NEWS not in asked_by_role(fakes, "anthropic")
    for role in set(ROLES) - {NEWS}:
        check_own(vote_of(record, role), "anthropic")
    assert again["identical"]
