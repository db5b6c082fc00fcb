import asyncio

import pytest

from app.ai.model_panel.resolving import LOOK_AGAIN_S, Candidate, Found, Resolver
from app.domain.errors import InvalidInputError
from tests.unit.ai.model_panel.scenes import Listening, voice
from tests.unit.ai.providers.asked import StillClock

ROLES = ("market_analyst", "news_analyst")


class Shop:
    """A provider that may be open; `looks` counts who looked."""

    def __init__(self, name, is_open=True):
        self.name = name
        self.is_open = is_open
        self.looks = 0
        self.gate = None

    async def look(self):
        self.looks += 1
        if self.gate is not None:
            await self.gate.wait()
        if not self.is_open:
            return Found(None, f"{self.name} is closed")
        return Found(voice(Listening([], name=self.name), "usual", seed=7), f"{self.name} is open")

    def as_candidate(self):
        return Candidate(self.name, self.look)


class Street:
    """Two providers and who is chosen."""

    def __init__(self, choice="auto", by_role=None, **opened):
        self.clock = StillClock()
        self.shops = {name: Shop(name, opened.get(name, True)) for name in ("anthropic", "ollama")}
        candidates = [each.as_candidate() for each in self.shops.values()]
        self.searcher = voice(Listening([], name="perplexity"), "sonar")
        self.resolver = Resolver(candidates, choice, by_role or {}, ROLES, self.clock, gatherer=self.searcher)

    async def casting(self):
        return await self.resolver.casting()

    @property
    def looks(self):
        return [each.looks for each in self.shops.values()]


def lineages(casting):
    return {role: each.lineage for role, each in casting.voices.items()}


@pytest.mark.parametrize(
    ("opened", "chosen", "looks"),
    [
        ({}, "anthropic:usual", [1, 0]),
        ({"anthropic": False}, "ollama:usual", [1, 1]),
        ({"anthropic": False, "ollama": False}, None, [1, 1]),
    ],
)
async def test_auto_takes_the_first_that_is_there_and_looks_no_further(opened, chosen, looks):
    street = Street(**opened)
    casting = await street.casting()
    assert lineages(casting) == (dict.fromkeys(ROLES, chosen) if chosen else {})
    assert casting.told["choice"] == (chosen or "rules")
    assert street.looks == looks


async def test_how_the_choice_was_made_is_told():
    casting = await Street(anthropic=False).casting()
    assert casting.told == {
        "asked_for": "auto",
        "choice": "ollama:usual",
        "found": {"anthropic": "anthropic is closed", "ollama": "ollama is open"},
    }


async def test_a_provider_that_is_named_is_the_only_one_looked_for():
    street = Street("ollama")
    assert lineages(await street.casting()) == dict.fromkeys(ROLES, "ollama:usual")
    assert street.looks == [0, 1]


@pytest.mark.parametrize(("choice", "is_lacking"), [("ollama", True), ("auto", False), ("rules", False)])
async def test_only_a_model_that_was_asked_for_by_name_is_lacking(choice, is_lacking):
    casting = await Street(choice, anthropic=False, ollama=False).casting()
    assert (casting.voices, casting.is_lacking) == ({}, is_lacking)


async def test_rules_look_for_nobody():
    street = Street("rules")
    assert (await street.casting()).voices == {}
    assert street.looks == [0, 0]


async def test_who_finds_news_comes_with_models_alone():
    with_models, without = Street(), Street("rules")
    assert (await with_models.casting()).gatherer is with_models.searcher
    assert (await without.casting()).gatherer is None


# A model of its own for a role


async def test_a_role_may_have_a_model_of_its_own():
    street = Street(by_role={"news_analyst": "ollama:llama3.2:3b"})
    casting = await street.casting()
    assert lineages(casting) == {"market_analyst": "anthropic:usual", "news_analyst": "ollama:llama3.2:3b"}
    assert casting.voices["news_analyst"].options == {"seed": 7}
    assert casting.voices["news_analyst"].door.name == "ollama"


async def test_beside_rules_one_role_alone_may_have_a_model():
    casting = await Street("rules", by_role={"news_analyst": "ollama:small"}).casting()
    assert lineages(casting) == {"news_analyst": "ollama:small"}


async def test_a_provider_is_looked_for_once_however_many_roles_ask_for_it():
    street = Street(by_role={"market_analyst": "ollama:a", "news_analyst": "ollama:b"})
    assert lineages(await street.casting()) == {"market_analyst": "ollama:a", "news_analyst": "ollama:b"}
    assert street.looks == [1, 1]


@pytest.mark.parametrize(
    "by_role",
    [
        {"astrologer": "ollama:small"},
        {"news_analyst": "openai:gpt"},
        {"news_analyst": "ollama"},
        {"news_analyst": "ollama:"},
        {"news_analyst": ""},
    ],
)
def test_a_role_or_a_provider_that_does_not_exist_is_refused_at_once_with_those_that_do(by_role):
    with pytest.raises(InvalidInputError, match="roles market_analyst, news_analyst and providers anthropic, ollama"):
        Street(by_role=by_role)


@pytest.mark.parametrize("choice", ["auto", "anthropic", "rules"])
async def test_a_role_whose_own_model_is_away_follows_its_rules_and_that_is_a_lack(choice):
    casting = await Street(choice, by_role={"news_analyst": "ollama:small"}, ollama=False).casting()
    assert "news_analyst" not in casting.voices
    assert casting.is_lacking
    assert casting.told["found"]["ollama"] == "ollama is closed"


# Looking again


async def test_models_that_were_found_are_not_looked_for_again():
    street = Street()
    first = await street.casting()
    street.clock.seconds += 10 * LOOK_AGAIN_S
    assert await street.casting() is first
    assert street.looks == [1, 0]


async def test_where_there_was_no_model_one_is_looked_for_again_after_a_minute():
    street = Street(anthropic=False, ollama=False)
    first = await street.casting()
    street.shops["ollama"].is_open = True
    street.clock.seconds += LOOK_AGAIN_S - 0.1
    assert await street.casting() is first
    street.clock.seconds += 0.2
    assert lineages(await street.casting()) == dict.fromkeys(ROLES, "ollama:usual")
    assert street.looks == [2, 2]


async def test_a_model_that_a_role_lacks_is_looked_for_again_after_a_minute():
    street = Street(by_role={"news_analyst": "ollama:small"}, ollama=False)
    await street.casting()
    street.shops["ollama"].is_open = True
    street.clock.seconds += LOOK_AGAIN_S + 0.1
    assert lineages(await street.casting())["news_analyst"] == "ollama:small"


async def test_decisions_at_the_same_time_look_once():
    street = Street()
    shop = street.shops["anthropic"]
    shop.gate = asyncio.Event()
    asking = [asyncio.create_task(street.casting()) for _ in range(5)]
    while not shop.looks:
        await asyncio.wait(asking, timeout=0)
    shop.gate.set()
    found = await asyncio.gather(*asking)
    assert len({id(each) for each in found}) == 1
    assert street.looks == [1, 0]


async def test_looking_everywhere_tells_of_each_whatever_is_chosen():
    street = Street("rules", anthropic=False)
    assert {name: found.why for name, found in (await street.resolver.look_everywhere()).items()} == {
        "anthropic": "anthropic is closed",
        "ollama": "ollama is open",
    }
