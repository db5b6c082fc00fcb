from dataclasses import replace

import orjson
import pytest

from app import plugins
from app.ai.model_panel.model_analyst import ModelAnalyst
from app.ai.model_panel.request_keys import canonical_request
from app.ai.model_panel.seating import OFFERED, Casting, ModelSeating, restored, specs
from app.domain.errors import ProviderError
from app.domain.requests import read_request
from app.domain.votes import ABSTAIN
from app.events.intake import open_case, seats_of
from tests.builders import ScriptedAnalyst, request_fields
from tests.unit.ai.model_panel.scenes import LONG, Listening, archive, belt, said, tone, twin, voice, vote
from tests.unit.ai.providers.asked import StillClock

ROLES = plugins.names("analyst")
RULES = {role: twin(role) for role in ROLES}
TOLD = {"asked_for": "auto", "choice": "scripted:m-1", "found": {}}


class Chosen:
    """Resolves to what a test says; `times` counts who asked."""

    def __init__(self, voices=None, **others):
        self.casting = Casting(voices or {}, told=TOLD, **others)
        self.times = 0

    async def __call__(self):
        self.times += 1
        return self.casting


def everybody(door=None):
    return dict.fromkeys(ROLES, voice(door or Listening([])))


def seating(chosen, **others):
    return ModelSeating(others.pop("rules", RULES), chosen, archive(), StillClock(), **others)


async def seated(voices=None, mode=None, **others):
    chosen = Chosen(voices, **{name: others.pop(name) for name in ("gatherer", "is_lacking") if name in others})
    return await seating(chosen, mode=mode, **others).seats()


def models(seats):
    return {seat for seat, each in seats.analysts.items() if isinstance(each, ModelAnalyst)}


# Who sits


async def test_without_a_model_the_rules_sit():
    seats = await seated()
    assert (seats.analysts, seats.resolved["mode"], seats.flags) == (RULES, "rules", ())


async def test_where_there_is_a_model_its_twins_sit_beside_it():
    seats = await seated(everybody())
    assert list(seats.analysts) == [seat for role in ROLES for seat in (role, f"{role}_rules")]
    assert models(seats) == set(ROLES)
    assert [seats.analysts[f"{role}_rules"] for role in ROLES] == list(RULES.values())
    assert seats.resolved == {**TOLD, "mode": "hybrid"}


async def test_models_may_sit_alone():
    seats = await seated(everybody(), "models")
    assert list(seats.analysts) == list(ROLES)
    assert models(seats) == set(ROLES)


async def test_rules_may_sit_alone_and_then_nobody_looks_for_models():
    chosen = Chosen(everybody())
    seats = await seating(chosen, mode="rules").seats()
    assert (seats.analysts, dict(seats.resolved), seats.flags, chosen.times) == (RULES, {"mode": "rules"}, (), 0)


@pytest.mark.parametrize("mode", [None, "models", "hybrid"])
async def test_a_role_without_a_model_follows_its_rules(mode):
    seats = await seated({"risk_advisor": voice(Listening([]))}, mode)
    assert models(seats) == {"risk_advisor"}
    assert seats.analysts["market_analyst"] is RULES["market_analyst"]
    assert ("market_analyst_rules" in seats.analysts, "risk_advisor_rules" in seats.analysts) == (
        False,
        mode != "models",
    )


async def test_each_role_speaks_with_its_own_model():
    voices = {**everybody(), "risk_advisor": voice(Listening([], name="ollama"), "small")}
    seats = await seated(voices)
    assert seats.analysts["risk_advisor"].voice.lineage == "ollama:small"
    assert seats.analysts["market_analyst"].voice.lineage == "scripted:m-1"


@pytest.mark.parametrize("mode", [None, "models", "hybrid"])
async def test_an_analyst_whose_role_has_no_prompt_follows_its_rules(mode):
    rules = {"astrologer": ScriptedAnalyst("astrologer"), "risk_advisor": RULES["risk_advisor"]}
    seats = await seated(dict.fromkeys(rules, voice(Listening([]))), mode, rules=rules)
    assert models(seats) == {"risk_advisor"}
    assert seats.analysts["astrologer"] is rules["astrologer"]
    assert "astrologer_rules" not in seats.analysts


@pytest.mark.parametrize(
    ("mode", "voices", "is_lacking", "flags"),
    [
        (None, {}, False, ()),
        (None, {}, True, ("no_model",)),
        ("models", {}, False, ("no_model",)),
        ("hybrid", {}, False, ("no_model",)),
        ("models", {}, True, ("no_model",)),
        ("rules", {}, True, ()),
        ("hybrid", {"risk_advisor": voice(Listening([]))}, True, ("no_model",)),
        ("models", {"risk_advisor": voice(Listening([]))}, False, ()),
    ],
)
async def test_a_model_that_was_asked_for_and_is_not_there_is_flagged(mode, voices, is_lacking, flags):
    assert (await seated(voices, mode, is_lacking=is_lacking)).flags == flags


