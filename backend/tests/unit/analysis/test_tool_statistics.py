"""Counts, times, errors, trends."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from app.analysis.tool_spread import MOST_NAMES, Cluster, Spread
from app.analysis.tool_statistics import ToolStatistics
from app.analysis.tool_users import AGENT, EVERYBODY, ROLE
from tests.unit.analysis.tool_scenes import a_call, plain


def seen(*calls):
    statistics = ToolStatistics()
    for call in plain(*calls):
        statistics.add(call)
    return statistics


def use(*calls):
    return seen(*calls).use(("get_bars", EVERYBODY, ""))


def test_a_shared_result_is_a_success_and_a_denial_is_no_attempt():
    some = use(*(a_call(status=status) for status in ("success", "cached", "denied", "error", "invalid_args")))
    assert (some.tally.calls, some.tally.denied, some.tally.success_rate) == (5, 1, 0.5)


def test_only_runs_have_a_time():
    some = use(
        a_call(took_ms=4.0),
        a_call(status="timeout", took_ms=8.0),
        a_call(status="cached", took_ms=99.0),
        a_call(status="denied", took_ms=99.0),
    )
    assert some.tally.average_ms == 6.0
    assert some.percentiles() == (8.0, 8.0)


def test_a_tool_that_was_never_run_has_no_time():
    some = use(a_call(status="invalid_args"))
    assert (some.tally.average_ms, some.percentiles(), some.tally.success_rate) == (None, (None, None), 0.0)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=1_300))
def test_percentiles_are_of_the_last_thousand_runs_by_nearest_rank(times):
    p95, p99 = use(*(a_call(took_ms=time) for time in times)).percentiles()
    expected = np.percentile(times[-1_000:], [95, 99], method="inverted_cdf")
    assert [p95, p99] == approx(list(expected))


def test_errors_are_counted_by_kind_and_where_none_is_known_by_status():
    some = use(
        a_call(),
        a_call(status="error", kind="KeyError"),
        a_call(status="error", kind="KeyError"),
        a_call(status="timeout"),
    )
    assert some.errors == {"KeyError": 2, "timeout": 1}


def test_a_trend_holds_the_last_fifty_calls_against_those_before():
    before = [a_call(took_ms=2.0)] * 60
    now = [a_call(took_ms=6.0)] * 40 + [a_call(status="cached")] * 5 + [a_call(status="error", took_ms=6.0)] * 5
    assert use(*before[:49], *now).trend() is None
    assert use(*before, *now).trend() == {
        "recent": {"calls": 50, "success_rate": 0.9, "average_execution_time_ms": 6.0},
        "before": {"calls": 60, "success_rate": 1.0, "average_execution_time_ms": 2.0},
    }
    assert use(*before * 9, *now).trend()["before"]["calls"] == 200


def rates(some, by):
    return {who: some.use(("get_bars", by, who)).tally.success_rate for who in some.users("get_bars", by)}


def test_roles_are_told_apart_and_so_are_the_agents_of_a_role():
    some = seen(
        a_call(role="a"),
        a_call(role="b", status="error"),
        a_call(role="b", symbol="MSFT"),
        a_call(role="b", twin=True),
        a_call("score_news", role="c"),
    )
    assert rates(some, ROLE) == {"a": 1.0, "b": 2 / 3}
    assert rates(some, AGENT) == {"a": 1.0, "b": 0.5, "b_rules": 1.0}


def test_failures_are_found_where_they_gather():
    calls = [a_call(symbol="AAPL")] * 9 + [a_call(symbol="MSFT", status="error")]
    some = seen(*calls, a_call(at=3_600, symbol="AAPL", status="timeout"), a_call(symbol="TSLA", status="cached"))
    assert some.symbols["get_bars"].worst() == Cluster("MSFT", 1, 0.5, 1 / 11)
    assert some.hours["get_bars"].runs == {9: 10, 10: 1}
    assert some.hours["get_bars"].worst().value in (9, 10)
    assert Spread().worst() is None


def test_a_name_that_was_only_ever_denied_is_no_tool():
    some = seen(a_call("made_up", "denied"), a_call("get_bars"), a_call("get_bars", "denied"))
    assert some.tools == ("get_bars",)
    assert some.use(("get_bars", EVERYBODY, "")).tally.denied == 1


def test_the_memory_it_takes_is_bounded():
    calls = [a_call(f"tool{each}", "error", symbol=f"S{each}", kind=f"K{each}") for each in range(MOST_NAMES + 9)]
    some = seen(*calls, *(each._replace(name="tool0") for each in calls))
    kept = [key for by in (ROLE, AGENT) for tool in some.tools for key in some.users(tool, by)]
    assert (len(some.tools), len(kept)) == (MOST_NAMES, 2 * MOST_NAMES)
    zero = some.use(("tool0", EVERYBODY, ""))
    assert len(zero.errors) == MOST_NAMES + 1
    assert len(some.symbols["tool0"].runs) == MOST_NAMES + 1
    assert zero.errors["other"] == len(calls) - MOST_NAMES
