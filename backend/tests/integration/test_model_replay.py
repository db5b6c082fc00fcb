"""A decision that models took part in can be made again to the byte, and nobody is asked for it."""

import shutil
import sqlite3
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ai.model_panel.seating import specs
from app.ai.prompts import catalogue
from app.ai.providers.replay import ReplayProvider
from app.domain.completions import Citation
from app.domain.errors import ProviderError, RecordCorruptError
from app.domain.times import from_micros
from app.domain.votes import ABSTAIN
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.events.record import is_as_written
from app.storage.embedded_database import EmbeddedDatabase
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.builders import EndlessAnalyst, ScriptedAnalyst
from tests.unit.ai.model_panel.scenes import Listening, Silent, archive, said, tone, voice, vote, wants
from tests.unit.ai.providers.asked import StillClock
from tests.unit.events.panels import ROLES, answers, by_agent, decided, desk, evidence_of, question

BUSY = ProviderError("overloaded", "The model has no room now.")
BARS = ("get_bars", {"count": 3})
VENDORS = {"anthropic": True, "ollama": False}


def everybody(line):
    return dict.fromkeys(ROLES, line)


def together_or_apart(takes_both, *lines):
    """Lines of one talk; in two phases words without a schema come before the vote."""
    return list(lines) if takes_both else [*lines[:-1], said("I have seen enough."), lines[-1]]


SCENES = {
    "votes": lambda takes_both: {},
    "a round of tools": lambda takes_both: {
        role: together_or_apart(
            takes_both, wants(BARS, ("assess_risk", {})), wants(("get_position", {})), said(vote("SELL"))
        )
        for role in ROLES
        if role != "news_analyst"
    },
    "tools that refuse": lambda takes_both: {
        "market_analyst": together_or_apart(
            takes_both, wants(("get_bars", {"count": -1}), ("score_news", {}), ("nothing", {})), said(vote())
        )
    },
    "a repair": lambda takes_both: {
        "risk_advisor": [*together_or_apart(takes_both, said(vote(confidence=85))), said(vote())]
    },
    "two answers that cannot be counted": lambda takes_both: {
        "risk_advisor": [*together_or_apart(takes_both, said("BUY!")), said("BUY!!")]
    },
    "an answer cut off": lambda takes_both: {
        "risk_advisor": [*together_or_apart(takes_both, said(vote(), stop="length")), said(vote())]
    },
    "no end of tools": lambda takes_both: {"risk_advisor": [wants(BARS)] * 6},
    "a provider that fails": lambda takes_both: {"risk_advisor": BUSY, "news_analyst": BUSY},
    "a provider that fails later": lambda takes_both: {"risk_advisor": [wants(BARS), BUSY]},
    "a provider that fails for all": lambda takes_both: everybody(BUSY),
    "abstentions": lambda takes_both: {
        "risk_advisor": together_or_apart(takes_both, said(vote(ABSTAIN, None))),
        "market_analyst": together_or_apart(takes_both, said(vote(ABSTAIN, 0.3))),
    },
}


def opened(path):
    return SqlDecisionStore(EmbeddedDatabase(path))


@pytest.fixture
async def store(tmp_path):
    store = opened(tmp_path / "conclave.db")
    await store.open()
    yield store
    await store.close()


def nobody():
    """A door behind which nobody may be asked."""

    def refuse(request):
        raise AssertionError("a model was asked")

    return Listening(refuse)


async def made_again(store, record, **others):
    """Replay at another desk over the same store."""
    async with desk(others.pop("door", nobody()), store=store, **others) as coordinator:
        return (await coordinator.replay(record["decision_id"])).as_dict()


def differences(replayed):
    return [each["what"] for each in replayed["differences"]]


@pytest.mark.parametrize("mode", ["models", "hybrid"])
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("scene", SCENES)
async def test_whatever_models_said_the_decision_is_made_again_to_the_byte(store, scene, vendor, mode):
    takes_both = VENDORS[vendor]
    door = Listening(answers(**SCENES[scene](takes_both)), vendor, takes_both)
    async with desk(door, mode, store) as coordinator:
        record = await decided(coordinator)
        assert (await coordinator.verify()).problems == ()
    asked = len(door.requests)
    assert asked
    assert await made_again(store, record) == {
        "decision_id": record["decision_id"],
        "identical": True,
        "differences": [],
        "engine_changed": False,
    }
    assert len(door.requests) == asked


@pytest.mark.parametrize("on_failure", ["rules", "abstain"])
async def test_whoever_stood_in_stands_in_again(store, on_failure):
    door = Listening(answers(market_analyst=BUSY, risk_advisor=[said("?"), said("?")]))
    async with desk(door, "models", store, on_failure=on_failure) as coordinator:
        record = await decided(coordinator)
    assert (by_agent(record)["risk_advisor"]["decision"] == ABSTAIN) == (on_failure == "abstain")
    assert (await made_again(store, record))["identical"]