async def test_the_same_casting_is_seated_once_and_another_anew():
    chosen = Chosen(everybody())
    desk = seating(chosen)
    first = await desk.seats()
    assert await desk.seats() is first
    chosen.casting = Casting({}, told=TOLD)
    assert models(await desk.seats()) == set()


async def test_agents_are_named_by_seat_and_symbol():
    seats = await seated(everybody())
    question = read_request(request_fields(200, agents=["market_analyst"])).to_question()
    case = open_case(question, seats.analysts)
    assert list(case.seats) == ["market_analyst_AAPL", "market_analyst_rules_AAPL"]
    assert case.config.roster == ("market_analyst_AAPL", "market_analyst_rules_AAPL")


async def test_a_role_that_is_asked_for_means_model_and_twin():
    seats = await seated(everybody())
    assert seats_of(["risk_advisor"], seats.analysts) == ("risk_advisor", "risk_advisor_rules")


# When models fail


@pytest.mark.parametrize(
    ("mode", "on_failure", "stands_in"),
    [("hybrid", "rules", False), (None, "rules", False), ("models", "rules", True), ("models", "abstain", False)],
)
async def test_in_a_hybrid_panel_a_failed_model_abstains_for_its_twin_votes_anyway(mode, on_failure, stands_in):
    door = Listening(lambda _: (_ for _ in ()).throw(ProviderError("overloaded", "Busy.")))
    seats = await seated(everybody(door), mode, on_failure=on_failure)
    model = seats.analysts["market_analyst"]
    opinion = await model.analyse(LONG, belt(model))
    assert (opinion.source == "rules") == stands_in
    assert (opinion.decision == ABSTAIN) == (not stands_in)
    assert (opinion.degraded_from, opinion.error_kind) == ("scripted", "overloaded")


# Seated again


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("takes_both", [True, False])
async def test_who_is_seated_again_asks_the_very_same(role, takes_both):
    lines = [said("Enough."), said(tone() if role == "news_analyst" else vote())]
    lines = lines if not takes_both and role != "news_analyst" else lines[1:]
    door = Listening(lines, takes_tools_with_schema=takes_both)
    desk = seating(Chosen({role: voice(door, "m-9", temperature=0.5)}))
    model = (await desk.seats()).analysts[role]
    described = orjson.loads(orjson.dumps(desk.described(model)))
    again = desk.restored(described)
    first = await model.analyse(LONG, belt(model))
    asked = [canonical_request(each) for each in door.requests]

    listening = Listening(lines, takes_tools_with_schema=takes_both)
    again.voice = replace(again.voice, door=listening)
    assert await again.analyse(LONG, belt(again)) == first
    assert [canonical_request(each) for each in listening.requests] == asked
    assert again.described() == model.described()


async def test_who_finds_news_is_seated_again_too():
    search = voice(Listening([], name="perplexity"), "sonar", recency="week")
    desk = seating(Chosen(everybody(), gatherer=search))
    seats = await desk.seats()
    model = seats.analysts["news_analyst"]
    again = desk.restored(orjson.loads(orjson.dumps(desk.described(model))))
    assert again.gatherer.described() == model.gatherer.described()
    assert (again.gatherer.voice.lineage, again.gatherer.voice.options) == ("perplexity:sonar", {"recency": "week"})
    assert again.gatherer.prompt == model.gatherer.prompt
    assert [seat for seat, each in seats.analysts.items() if getattr(each, "gatherer", None)] == ["news_analyst"]


async def test_who_is_seated_again_has_nobody_to_ask():
    desk = seating(Chosen(everybody()))
    model = desk.restored(desk.described((await desk.seats()).analysts["market_analyst"]))
    opinion = await model.analyse(LONG, belt(model))
    assert (opinion.degraded_from, opinion.error_kind) == ("scripted", "not_recorded")


@pytest.mark.parametrize(
    "changed",
    [
        {"role": "astrologer"},
        {"prompts": {"desk@1.0.0": "", "vote@1.0.0": "", "market_analyst@9.9.9": ""}},
        {"prompts": {"market_analyst@1.0.0": ""}},
        {"prompts": {}},
        {"gatherer": {"provider": "perplexity", "model": "sonar", "prompt": "news_search@9.9.9"}},
    ],
)
async def test_who_played_a_role_or_read_a_prompt_that_is_gone_is_not_seated(changed):
    desk = seating(Chosen(everybody()))
    described = desk.described((await desk.seats()).analysts["market_analyst"])
    assert restored({**described, **changed}, RULES, archive(), StillClock()) is None


async def test_rules_need_no_description():
    desk = seating(Chosen(everybody()))
    seats = await desk.seats()
    assert desk.described(seats.analysts["market_analyst_rules"]) is None


# The rest


def test_tools_are_offered_in_one_order_and_those_that_are_not_here_are_left_out():
    assert [each.name for each in specs(OFFERED)] == list(OFFERED)
    assert [each.name for each in specs(("size_position", "nothing", "get_bars"))] == ["size_position", "get_bars"]
