"""The story of a user without a key: stand-ins in one terminal, the server in another, decisions, faults, replays.

Everything runs as real processes that find one another by the environment that `conclave fake-models` prints.
"""

import asyncio
import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from app.agent_system import AgentSystem
from app.ai.model_panel.live_check import check_live
from app.ai.prompts import catalogue
from app.config import Settings
from app.domain.completions import Completion, Usage
from app.domain.errors import InvalidInputError
from app.testing.fake_models.server import KEY, FakeModels
from tests.system.command_line import Ended, conclave
from tests.system.model_desk_processes import running
from tests.system.model_desk_scene import (
    LINEAGES,
    PROVIDERS,
    ROLES,
    a_model_desk,
    a_question,
    asked_by_role,
    counted_again,
    decision_by_rules,
    opinions,
    vote_of,
)

DESK_KEY = "desk-secret-4711"
ASKING = {"Authorization": f"Bearer {DESK_KEY}"}
MODES = ("models", "hybrid")
PROVIDER = {"models": "anthropic", "hybrid": "ollama"}
"""Between them the two stories go through both vendors."""


@dataclass
class Story:
    """What a user saw, from first to last."""

    mode: str
    well: dict[str, Any] = field(default_factory=dict)
    ill: dict[str, Any] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    heard_ill: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    panel: dict[str, Any] = field(default_factory=dict)
    health: dict[str, Any] = field(default_factory=dict)
    replays: list[dict[str, Any]] = field(default_factory=list)
    replayed: list[Ended] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    codes: list[int | None] = field(default_factory=list)
    kept: bytes = b""

    @property
    def provider(self) -> str:
        return PROVIDER[self.mode]

    @property
    def agents(self) -> set[str]:
        twins = {f"{role}_rules_AAPL" for role in ROLES} if self.mode == "hybrid" else set()
        return {f"{role}_AAPL" for role in ROLES} | twins


async def told(mode: str, home: Path) -> Story:
    """Live through the story."""
    story = Story(mode)
    async with running("fake-models", "--port", "0") as fakes:
        control = (await fakes.says("err", "ready on ")).split(". ")[0]
        await fakes.says("err", "Ctrl-C stops")
        await fakes.says("out", "export PERPLEXITY_API_KEY")  # the last; the two are read beside one another
        exported = dict(line.removeprefix("export ").split("=", 1) for line in fakes.out.splitlines())
        choice = {} if mode == "hybrid" else {"CONCLAVE_PANEL": mode}
        settings = {"CONCLAVE_PROVIDER": story.provider, "CONCLAVE_API_KEY": DESK_KEY, "LOG_LEVEL": "DEBUG", **choice}
        async with running("serve", "--port", "0", home=home, **exported, **settings) as server:
            url = (await server.says("err", "ready on ")).split()[0]
            async with httpx.AsyncClient(base_url=url, headers=ASKING, timeout=60) as client:
                await with_the_models(story, client, control, url)
                await fakes.stop()
                await without_them(story, client)
        for decision_id in (story.well["decision_id"], story.ill["decision_id"]):
            ended = await asyncio.to_thread(conclave, "replay", decision_id, "--json", home=home, **settings)
            story.replayed.append(ended)
        story.codes = [fakes.code, server.code]
        story.written = {"stand-ins": fakes.err, "server": server.out + server.err}
        story.written |= {f"replay {place}": ended.out + ended.err for place, ended in enumerate(story.replayed)}
        story.kept = b"".join([*files_of(home), *await kept_by(home, story)])
    return story


async def with_the_models(story: Story, client: httpx.AsyncClient, control: str, url: str) -> None:
    async with (
        connect(url.replace("http", "ws") + "/ws/agents", additional_headers=ASKING) as socket,
        httpx.AsyncClient(base_url=control) as stand_ins,
    ):
        story.well = await decided(client)
        story.heard = await until_decided(socket, story.well["decision_id"])
        story.asked = (await stand_ins.get("/_control")).json()["requests"]
        fault = await stand_ins.post("/_control/faults", json={"provider": story.provider, "fault": "status:529"})
        assert fault.status_code == 201
        story.ill = await decided(client)
        story.heard_ill = await until_decided(socket, story.ill["decision_id"])
        story.panel = (await client.get("/api/v1/agents")).json()
        story.health = (await client.get("/health")).json()


async def without_them(story: Story, client: httpx.AsyncClient) -> None:
    for record in (story.well, story.ill):
        answer = await client.get(f"/api/v1/decisions/{record['decision_id']}/replay")
        assert answer.status_code == 200
        story.replays.append(answer.json())