async def test_who_was_cut_off_at_the_deadline_is_not_tried_again(store):
    class Slow(Silent):
        async def complete(self, request, inquiry):
            if request.prompt.startswith(("risk_advisor@", "news_analyst@")):
                return await super().complete(request, inquiry)
            return said(vote())

    async with desk(Slow(), "models", store) as coordinator:
        record = await decided(coordinator, timeout_seconds=1.0)
    assert record["missing"] == ["news_analyst_AAPL", "risk_advisor_AAPL"]
    assert (await made_again(store, record))["identical"]


async def test_who_was_not_waited_for_is_not_tried_again(store):
    rules = {"market_analyst": ScriptedAnalyst("market_analyst"), "slow": EndlessAnalyst("slow")}
    async with desk(Listening(answers()), "models", store, rules=rules) as coordinator:
        record = await decided(coordinator, timeout_seconds=1.0)
    assert record["missing"] == ["slow_AAPL"]
    assert (await made_again(store, record, rules=rules))["identical"]


async def test_news_that_was_searched_is_not_searched_again(store):
    now = from_micros(question().bars.ends_at)
    sources = (
        Citation("Story", "https://wire.example/a", now.isoformat()),
        Citation("Later", "https://x.example", "2031-01-01"),
    )
    search = Listening([said("Profit rose.", citations=sources)], "perplexity", False)
    door = Listening(answers())
    async with desk(door, "models", store, gatherer=voice(search, "sonar"), clock=StillClock(now=now)) as coordinator:
        record = await decided(coordinator, news=[])
    assert by_agent(record)["news_analyst"]["source"] == "scripted"
    assert len(search.requests) == 1
    replayed = await made_again(store, record)
    assert replayed["identical"], replayed["differences"]
    assert len(search.requests) == 1


async def test_a_restart_changes_nothing(tmp_path):
    path = tmp_path / "conclave.db"
    store = opened(path)
    await store.open()
    lines = [wants(BARS), said(vote())]
    async with desk(Listening(answers(market_analyst=lines)), "hybrid", store) as coordinator:
        record = await decided(coordinator)
    await store.close()

    again = opened(path)
    await again.open()
    assert (await made_again(again, record))["identical"]
    await again.close()


async def test_an_answer_that_took_a_retry_and_could_not_be_counted_is_not_repaired_in_the_replay_either(store):
    class Retrying(Listening):
        async def complete(self, request, inquiry):
            inquiry.failed_requests += 1
            return await super().complete(request, inquiry)

    rules = {"market_analyst": ScriptedAnalyst("market_analyst")}
    async with desk(Retrying([said("BUY!")]), "models", store, rules=rules) as coordinator:
        record = await decided(coordinator)
    assert by_agent(record)["market_analyst"]["error_kind"] == "invalid_vote"
    assert (await made_again(store, record, rules=rules))["identical"]


async def test_whoever_stood_in_for_a_slow_model_is_told_of_and_is_no_failure(store):
    class Hedged(Listening):
        async def complete(self, request, inquiry):
            inquiry.spared_requests += 1
            return replace(await super().complete(request, inquiry), stand_in="m-2")

    rules = {"market_analyst": ScriptedAnalyst("market_analyst")}
    async with desk(Hedged([said("BUY!"), said(vote())]), "models", store, rules=rules) as coordinator:
        record = await decided(coordinator)
    cast = by_agent(record)["market_analyst"]
    assert (cast["decision"], cast["model"], cast["lineage"]) == ("BUY", "m-2", "scripted:m-2")
    assert record["panel"]["spent"]["requests"] == 4
    assert (await made_again(store, record, rules=rules))["identical"]


async def test_an_answer_from_earlier_makes_up_for_no_failure(store):
    class Partly(Listening):
        """The first answer was kept, the second takes a retry."""

        async def complete(self, request, inquiry):
            is_kept = not self.requests
            inquiry.failed_requests += not is_kept
            return replace(await super().complete(request, inquiry), is_kept=is_kept)

    rules = {"market_analyst": ScriptedAnalyst("market_analyst")}
    async with desk(Partly([wants(BARS), said("BUY!")]), "models", store, rules=rules) as coordinator:
        record = await decided(coordinator)
    assert by_agent(record)["market_analyst"]["error_kind"] == "invalid_vote"
    replayed = await made_again(store, record, rules=rules)
    assert replayed["identical"], replayed["differences"]


async def test_a_model_that_was_cut_off_is_in_the_account_as_cancelled(store):
    rules = {"market_analyst": ScriptedAnalyst("market_analyst"), "x": ScriptedAnalyst("x")}
    async with desk(Silent(), "models", store, rules=rules) as coordinator:
        record = await decided(coordinator, timeout_seconds=0.5)
    calls = (await evidence_of(store, record))["model_calls"]
    assert [each["error_kind"] for each in calls] == ["cancelled"]


