"""The facade as a Python user meets it."""

import asyncio

import pytest

import app.agent_system as module
from app import plugins
from app.agent_system import AgentSystem, initialize_agent_system
from app.config import Settings
from app.domain.errors import InvalidInputError, NotFoundError
from app.market_data.sample_bars import sample_bars, sample_news
from tests.builders import EndlessAnalyst, ScriptedAnalyst, bars, request_fields, rows, waves


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


async def test_an_analysis_returns_the_recorded_decision(settings):
    async with AgentSystem(settings) as system:
        record = await system.run_real_time_analysis("aapl", {"bars": rows(200)})
        stored = await (await system.start()).coordinator.record(record["decision_id"])
    assert record["symbol"] == "AAPL"
    assert record["final_recommendation"] in {"STRONG_BUY", "BUY", "HOLD", "SELL", "STRONG_SELL"}
    assert stored.hash == record["hash"]


async def test_five_analysts_vote_on_real_bars_with_headlines(settings):
    async with AgentSystem(settings) as system:
        record = await system.run_real_time_analysis(
            "AAPL", sample_bars("AAPL"), news=sample_news("AAPL"), as_of="2009-01-22"
        )
    assert len(record["votes"]) == 5
    assert record["not_applicable"] == []
    assert all(any(character.isdigit() for character in vote["reasoning"]) for vote in record["votes"])


async def test_a_system_that_was_not_started_starts_with_the_first_question(settings):
    system = AgentSystem(settings)
    assert (await system.get_system_status())["component_health"]["agent_system"]["status"] == "down"
    await system.run_real_time_analysis("AAPL", bars(waves(160)))
    status = await system.get_system_status()
    await system.shutdown()
    assert status["component_health"]["store"]["status"] == "up"
    assert status["performance_summary"]["total_decisions"] == 1
    assert status["performance_summary"]["tool_executions"] > 0
    assert status["performance_summary"]["active_agents"] == 5


async def test_starting_and_stopping_twice_is_fine_and_a_stopped_system_starts_again(settings):
    system = AgentSystem(settings)
    assert await system.initialize()
    assert await system.initialize()
    await system.shutdown()
    await system.shutdown()
    first = await system.run_real_time_analysis("AAPL", bars(waves(160)))
    await system.shutdown()
    async with AgentSystem(settings) as again:
        second = await again.run_real_time_analysis("AAPL", bars(waves(160)))
    assert (first["sequence"], second["previous_hash"]) == (1, first["hash"])


async def test_callers_that_start_it_together_get_the_same_desk(settings):
    async with AgentSystem(settings) as system:
        desks = await asyncio.gather(*(system.start() for _ in range(5)))
    assert len({id(desk) for desk in desks}) == 1


async def test_a_failed_start_says_false_and_the_status_tells_why(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    system = AgentSystem(Settings(home=tmp_path / "file"))
    assert not await system.initialize()
    detail = (await system.get_system_status())["component_health"]["agent_system"]
    assert detail["status"] == "down"
    assert "CONCLAVE_HOME" in detail["detail"]
    await system.shutdown()


async def test_a_start_that_fails_for_a_reason_nobody_foresaw_says_so_and_can_be_tried_again(settings, monkeypatch):
    plugins.load.cache_clear()
    monkeypatch.setitem(plugins.BUILT_IN["analyst"], "market_analyst", "app.ai.analysts.gone:MarketAnalyst")
    system = AgentSystem(settings)
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            async with asyncio.timeout(5):
                await system.start()
    status = await system.get_system_status()
    monkeypatch.undo()
    async with system:
        again = await system.get_system_status()
    assert status["component_health"]["agent_system"]["detail"] == "ModuleNotFoundError"
    assert again["component_health"]["agent_system"]["status"] == "up"


async def test_a_consensus_is_requested_and_awaited(settings):
    async with AgentSystem(settings) as system:
        consensus_id = await system.request_consensus("AAPL", {"market_data": {"bars": rows(200)}}, ["market_analyst"])
        answer = await system.get_consensus_result(consensus_id)
        assert (answer["status"], answer["result"]["decision_id"]) == ("complete", consensus_id)
        assert [vote["agent_type"] for vote in answer["result"]["votes"]] == ["market_analyst"]
        with pytest.raises(NotFoundError):
            await system.get_consensus_result("unknown")


async def test_waiting_for_a_consensus_ends_after_its_time(settings):
    slow = EndlessAnalyst("slow")
    async with AgentSystem(settings, analysts={"slow": slow}) as system:
        consensus_id = await system.request_consensus("AAPL", {"market_data": {"bars": rows(20)}})
        await slow.was_asked.wait()
        assert (await system.get_consensus_result(consensus_id, 0))["status"] == "pending"
    await slow.was_cancelled.wait()


async def test_a_panel_of_ones_own_votes_instead_of_the_built_in_one(settings):
    async with AgentSystem(settings, analysts={"mine": ScriptedAnalyst("mine")}) as system:
        record = await system.run_real_time_analysis("AAPL", bars(waves(3)))
        status = await system.get_system_status()
    assert [vote["agent_id"] for vote in record["votes"]] == ["mine_AAPL"]
    assert status["performance_summary"]["active_agents"] == 1


@pytest.mark.parametrize(
    "market_data", [None, [], {"bars": "x"}, {"bars": []}, {"bars": [{}]}, {"close": [1.0]}, {"bars": rows(1)}]
)
async def test_bad_market_data_is_refused_with_the_next_step(settings, market_data):
    async with AgentSystem(settings) as system:
        with pytest.raises(InvalidInputError):
            await system.run_real_time_analysis("AAPL", market_data)
        assert (await system.get_system_status())["performance_summary"]["total_decisions"] == 0


async def test_one_bar_with_its_interval_is_no_decision(settings):
    async with AgentSystem(settings) as system:
        record = await system.run_real_time_analysis("AAPL", {"bars": rows(1), "interval": "1d"})
    assert (record["final_recommendation"], record["status"]) == ("NO_DECISION", "no_votes")
    assert len(record["not_applicable"]) == 5


async def test_stale_bars_and_a_suspected_split_are_flagged(settings):
    halved = [*waves(180), *(close / 2 for close in waves(190)[180:])]
    fields = request_fields(2)
    async with AgentSystem(settings) as system:
        record = await system.run_real_time_analysis("AAPL", _with_jump(halved), as_of="2024-09-01")
        fresh = await system.run_real_time_analysis(fields["symbol"], fields["market_data"])
    assert record["degraded_reasons"] == ["stale", "suspected_split"]
    assert record["degraded"] is True
    assert fresh["degraded"] is False


def _with_jump(closes):
    """Bars whose open jumps where the close does, as an unadjusted split prints them."""
    columns = {"timestamp": [row["timestamp"] for row in rows(len(closes))], "interval": "1d"}
    return {
        **columns,
        "open": closes,
        "high": [close * 1.01 for close in closes],
        "low": [close * 0.99 for close in closes],
        "close": closes,
    }


async def test_the_convenience_instance_is_made_on_first_use(monkeypatch, tmp_path):
    monkeypatch.setenv("CONCLAVE_HOME", str(tmp_path))
    monkeypatch.delitem(vars(module), "agent_system", raising=False)
    assert "agent_system" not in vars(module)
    assert await initialize_agent_system()
    assert module.agent_system is module.agent_system
    await module.agent_system.shutdown()
    monkeypatch.delitem(vars(module), "agent_system")
