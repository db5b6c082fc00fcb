"""What figures say in words."""

import pytest

from app.analysis.tool_history import ToolHistory
from app.analysis.tool_insights import insights
from app.analysis.tool_metrics import tool_metrics
from app.analysis.tool_use_insights import LEAST_DECISIONS
from app.domain.tool_policies import DEFAULT
from tests.unit.analysis.tool_scenes import a_call, a_step, a_vote, plain


def told(*events, names=("get_bars",), policy=None):
    """The insights that these events lead to, by kind."""
    history = ToolHistory()
    for each in plain(*events):
        history.add(each)
    decisions, influences = history.decisions.summary()
    metrics = tool_metrics(names, history.statistics, {}, decisions, influences)
    found = insights(metrics, history.statistics, policy or history.rules.policy(), decisions)
    return {each.kind: each for each in found}


def test_all_is_well_has_nothing_to_tell():
    assert told(*[a_call()] * 300) == {}


def test_a_tool_that_times_out_is_told_with_its_numbers():
    late = [a_call(status="timeout", took_ms=2_000.0)] * 3
    found = told(*[a_call()] * 27, *late)["times_out"]
    assert found.text == "get_bars gave no answer in time in 3 of 30 calls (10.0%)."
    assert "2 s" in found.advice
    assert "times_out" not in told(*[a_call()] * 27, *late[:2])
    assert "times_out" not in told(*[a_call()] * 300, *late)


def test_a_tool_that_rests_is_told():
    found = told(*[a_call(status="error")] * 5)
    assert found["suspended"].as_recommendation()["text"].startswith("Find out why get_bars fails")
    assert "suspended" not in told(*[a_call(status="error")] * 5, policy=DEFAULT)


def test_a_tool_that_fails_more_than_before_is_told_with_its_errors():
    bad = [a_call(status="error", kind="KeyError")] * 10 + [a_call()] * 40
    found = told(*[a_call()] * 100, *bad)["fails_more"]
    assert found.text == "get_bars succeeded in 80% of its last 50 calls, in 100% of the 100 before."
    assert "KeyError (10)" in found.advice


@pytest.mark.parametrize(("now_ms", "is_told"), [(30.0, True), (14.0, False)])
def test_a_tool_that_slowed_down_is_told(now_ms, is_told):
    assert ("slowed_down" in told(*[a_call(took_ms=10.0)] * 200, *[a_call(took_ms=now_ms)] * 50)) == is_told


def test_a_few_microseconds_more_are_no_slowing_down():
    assert told(*[a_call(took_ms=0.1)] * 200, *[a_call(took_ms=0.9)] * 50) == {}


def test_failures_that_gather_on_a_symbol_are_told():
    fine = [a_call(symbol=symbol) for symbol in ("AAPL", "IBM", "SPY")] * 10
    found = told(*fine, *[a_call(symbol="MSFT", status="error")] * 5)["fails_on_symbol"]
    assert found.figures["value"] == "MSFT"
    assert "100% of the failures of get_bars (5) happened on MSFT, where 14% of its runs were." in found.text


def test_failures_that_gather_at_an_hour_are_told():
    fine = [a_call(at=hour * 3_600) for hour in range(12)] * 3
    found = told(*fine, *[a_call(at=2 * 3_600, status="error")] * 5)["fails_at_hour"]
    assert found.figures["value"] == 11
    assert "between 11:00 and 11:59 UTC" in found.text


def test_where_all_calls_are_there_is_no_wonder_that_all_failures_are():
    assert not {"fails_on_symbol", "fails_at_hour"} & set(told(*[a_call()] * 5, *[a_call(status="error")] * 20))


def decided(count, *events):
    return [
        each._replace(decision_id=f"d{number}") for number in range(count) for each in (*events, a_step(), a_vote())
    ]


def test_a_tool_that_nobody_uses_is_told_once_there_were_decisions():
    used = a_call("score_news")
    found = told(*decided(LEAST_DECISIONS, used))
    assert found["unused"].text == "Nobody called get_bars in 20 decisions."
    assert told(*decided(LEAST_DECISIONS - 1, used)) == {}


def test_a_tool_that_never_moved_a_vote_is_told():
    some = [a_call(role="news_analyst"), a_vote("news_analyst", "SELL", 0.1)]
    found = told(*decided(LEAST_DECISIONS, *some))
    assert "informed 20 decisions and moved the side of none of the 20" in found["never_moved_a_vote"].text
    mattered = [a_call(role="news_analyst"), a_vote("news_analyst", "SELL", 0.9)]
    assert "never_moved_a_vote" not in told(*decided(LEAST_DECISIONS, *mattered))
