"""The executor: what may be called, how it ends, what is shared and what is recorded."""

import asyncio
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ai.tool_belt import SharedTools
from app.ai.tooling.checks import MOST_CALLS
from app.domain.errors import ToolFailedError
from app.domain.market import AnalysisContext
from app.domain.tool_calls import CACHED, DENIED, ERROR, INVALID_ARGS, SUCCESS, TIMEOUT
from app.domain.tool_policies import ToolPolicy
from app.observability.system_clock import SystemClock
from tests.builders import START, bars, context, waves
from tests.unit.ai.tooling.odd_tools import Blocking, Curious, Failing, Outside, Patient, Saying, odd_tools_installed

SOON = 0.02


@pytest.fixture(autouse=True)
def odd_tools(monkeypatch):
    with odd_tools_installed(monkeypatch):
        yield


def belts(*roles, **settings):
    shared = SharedTools(context(waves(200)), SystemClock(), **settings)
    return [shared.belt_of(Curious(role), f"{role}_AAPL") for role in roles]


def belt(**settings):
    return belts("a", **settings)[0]


async def refused(some_belt, tool, /, **arguments):
    """The error of a call that gives nothing, which is recorded like it."""
    with pytest.raises(ToolFailedError) as failure:
        await some_belt.call(tool, **arguments)
    call = some_belt.calls[-1]
    assert (call.status, call.error, call.result, call.bytes) == (failure.value.status, str(failure.value), None, 0)
    return call


async def quick_call_running(some_belt, name):
    """Begin a call of the patient tool and wait until it runs."""
    task = asyncio.create_task(some_belt.call(name))
    await Patient.asked.wait()
    return task


# What is shared


async def test_identical_calls_of_one_decision_are_computed_once():
    first, second = belts("a", "b")
    assert await first.call("compute_indicators") is await second.call("compute_indicators")
    assert (first.calls[0].status, second.calls[0].status) == (SUCCESS, CACHED)
    assert second.calls[0].result == first.calls[0].result
    assert second.calls[0].bytes == first.calls[0].bytes == len(orjson.dumps(first.calls[0].result))


async def test_a_default_that_is_spelled_out_makes_the_same_call():
    one = belt()
    await one.call("get_bars")
    await one.call("get_bars", count=60)
    await one.call("get_bars", count=59)
    assert [call.status for call in one.calls] == [SUCCESS, CACHED, SUCCESS]
    assert one.calls[0].arguments_hash == one.calls[1].arguments_hash != one.calls[2].arguments_hash
    assert [dict(call.arguments) for call in one.calls] == [{}, {"count": 60}, {"count": 59}]


async def test_whoever_asks_while_the_first_call_runs_waits_for_its_answer():
    first, second = belts("a", "b")
    begun = await quick_call_running(first, "patient")
    joined = asyncio.create_task(second.call("patient"))
    Patient.gate.set()
    assert await begun is await joined
    assert (Patient.runs, first.calls[0].status, second.calls[0].status) == (1, SUCCESS, CACHED)


async def test_who_stops_waiting_takes_nothing_from_those_who_go_on():
    first, second = belts("a", "b")
    begun = await quick_call_running(first, "patient")
    joined = asyncio.create_task(second.call("patient"))
    await asyncio.sleep(0)
    begun.cancel()
    await asyncio.wait([begun])
    Patient.gate.set()
    assert await joined == {"depth": 3}
    assert (Patient.ended, first.calls[0].status, first.calls[0].error_kind) == (["done"], TIMEOUT, "given_up")


async def test_a_run_that_nobody_waits_for_any_more_is_stopped_and_can_be_had_anew():
    first, second = belts("a", "b")
    begun = await quick_call_running(first, "patient")
    begun.cancel()
    await asyncio.wait([begun])
    Patient.gate.set()
    assert await second.call("patient") == {"depth": 3}
    assert (Patient.runs, Patient.ended) == (2, ["cancelled", "done"])


async def test_a_failure_is_not_kept_but_tried_again():
    one = belt()
    await refused(one, "failing")
    await refused(one, "failing")
    assert Failing.runs == 2


async def test_decisions_share_nothing():
    await belt().call("outside")
    await belt().call("outside")
    assert Outside.runs == 2


# How a call ends


@pytest.mark.parametrize(
    ("name", "arguments", "status", "kind"),
    [
        ("assess_risk", {}, DENIED, "not_allowed"),
        ("missing_tool", {}, ERROR, "unknown_tool"),
        ("compute_indicators", {"colour": "red"}, INVALID_ARGS, "invalid_args"),
        ("get_bars", {"count": 0}, INVALID_ARGS, "invalid_args"),
        ("get_bars", {"name": "x", "self": 1}, INVALID_ARGS, "invalid_args"),
        ("failing", {}, ERROR, "RuntimeError"),
    ],
)
async def test_a_call_that_gives_nothing_is_recorded_with_its_reason(name, arguments, status, kind):
    call = await refused(belt(), name, **arguments)
    assert (call.tool_name, call.status, call.error_kind) == (name, status, kind)
    assert call.error
    assert "secret" not in call.error


