import orjson
from hypothesis import given
from hypothesis import strategies as st

from app.domain.tool_calls import CACHED, SUCCESS, ToolCall, with_shared_results, without_shared_results
from tests.builders import START

RESULT = {"x": [1, 2]}
MADE = ToolCall("1", "a_X", "get_bars", {}, SUCCESS, START, 0.25, RESULT, arguments_hash="aa", bytes=11)
SHARED = ToolCall("2", "b_X", "get_bars", {"count": 60}, CACHED, START, 0.0, RESULT, arguments_hash="aa", bytes=11)
FAILED = ToolCall("3", "b_X", "get_bars", {}, "timeout", START, 9.0, None, "too slow", "aa", 0, "timeout")


def written(*calls):
    return orjson.loads(orjson.dumps(without_shared_results(call.as_dict() for call in calls)))


def test_the_feed_shows_a_shared_result_and_the_evidence_holds_it_once():
    made, shared = MADE.as_dict(), SHARED.as_dict()
    assert shared["result"] == RESULT
    assert without_shared_results([made, shared]) == [made, {**shared, "result": None}]


def test_a_call_is_read_as_it_was_written():
    for call in (MADE, SHARED, FAILED):
        assert ToolCall.from_dict(orjson.loads(orjson.dumps(call.as_dict()))) == call


def test_a_call_of_before_hashes_were_kept_can_be_read():
    fields = {name: part for name, part in MADE.as_dict().items() if name not in ("arguments_hash", "bytes")}
    old = ToolCall.from_dict({**fields, "later_field": 1})
    assert (old.arguments_hash, old.bytes, old.result) == ("", 0, RESULT)


@given(st.permutations([MADE, SHARED, FAILED]))
def test_shared_results_are_put_back_in_whatever_order_the_calls_stand(calls):
    assert with_shared_results(written(*calls)) == [call.as_dict() for call in calls]


def test_a_shared_result_of_another_call_is_not_put_back():
    other = MADE._replace(arguments_hash="bb")
    assert with_shared_results(written(other, SHARED))[1]["result"] is None
