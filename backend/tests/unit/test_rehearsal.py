import asyncio

from app.domain.identifiers import new_id
from app.domain.market import Bars
from app.domain.questions import Question
from app.domain.votes import SELL, Opinion
from app.ports.rehearsal import Vendor
from app.rehearsal import InMemoryRehearsal, settings_of
from app.testing.fake_models.server import FakeModels
from tests.builders import ScriptedAnalyst, bars, waves

BARS: Bars = bars(waves(200))


def a_question(**changes):
    return Question(symbol="AAPL", bars=BARS, decision_id=new_id(), **changes)


async def test_a_rehearsed_decision_comes_with_what_the_tools_answered():
    async with InMemoryRehearsal().desk() as desk:
        made = await desk.decide(a_question())
    assert {vote["agent_type"] for vote in made.record["votes"]} >= {"market_analyst", "risk_advisor"}
    assert {call["status"] for call in made.tool_calls} == {"success", "cached"}
    assert all(call["result"] for call in made.tool_calls)
    assert made.told == {}


async def test_no_decision_of_a_desk_knows_of_another():
    async with InMemoryRehearsal().desk() as desk:
        first, second = await desk.decide(a_question()), await desk.decide(a_question())
    assert first.record["sequence"] == second.record["sequence"] == 1


async def test_nothing_of_a_decision_is_left_running():
    before = asyncio.all_tasks()
    async with InMemoryRehearsal().desk() as desk:
        await desk.decide(a_question())
    assert asyncio.all_tasks() == before


async def test_the_analysts_handed_to_a_desk_sit_before_those_of_the_rehearsal():
    bear = {"bear": ScriptedAnalyst("bear", Opinion(SELL, 0.9, "It falls."))}
    async with InMemoryRehearsal({"other": ScriptedAnalyst("other")}).desk(bear) as desk:
        made = await desk.decide(a_question())
    assert [vote["agent_type"] for vote in made.record["votes"]] == ["bear"]


async def test_a_vendor_seats_its_models_and_what_they_were_told_is_kept():
    async with FakeModels() as fakes, InMemoryRehearsal().desk(vendor=_at(fakes)) as desk:
        made = await desk.decide(a_question(agents=("risk_advisor",)))
    (vote,) = made.record["votes"]
    assert vote["source"] == "anthropic"
    assert "return_over_bars" in made.told["risk_advisor_AAPL"]


def test_nothing_of_the_environment_reaches_a_stand_in(monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "PERPLEXITY_API_KEY"):
        monkeypatch.setenv(name, "a real key")
    monkeypatch.setenv("CONCLAVE_MODELS", "news_analyst=anthropic:other")
    settings = settings_of(Vendor("anthropic", "http://127.0.0.1:1", "made up"))
    assert settings.anthropic_api_key.get_secret_value() == "made up"
    assert (settings.perplexity_api_key, settings.models, settings.provider) == (None, {}, "anthropic")
    assert settings_of(Vendor("ollama", "http://127.0.0.1:1", "made up")).anthropic_api_key is None


def _at(fakes):
    return Vendor("anthropic", fakes.anthropic_url, fakes.key)