async def decided(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post("/api/v1/agents/analyze", json=a_question())
    assert answer.status_code == 200, answer.text
    return answer.json()


async def until_decided(socket: ClientConnection, decision_id: str) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while not is_result(heard[-1:], decision_id):
            heard.append(json.loads(await socket.recv()))
    return heard


def is_result(last: list[dict[str, Any]], decision_id: str) -> bool:
    data = last[0]["data"] if last else {}
    is_last = data.get("message_type") == "consensus_result"
    return is_last and data["payload"]["decision_id"] == decision_id


def files_of(home: Path) -> list[bytes]:
    return [path.read_bytes() for path in home.rglob("*") if path.is_file()]


async def kept_by(home: Path, story: Story) -> list[bytes]:
    """Evidence and exchanges as they are read, for they are packed on the disk."""
    kept: list[bytes] = []
    async with AgentSystem(Settings(home=home, panel="rules")) as system:
        store = (await system.start()).store
        for record in (story.well, story.ill):
            evidence = await store.evidence(record["decision_id"])
            assert evidence is not None
            kept.append(evidence.document)
            kept += [part for each in evidence.exchanges for part in (each.request, each.response)]
    return kept


@pytest.fixture(scope="module", params=MODES)
def story(request):
    with TemporaryDirectory() as home:
        return asyncio.run(told(request.param, Path(home)))


def of_type(heard, kind):
    return [each["data"] for each in heard if each["type"] == kind]


def test_five_models_vote_and_nothing_is_degraded(story):
    record = story.well

    assert {vote["agent_id"] for vote in record["votes"]} == story.agents
    assert (record["degraded"], record["degraded_reasons"], record["failures"]) == (False, [], [])
    for role in ROLES:
        vote = vote_of(record, role)
        assert (vote["source"], vote["lineage"]) == (story.provider, LINEAGES[story.provider])
        assert vote["prompt"] == catalogue.newest(role).reference
    again = counted_again(record)
    assert (again["decision"], again["tally"]) == (record["final_recommendation"], record["consensus"]["tally"])


def test_the_record_says_who_was_chosen_what_they_were_told_and_what_it_cost(story):
    panel = story.well["panel"]
    prompts = [catalogue.newest(name) for name in ("desk", "vote", *ROLES)]
    lineage = LINEAGES[story.provider]

    assert (panel["mode"], panel["asked_for"], panel["choice"]) == (story.mode, story.provider, lineage)
    assert panel["models"] == {f"{role}_AAPL": lineage for role in ROLES}
    assert panel["prompts"] == {each.reference: each.sha256 for each in prompts}
    (shared,) = panel["lineages"]
    assert (shared["lineage"], shared["r"], shared["decisions"]) == (lineage, 0.6, 0)
    assert 1 <= shared["n_eff"] <= shared["n"] <= len(ROLES)
    assert panel["spent"]["tokens"] > 1_000
    assert Decimal(panel["spent"]["cost"]) > 0 if story.provider == "anthropic" else panel["spent"]["cost"] is None


def test_as_many_requests_arrived_as_the_record_says_and_all_were_streamed_to_the_listener(story):
    asked = [each for each in story.asked if each["path"] in ("/v1/messages", "/api/chat")]

    assert len(asked) == story.well["panel"]["spent"]["requests"]
    assert "perplexity" not in {each["provider"] for each in story.asked}
    assert all((each["provider"], each["stream"], each["status"]) == (story.provider, True, 200) for each in asked)


def test_the_feed_tells_what_models_think_which_tools_they_use_and_how_they_vote(story):
    thoughts = of_type(story.heard, "agent_thinking")
    tools = of_type(story.heard, "tool_execution")
    votes = of_type(story.heard, "agent_decision")

    assert thoughts
    assert {each["agent_id"] for each in thoughts} <= {f"{role}_AAPL" for role in ROLES}
    assert all(each["text"] and each["decision_id"] == story.well["decision_id"] for each in thoughts)
    assert {each["agent_id"] for each in tools} >= {f"{role}_AAPL" for role in ROLES if role != "news_analyst"}
    assert {"get_bars", "compute_indicators"} <= {each["tool_name"] for each in tools}
    assert {each["agent_id"] for each in votes} == story.agents
    assert {each["source"] for each in votes} == {story.provider, "rules"} - ({"rules"} if len(votes) == 5 else set())


def test_a_fault_that_is_switched_on_shows_in_the_next_decision_and_on_the_feed(story):
    flag = "failed" if story.mode == "hybrid" else "rules_for_model"
    result = of_type(story.heard_ill, "agent_coordination")[-1]["payload"]

    assert story.ill["degraded_reasons"] == [f"{flag}:{role}_AAPL" for role in ROLES]
    assert (result["degraded"], result["degraded_reasons"]) == (True, story.ill["degraded_reasons"])
    for role in ROLES:
        vote = vote_of(story.ill, role)
        assert (vote["degraded_from"], vote["error_kind"]) == (story.provider, "overloaded")
    assert story.ill["panel"]["spent"]["requests"] <= 2 * len(ROLES)


def test_the_failed_panel_decides_what_the_rules_decide(story, tmp_path):
    ruled = asyncio.run(decision_by_rules(tmp_path))

    assert story.ill["final_recommendation"] == ruled["final_recommendation"]
    if story.mode == "models":
        assert opinions(story.ill) == opinions(ruled)


def test_the_panel_is_listed_with_its_models_and_health_tells_of_the_provider(story):
    assert (story.panel["models"]["mode"], story.panel["models"]["choice"]) == (story.mode, LINEAGES[story.provider])
    assert f"{story.provider} open" in story.health["component_health"]["models"]["detail"].split(", ")


def test_without_the_models_every_decision_is_made_again_the_same(story):
    assert [each["identical"] for each in story.replays] == [True, True]
    assert [each["differences"] for each in story.replays] == [[], []]


def test_the_command_line_makes_them_again_too(story):
    assert [ended.code for ended in story.replayed] == [0, 0]
    assert [ended.json() for ended in story.replayed] == story.replays


def test_everything_stops_when_told(story):
    assert story.codes == [0, 0]


@pytest.mark.parametrize("secret", [KEY, DESK_KEY])
def test_no_key_is_written_anywhere(story, secret):
    assert story.written["server"].count("decision made") == 2
    assert b"You sit on a panel of analysts" in story.kept
    for name, text in story.written.items():
        assert secret not in text, name
    assert secret.encode() not in story.kept
    seen = [story.well, story.ill, story.heard, story.heard_ill, story.panel, story.health, story.replays, story.asked]
    assert secret not in json.dumps(seen)


async def doctored(fakes: FakeModels, *options: str, **variables: str) -> Ended:
    with TemporaryDirectory() as home:
        told = {"ANTHROPIC_API_KEY": fakes.key, "ANTHROPIC_BASE_URL": fakes.anthropic_url, "COLUMNS": "250"}
        told |= {"OLLAMA_BASE_URL": fakes.ollama_url, **variables}
        return await asyncio.to_thread(conclave, "doctor", *options, home=Path(home), **told)


def line_of(ended: Ended, part: str) -> str:
    return next(line for line in ended.out.splitlines() if line.startswith(f"│ {part} "))


async def test_the_doctor_finds_every_model_and_tells_who_sits_without_asking_any():
    async with FakeModels() as fakes:
        ended = await doctored(fakes)

    assert (ended.code, fakes.asked("anthropic"), fakes.asked("ollama")) == (0, [], [])
    assert "ANTHROPIC_API_KEY is set" in line_of(ended, "anthropic")
    assert "Ollama answers and has llama3.2:latest" in line_of(ended, "ollama")
    assert "hybrid, by anthropic:claude-sonnet-5-5 (asked for: auto)" in line_of(ended, "panel")
    assert "round trip" not in ended.out
    assert fakes.key not in ended.out + ended.err


async def test_the_doctor_says_what_to_do_where_there_is_no_model():
    async with FakeModels() as fakes:
        fakes.fault("ollama", "drop", path="/api/tags")
        ended = await doctored(fakes, "--live", ANTHROPIC_API_KEY="")

    assert ended.code == 0
    assert "set ANTHROPIC_API_KEY" in line_of(ended, "anthropic")
    assert "pull a model with tools" in line_of(ended, "ollama")
    assert "there is no model to try" in line_of(ended, "live check")


@pytest.mark.parametrize(
    ("fault", "ill", "why"),
    [
        (None, (), ""),
        ("schema_ignored", ("schema",), "it ignores the schema"),
        ("bad_tool_arguments", ("tool",), "arguments that do not fit"),
        ("status:401", ("tool", "schema"), "authentication"),
    ],
)
async def test_the_doctor_tries_each_model_and_names_what_it_cannot_do(fault, ill, why):
    models = {"CONCLAVE_MODELS": "risk_advisor=ollama:llama3.2:latest"}
    async with FakeModels() as fakes:
        if fault:
            fakes.fault("anthropic", fault)
        ended = await doctored(fakes, "--live", **models)

    assert ended.code == (1 if ill else 0)
    for trip in ("tool", "schema"):
        line = line_of(ended, f"anthropic:claude-sonnet-5-5, {trip} round trip")
        assert ("problem" in line, why in line) == (True, True) if trip in ill else "worked" in line
        assert "worked" in line_of(ended, f"ollama:llama3.2:latest, {trip} round trip")
    assert fakes.key not in ended.out + ended.err
    assert asked_by_role(fakes, "anthropic").keys() == {""}


@pytest.mark.parametrize(("fault", "said"), [(None, "worked"), ("status:401", "authentication")])
async def test_the_doctor_has_news_searched_where_they_will_be(fault, said):
    async with FakeModels() as fakes:
        if fault:
            fakes.fault("perplexity", fault)
        searching = {"PERPLEXITY_API_KEY": fakes.key, "CONCLAVE_PERPLEXITY_URL": fakes.perplexity_url}
        ended = await doctored(fakes, "--live", **searching)

    assert ended.code == (1 if fault else 0)
    assert said in line_of(ended, "perplexity:sonar, search")
    assert fakes.key not in ended.out + ended.err


async def test_the_doctor_tries_the_model_that_hedges_too():
    async with FakeModels() as fakes:
        fakes.fault("anthropic", "status:404", match="claude-haiku-5-5")
        ended = await doctored(fakes, "--live", CONCLAVE_HEDGE_MODEL="anthropic:claude-haiku-5-5")

    assert ended.code == 1
    for trip in ("tool", "schema"):
        assert "worked" in line_of(ended, f"anthropic:claude-sonnet-5-5, {trip} round trip")
        assert "not_found" in line_of(ended, f"anthropic:claude-haiku-5-5, {trip} round trip")


@pytest.mark.parametrize(
    ("fault", "with_tool", "with_schema"),
    [
        ("status:503", "overloaded", "overloaded"),
        ("html", "invalid_response", "invalid_response"),
        ("unknown_tool", "a tool that it was not offered", None),
        ("bad_tool_arguments", "arguments that do not fit", None),
        ("schema_ignored", None, "it ignores the schema"),
        ("out_of_range", None, None),
    ],
)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_live_check_says_what_went_wrong(*, tmp_path, provider, fault, with_tool, with_schema):
    async with FakeModels() as fakes, a_model_desk(fakes, tmp_path, provider) as scene:
        fakes.fault(provider, fault)
        voice = (await scene.desk.models.resolver.casting()).voices["market_analyst"]
        checks = await check_live(voice, scene.desk.clock)

    for check, why in zip(checks, (with_tool, with_schema), strict=True):
        assert check.problem is None if why is None else why in check.problem


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ('{"decision": "HOLD", "confidence": 0.5}', None),
        ('{"decision": "HOLD", "confidence": "half"}', "does not follow the schema"),
        ('{"decision": "HOLD", "confidence": true}', "does not follow the schema"),
        ('{"decision": "WAIT", "confidence": 0.5}', "does not follow the schema"),
        ('["HOLD", 0.5]', "does not follow the schema"),
    ],
)
async def test_a_live_check_reads_the_answer_by_its_schema(tmp_path, answer, why):
    script = tmp_path / "answers.jsonl"
    said = [Completion(text, (), "end", Usage(), "script").as_dict() for text in ("Yes.", answer)]
    script.write_text("\n".join(json.dumps({"completion": each}) for each in said), encoding="utf-8")
    async with FakeModels() as fakes, a_model_desk(fakes, tmp_path, "scripted", script=script) as scene:
        voice = (await scene.desk.models.resolver.casting()).voices["market_analyst"]
        with_tool, check = await check_live(voice, scene.desk.clock)

    assert with_tool.problem == "it was offered a tool, told to use it, and did not"
    assert check.problem is None if why is None else why in check.problem


@pytest.mark.parametrize("name", ["nowhere.jsonl", "."])
async def test_a_script_that_cannot_be_read_is_told_of_at_the_start_and_by_the_doctor(tmp_path, name):
    script = tmp_path / name
    async with FakeModels() as fakes:
        with pytest.raises(InvalidInputError, match="CONCLAVE_SCRIPT"):
            async with a_model_desk(fakes, tmp_path / "home", "scripted", script=script):
                pass
        ended = await doctored(fakes, CONCLAVE_PROVIDER="scripted", CONCLAVE_SCRIPT=str(script))

    assert ended.code == 1
    assert "CONCLAVE_SCRIPT" in line_of(ended, "models")


async def test_a_desk_that_was_asked_for_a_model_it_lacks_says_so_in_every_decision(tmp_path):
    async with FakeModels() as fakes, a_model_desk(fakes, tmp_path, ANTHROPIC_API_KEY=None) as scene:
        record = await scene.decide()

    assert (record["degraded_reasons"], record["panel"]["choice"]) == (["no_model"], "rules")
    assert record["panel"]["found"] == {"anthropic": "ANTHROPIC_API_KEY is not set"}
    assert {vote["source"] for vote in record["votes"]} == {"rules"}
