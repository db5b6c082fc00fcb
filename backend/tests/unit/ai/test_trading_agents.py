import asyncio

import pytest

from app.ai.trading_agents import AIAgentCoordinator
from app.domain.votes import ABSTAIN, BUY, HOLD, SELL, Opinion
from app.ports.panel import Sitting
from tests.builders import EndlessAnalyst, FailingAnalyst, ScriptedAnalyst, StubbornAnalyst, context, seated

SOON = 0.05


async def test_votes_come_back_in_the_order_asked_with_their_agents():
    panel = AIAgentCoordinator()
    result = await panel.run(context(), seated(ScriptedAnalyst("a"), ScriptedAnalyst("b")), 5)
    assert [(vote.agent_id, vote.agent_type) for vote in result.votes] == [("a_AAPL", "a"), ("b_AAPL", "b")]
    assert result.failures == ()


async def test_all_analysts_start_before_any_is_waited_for():
    slow = [EndlessAnalyst("a"), EndlessAnalyst("b"), EndlessAnalyst("c")]
    running = asyncio.create_task(AIAgentCoordinator().run(context(), seated(*slow), 30))
    await asyncio.gather(*(each.was_asked.wait() for each in slow))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_slow_analyst_is_cut_off_and_named_while_the_rest_decide():
    slow = EndlessAnalyst("slow")
    result = await AIAgentCoordinator().run(context(), seated(ScriptedAnalyst("quick"), slow), SOON)
    assert [vote.agent_id for vote in result.votes] == ["quick_AAPL"]
    assert [(each.agent_id, each.kind) for each in result.failures] == [("slow_AAPL", "timeout")]
    await slow.was_cancelled.wait()


async def test_an_analyst_that_ignores_being_cancelled_holds_nobody_up():
    stubborn = StubbornAnalyst("stubborn")
    result = await AIAgentCoordinator().run(context(), seated(stubborn, ScriptedAnalyst("quick")), SOON)
    assert [vote.agent_id for vote in result.votes] == ["quick_AAPL"]
    stubborn.let_go.set()


async def test_a_failing_analyst_abstains_and_its_error_text_stays_inside():
    result = await AIAgentCoordinator().run(context(), seated(FailingAnalyst("broken"), ScriptedAnalyst("quick")), 5)
    broken = result.votes[0]
    assert (broken.opinion.decision, broken.error_kind) == (ABSTAIN, "RuntimeError")
    assert "secret detail" not in f"{broken}{result.failures}"
    assert [(each.agent_id, each.kind) for each in result.failures] == [("broken_AAPL", "failed")]


@pytest.mark.parametrize("confidence", [85.0, float("nan"), -0.1, None])
async def test_a_number_outside_its_range_is_no_opinion(confidence):
    wild = ScriptedAnalyst("wild", Opinion(BUY, confidence, "trust me"))
    result = await AIAgentCoordinator().run(context(), seated(wild), 5)
    assert (result.votes[0].opinion.decision, result.votes[0].error_kind) == (ABSTAIN, "invalid_opinion")


async def test_an_analyst_that_cancels_itself_is_reported():
    class SelfCancelling(ScriptedAnalyst):
        async def analyse(self, context, tools):
            raise asyncio.CancelledError

    result = await AIAgentCoordinator().run(context(), seated(SelfCancelling("odd"), ScriptedAnalyst("quick")), 5)
    assert [(each.agent_id, each.kind) for each in result.failures] == [("odd_AAPL", "failed")]


async def test_cancelling_the_run_cancels_the_analysts():
    slow = EndlessAnalyst("slow")
    running = asyncio.create_task(AIAgentCoordinator().run(context(), seated(slow), 30))
    await slow.was_asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await slow.was_cancelled.wait()


async def test_a_settled_decision_closes_early_and_cancels_the_rest():
    slow = EndlessAnalyst("slow")
    sitting = Sitting(is_settled=lambda votes: len(votes) == 1)
    result = await AIAgentCoordinator().run(context(), seated(ScriptedAnalyst("quick"), slow), 30, sitting)
    assert [(each.agent_id, each.kind) for each in result.failures] == [("slow_AAPL", "closed_early")]
    await slow.was_cancelled.wait()


async def test_callbacks_hear_of_each_vote_and_one_that_fails_changes_nothing():
    panel, heard, awaited = AIAgentCoordinator(), [], asyncio.Event()

    async def later(vote):
        heard.append(vote.agent_id)
        awaited.set()

    def broken(vote):
        raise ValueError("no")

    panel.add_decision_callback(broken)
    panel.add_decision_callback(later)
    result = await panel.run(context(), seated(ScriptedAnalyst("a", Opinion(SELL, 0.4, "down"))), 5)
    await awaited.wait()
    assert heard == ["a_AAPL"]
    assert len(result.votes) == 1


async def test_a_removed_callback_hears_nothing():
    panel, heard = AIAgentCoordinator(), []
    remove = panel.add_decision_callback(heard.append)
    remove()
    await panel.run(context(), seated(ScriptedAnalyst("a", Opinion(HOLD, 0.4, "flat"))), 5)
    assert heard == []


async def test_nobody_to_ask_gives_no_votes():
    result = await AIAgentCoordinator().run(context(), seated(), 5)
    assert (result.votes, result.failures, result.tool_calls) == ((), (), ())