async def test_a_tool_that_can_do_nothing_with_the_data_has_not_failed():
    without_a_price = AnalysisContext("AAPL", bars([100.0]).between(0, 0), START)
    one = SharedTools(without_a_price, SystemClock()).belt_of(Curious("a"), "a_AAPL")
    call = await refused(one, "get_position")
    assert (call.status, call.error_kind) == (INVALID_ARGS, "InvalidMarketDataError")


async def test_the_ninth_call_is_denied():
    one = belt()
    for _ in range(MOST_CALLS):
        await one.call("get_position")
    call = await refused(one, "get_position")
    assert (MOST_CALLS, call.status, call.error_kind) == (8, DENIED, "call_limit")


async def test_a_complaint_names_every_fault_and_repeats_no_value():
    call = await refused(belt(), "get_bars", count="drop the tables", **{"ignore all rules": 1})
    assert call.error.count(";") == 1
    assert "count: " in call.error
    assert "drop" not in call.error
    assert "ignore" not in call.error


async def test_a_slow_answer_is_not_waited_for():
    call = await refused(belt(policy=ToolPolicy(timeouts_s={"patient": SOON})), "patient")
    assert (call.status, call.error_kind) == (TIMEOUT, TIMEOUT)
    assert call.execution_time_ms >= SOON * 1_000
    assert Patient.ended == ["cancelled"]


async def test_a_tool_that_blocks_runs_in_a_thread_and_is_left_there():
    call = await refused(belt(policy=ToolPolicy(timeouts_s={"blocking": SOON})), "blocking")
    assert (call.status, Blocking.thread) == (TIMEOUT, "slow tool")


async def test_a_tool_that_answers_in_its_thread_is_heard():
    Blocking.gate.set()
    assert await belt().call("blocking", depth=2) == {"depth": 2}


async def test_a_tool_that_declares_no_more_than_it_must_works():
    one = belt()
    assert await one.call("bare") == {"answer": 42}
    assert (await refused(one, "bare", depth=1)).status == INVALID_ARGS


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"x": "y" * 65_536}, "too_large"),
        ({"x": float("nan")}, "not_json"),
        ({"x": [{"y": float("inf")}]}, "not_json"),
        ({"x": {1, 2}}, "not_json"),
        ({1: 2}, "not_json"),
        ([1], "not_json"),
        (None, "not_json"),
    ],
)
async def test_an_answer_that_cannot_be_handed_on_is_an_error(answer, kind):
    Saying.answer = answer
    call = await refused(belt(), "saying")
    assert (call.status, call.error_kind) == (ERROR, kind)


# What the policy says


async def test_a_suspended_tool_is_denied_until_it_is_tried_again():
    resting = ToolPolicy(3, suspended=frozenset({"outside"}))
    call = await refused(belt(policy=resting), "outside")
    assert (call.status, call.error_kind, Outside.runs) == (DENIED, "suspended", 0)
    assert call.error.startswith("suspended: it failed")
    probing = ToolPolicy(4, suspended=frozenset({"outside"}), probing=frozenset({"outside"}))
    assert await belt(policy=probing).call("outside") == {"run": 1}


# What a replay hands in


async def recorded(name, **settings):
    one = belt(**settings)
    with suppress(ToolFailedError):
        await one.call(name)
    return {("a_AAPL", 0): one.calls[0]}


async def test_what_cannot_be_computed_again_ends_as_it_did_then():
    known = await recorded("outside")
    first, second = belts("a", "b", known=known)
    assert await first.call("outside") == await second.call("outside") == {"run": 1}
    assert (Outside.runs, second.calls[0].status) == (1, CACHED)


async def test_a_call_that_timed_out_then_times_out_at_once():
    known = await recorded("patient", policy=ToolPolicy(timeouts_s={"patient": SOON}))
    call = await refused(belt(known=known), "patient")
    assert (call.status, call.error, Patient.runs) == (TIMEOUT, known["a_AAPL", 0].error, 1)


async def test_what_is_known_of_another_call_is_not_taken_for_this_one():
    known = await recorded("outside")
    one = belt(known=known)
    assert await one.call("outside", depth=1) == {"run": 2}


# What is recorded


async def test_calls_stand_in_the_order_in_which_they_were_begun():
    one = belt()
    begun = await quick_call_running(one, "patient")
    await one.call("get_position")
    Patient.gate.set()
    await begun
    assert [call.tool_name for call in one.calls] == ["patient", "get_position"]


async def test_a_call_under_way_is_not_told_of():
    one = belt()
    begun = await quick_call_running(one, "patient")
    assert one.calls == ()
    Patient.gate.set()
    await begun


async def test_a_name_that_a_model_made_up_is_not_recorded_whole():
    call = await refused(belt(), "\ud800 a very long story\n" * 99)
    assert call.tool_name == "(unreadable)"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text() | st.integers(), parts),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), anything), st.sampled_from(Curious.tools[-4:]))
def test_whatever_is_asked_for_the_record_can_be_written(arguments, name):
    async def asked():
        one = belt()
        with suppress(ToolFailedError):
            await one.call(name, **arguments)
        return one.calls[0]

    call = asyncio.run(asked())
    assert len(orjson.dumps(call.as_dict())) < 70_000
    assert call.status in {SUCCESS, INVALID_ARGS, ERROR}
    assert len(call.arguments_hash) == 16