NUMBERS = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([85, "0.5", True, -0.0, 1e-12, 1e308, "80%"]))
LINES = st.one_of(
    st.builds(
        lambda word, confidence, risk, size, stop, target: said(
            vote(word, confidence, risk=risk, position_size=size, stop_loss=stop, take_profit=target)
        ),
        st.sampled_from(["BUY", "strong sell", "hold", "ABSTAIN", "perhaps"]),
        *[NUMBERS] * 5,
    ),
    st.builds(lambda one, two: said(tone(one, two)), st.floats(-1, 1), st.floats(0, 1)),
    st.text(max_size=30).map(said),
    st.sampled_from(["overloaded", "timeout", "refusal", "circuit_open"]).map(lambda kind: ProviderError(kind, "No.")),
    st.lists(
        st.tuples(
            st.sampled_from(["get_bars", "size_position", "detect_regime", "score_news", "no such tool", ""]),
            st.dictionaries(
                st.sampled_from(["count", "role", "x"]), st.one_of(st.integers(-5, 60), st.text(max_size=4))
            ),
        ),
        min_size=1,
        max_size=10,
    ).map(lambda uses: wants(*uses)),
)


@settings(max_examples=40)
@given(
    st.lists(LINES, min_size=1, max_size=40),
    st.sampled_from(sorted(VENDORS.items())),
    st.sampled_from(["models", "hybrid"]),
    st.sampled_from(["weighted", "majority", "median", "risk_adjusted"]),
)
async def test_whatever_a_model_may_come_up_with_is_recorded_verified_and_made_again(lines, vendor, mode, method):
    name, takes_both = vendor
    store, left = InMemoryDecisionStore(), list(lines)

    def answer(request):
        line = left.pop(0) if left else said(vote())
        if isinstance(line, ProviderError):
            raise line
        return line

    async with desk(Listening(answer, name, takes_both), mode, store) as coordinator:
        sealed = await coordinator.decide(question(method=method))
        assert is_as_written(sealed.body)
        assert (await coordinator.verify()).problems == ()
    replayed = await made_again(store, orjson.loads(sealed.body))
    assert replayed["identical"], replayed["differences"]


