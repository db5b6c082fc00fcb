"""A stored decision can be made again to the byte, and no change to the store goes unnoticed."""

import sqlite3

import orjson
import pytest

from app.agent_system import AgentSystem
from app.config import Settings
from app.domain.votes import BUY, HOLD, Opinion
from app.events import replay as replay_module
from app.market_data.sample_bars import sample_bars, sample_news
from tests.builders import EndlessAnalyst, FailingAnalyst, ScriptedAnalyst, bars, rows, waves

ACCOUNT = {"equity": "100000", "cash": "5000.5", "positions": {"AAPL": {"quantity": "100", "average_price": "3.2"}}}


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


async def replayed(system, record):
    return (await (await system.start()).coordinator.replay(record["decision_id"])).as_dict()


async def verified(system):
    return await (await system.start()).coordinator.verify()


async def test_a_decision_with_everything_in_it_is_made_again_to_the_byte(settings):
    async with AgentSystem(settings) as system:
        record = await system.run_real_time_analysis(
            "AAPL",
            sample_bars("AAPL"),
            technical_indicators={"rsi_14": 12.5},
            account_info=ACCOUNT,
            news=sample_news("AAPL"),
            as_of="2009-01-22",
            method="risk_adjusted",
            conflict_resolution="risk_manager",
            config={"weights": {"news_analyst": 2.5}, "market_risk": 0.3, "min_confidence": 0.05},
        )
    async with AgentSystem(settings) as later:
        answer = await replayed(later, record)
    assert answer == {
        "decision_id": record["decision_id"],
        "identical": True,
        "differences": [],
        "engine_changed": False,
    }


@pytest.mark.parametrize("as_of", ["2001-02-01", "2003-08-15", "2008-10-10", "2012-12-31"])
async def test_real_days_replay_identically(settings, as_of):
    async with AgentSystem(settings) as system:
        for symbol in ("AAPL", "IBM"):
            record = await system.run_real_time_analysis(symbol, sample_bars(symbol), as_of=as_of)
            assert (await replayed(system, record))["identical"]


async def test_failures_belong_to_the_evidence_and_are_not_tried_again(settings):
    analysts = {"a": ScriptedAnalyst("a"), "b": FailingAnalyst("b"), "c": EndlessAnalyst("c")}
    async with AgentSystem(settings, analysts=analysts) as system:
        record = await system.run_real_time_analysis("AAPL", bars(waves(5)), timeout_seconds=0.5)
        assert record["missing"] == ["b_AAPL", "c_AAPL"]
        assert (await replayed(system, record))["identical"]


async def test_an_analyst_that_changed_its_mind_shows_as_a_difference(settings):
    async with AgentSystem(settings, analysts={"a": ScriptedAnalyst("a", Opinion(BUY, 0.8, "up"))}) as before:
        record = await before.run_real_time_analysis("AAPL", bars(waves(5)))
    async with AgentSystem(settings, analysts={"a": ScriptedAnalyst("a", Opinion(HOLD, 0.8, "flat"))}) as after:
        answer = await replayed(after, record)
    assert not answer["identical"]
    (difference,) = answer["differences"]
    assert difference["what"] == "vote:a_AAPL"
    assert (difference["recorded"]["decision"], difference["recomputed"]["decision"]) == (BUY, HOLD)


async def test_an_analyst_that_left_the_panel_shows_as_a_difference(settings):
    async with AgentSystem(settings, analysts={"a": ScriptedAnalyst("a")}) as before:
        record = await before.run_real_time_analysis("AAPL", bars(waves(5)))
    async with AgentSystem(settings, analysts={"b": ScriptedAnalyst("b")}) as after:
        assert [each["what"] for each in (await replayed(after, record))["differences"]] == ["vote:a_AAPL"]


async def test_another_engine_version_is_told(settings, monkeypatch):
    async with AgentSystem(settings) as system:
        record = await system.run_real_time_analysis("AAPL", {"bars": rows(160)})
        monkeypatch.setattr(replay_module, "ENGINE_VERSION", "999")
        assert (await replayed(system, record))["engine_changed"]


async def _three_decisions(settings):
    async with AgentSystem(settings) as system:
        for count in (180, 181, 182):
            await system.run_real_time_analysis("AAPL", {"bars": rows(count)})
        assert (await verified(system)).problems == ()


def _change(settings, statement, *values):
    with sqlite3.connect(settings.store_path) as connection:
        assert connection.execute(statement, values).rowcount != 0
    connection.close()


def _body(settings, sequence):
    with sqlite3.connect(settings.store_path) as connection:
        (body,) = connection.execute("SELECT body FROM decisions WHERE sequence = ?", (sequence,)).fetchone()
    connection.close()
    return bytes(body)


async def test_every_flipped_byte_of_a_record_is_noticed(settings):
    await _three_decisions(settings)
    body = _body(settings, 2)
    async with AgentSystem(settings) as system:
        for place in range(0, len(body), 97):
            flipped = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            _change(settings, "UPDATE decisions SET body = ? WHERE sequence = 2", flipped)
            assert (await verified(system)).problems, f"byte {place} was changed unnoticed"
        _change(settings, "UPDATE decisions SET body = ? WHERE sequence = 2", body)
        assert (await verified(system)).problems == ()


async def test_another_spelling_of_the_same_record_is_noticed(settings):
    await _three_decisions(settings)
    respelled = orjson.dumps(orjson.loads(_body(settings, 2)), option=orjson.OPT_INDENT_2)
    _change(settings, "UPDATE decisions SET body = ? WHERE sequence = 2", respelled)
    async with AgentSystem(settings) as system:
        assert (await verified(system)).problems


async def test_a_number_that_only_looks_the_same_when_hashed_is_noticed(settings):
    await _three_decisions(settings)
    record = orjson.loads(_body(settings, 2))
    for forged in (round(record["confidence"] * 10**9), record["confidence"] + 1e-12):
        _change(
            settings,
            "UPDATE decisions SET body = ? WHERE sequence = 2",
            orjson.dumps({**record, "confidence": forged}),
        )
        async with AgentSystem(settings) as system:
            assert (await verified(system)).problems


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM decisions WHERE sequence = 1",
        "DELETE FROM decisions WHERE sequence = 2",
        "UPDATE decisions SET evidence = (SELECT evidence FROM decisions WHERE sequence = 1) WHERE sequence = 2",
        "UPDATE decisions SET body = (SELECT body FROM decisions WHERE sequence = 1) WHERE sequence = 2",
        "UPDATE decisions SET created_at = created_at + 1 WHERE sequence = 2",
        "DELETE FROM bar_segments",
    ],
)
async def test_what_is_deleted_swapped_or_moved_is_noticed(settings, statement):
    await _three_decisions(settings)
    _change(settings, statement)
    async with AgentSystem(settings) as system:
        assert (await verified(system)).problems


async def test_a_cut_off_tail_shows_in_the_heads(settings):
    await _three_decisions(settings)
    async with AgentSystem(settings) as system:
        before = (await verified(system)).heads
    _change(settings, "DELETE FROM decisions WHERE sequence = 3")
    async with AgentSystem(settings) as system:
        after = await verified(system)
    assert after.problems == ()
    assert (before[0].sequence, after.heads[0].sequence) == (3, 2)