# Differences


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A copy of the prompts that a test may change; `forget` takes note of a change."""
    folder = tmp_path / "texts"
    shutil.copytree(catalogue.FOLDER, folder)

    def forget():
        for remembered in (catalogue.read, catalogue.newest, catalogue.references):
            remembered.cache_clear()

    monkeypatch.setattr(catalogue, "FOLDER", folder)
    forget()
    yield folder, forget
    forget()


async def made(store, mode="models", **lines):
    async with desk(Listening(answers(**lines)), mode, store) as coordinator:
        return await decided(coordinator)


async def test_a_prompt_that_was_changed_without_a_new_version_shows(store, shelf):
    folder, forget = shelf
    record = await made(store)
    (folder / "risk_advisor@1.0.0.md").write_text("Your question: is it Tuesday?")
    forget()
    replayed = await made_again(store, record)
    assert differences(replayed) == ["vote:risk_advisor_AAPL"]
    assert replayed["differences"][0]["recomputed"]["error_kind"] == "not_recorded"


async def test_a_prompt_that_is_gone_leaves_its_seat_empty(store, shelf):
    folder, forget = shelf
    record = await made(store)
    (folder / "risk_advisor@1.0.0.md").unlink()
    forget()
    replayed = await made_again(store, record)
    assert "vote:risk_advisor_AAPL" in differences(replayed)
    assert {each["recomputed"] for each in replayed["differences"]} == {None}


async def test_a_newer_version_of_a_prompt_changes_nothing_about_older_decisions(store, shelf):
    folder, forget = shelf
    record = await made(store)
    (folder / "risk_advisor@1.0.1.md").write_text("Your question: is it Tuesday?")
    (folder / "desk@2.0.0.md").write_text("You sit elsewhere.")
    forget()
    assert (await made_again(store, record))["identical"]
    assert (await made(store))["panel"]["prompts"].keys() >= {"desk@2.0.0", "risk_advisor@1.0.1"}


async def test_a_tool_that_is_described_in_other_words_shows(store, monkeypatch):
    record = await made(store, risk_advisor=[wants(BARS), said(vote())])
    real = specs.__wrapped__
    monkeypatch.setattr(
        "app.ai.model_panel.seating.specs",
        lambda names: tuple(replace(each, description=f"{each.description} New.") for each in real(names)),
    )
    shown = differences(await made_again(store, record))
    assert {"vote:risk_advisor_AAPL", "tool_call:risk_advisor_AAPL#3"} <= set(shown)


def changed(path, agent, change):
    """Rewrite in the file what the model of an agent answered last."""
    with sqlite3.connect(path) as connection:
        (exchange, response) = connection.execute(
            "SELECT e.id, e.response FROM model_exchanges e JOIN model_calls c ON c.exchange_id = e.id "
            "WHERE c.agent_id = ? ORDER BY c.number DESC",
            (agent,),
        ).fetchone()
        forged = change(response)
        connection.execute("UPDATE model_exchanges SET response = ? WHERE id = ?", (forged, exchange))
    connection.close()


async def problems(store):
    async with desk(nobody(), store=store) as coordinator:
        return (await coordinator.verify()).problems


async def test_a_decision_is_not_made_again_from_an_answer_that_was_forged(store, tmp_path):
    record = await made(store)
    assert await problems(store) == ()
    changed(tmp_path / "conclave.db", "risk_advisor_AAPL", lambda text: text.replace(b"BUY", b"SELL"))
    with pytest.raises(RecordCorruptError, match="A model's answer"):
        await made_again(store, record)
    assert len(await problems(store)) == 1


async def test_a_forgery_that_changes_no_vote_is_noticed_too(store, tmp_path):
    record = await made(store)
    changed(
        tmp_path / "conclave.db",
        "risk_advisor_AAPL",
        lambda text: text.replace(b'"input_tokens":100', b'"input_tokens":1'),
    )
    with pytest.raises(RecordCorruptError, match="A model's answer"):
        await made_again(store, record)
    assert len(await problems(store)) == 1


async def test_an_answer_that_is_gone_shows_in_the_replay_and_to_the_check(store, tmp_path):
    record = await made(store)
    with sqlite3.connect(tmp_path / "conclave.db") as connection:
        connection.execute(
            "DELETE FROM model_exchanges WHERE id IN "
            "(SELECT exchange_id FROM model_calls WHERE agent_id = 'risk_advisor_AAPL')"
        )
    connection.close()
    assert differences(await made_again(store, record)) == ["vote:risk_advisor_AAPL"]
    assert len(await problems(store)) == 1


async def test_where_exchanges_are_not_kept_every_vote_of_a_model_shows(store):
    async with desk(Listening(answers()), "models", store, archive=archive(keeps=False)) as coordinator:
        record = await decided(coordinator)
    shown = differences(await made_again(store, record))
    assert [each for each in shown if each.startswith("vote:")] == sorted(f"vote:{role}_AAPL" for role in ROLES)
    assert await problems(store) == ()


async def test_a_desk_of_rules_alone_cannot_make_models_votes_again(store):
    record = await made(store, "hybrid")
    async with MultiAgentCoordinator(store=store) as coordinator:
        shown = differences((await coordinator.replay(record["decision_id"])).as_dict())
    assert [each for each in shown if each.startswith("vote:")] == sorted(f"vote:{role}_AAPL" for role in ROLES)


# Kept answers instead of asking


async def test_kept_answers_serve_the_same_question_without_anybody_being_asked(store):
    lines = [wants(BARS), said(vote("SELL"))]
    first = Listening(answers(market_analyst=lines, news_analyst=said(tone(-0.4))))
    async with desk(first, "models", store) as coordinator:
        record = await decided(coordinator)

    async with desk(ReplayProvider(store, "scripted"), "models", store) as coordinator:
        again = await decided(coordinator)
    cast, recast = by_agent(record), by_agent(again)
    for role in ROLES:
        for name in ("decision", "confidence", "reasoning", "source", "lineage", "prompt"):
            assert recast[role][name] == cast[role][name]
    assert again["final_recommendation"] == record["final_recommendation"]


async def test_a_question_that_nobody_was_asked_has_no_kept_answer(store):
    async with desk(ReplayProvider(store, "scripted"), "models", store) as coordinator:
        record = await decided(coordinator)
    assert {each["error_kind"] for each in record["votes"]} == {"not_recorded"}
    assert {each["source"] for each in record["votes"]} == {"rules"}


async def test_what_is_not_kept_may_be_asked_for_where_that_is_allowed(store):
    live = Listening(answers())
    async with desk(ReplayProvider(store, "scripted", live=live), "models", store) as coordinator:
        await decided(coordinator)
        asked = len(live.requests)
        await decided(coordinator)
    assert asked == len(ROLES)
    assert len(live.requests) == asked


async def test_the_file_holds_requests_and_answers_as_json(store, tmp_path):
    await made(store)
    with sqlite3.connect(tmp_path / "conclave.db") as connection:
        rows = connection.execute("SELECT request, response FROM model_exchanges").fetchall()
    connection.close()
    assert len(rows) == len(ROLES)
    for request, response in rows:
        assert orjson.loads(request)["provider"] == "scripted"
        assert orjson.loads(response)["model"] == "m-1"
