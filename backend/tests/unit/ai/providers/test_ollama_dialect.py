import pytest

from app.ai.providers.ollama_dialect import completion, payload
from app.domain.completions import Answered, Heard, Said, ToolAnswer, ToolUse, Usage
from app.domain.errors import ProviderError
from tests.unit.ai.providers.asked import BARS, VOTE, asked

DEFAULTS = {"num_ctx": 8_192, "seed": 1, "temperature": 0.0}
CALL = {"function": {"name": "get_bars", "arguments": {"count": 5}}}
ANSWER = {
    "model": "llama3.2",
    "message": {"role": "assistant", "content": "BUY"},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 20,
    "eval_count": 3,
}


def body_of(*turns, **others):
    return payload(asked(*turns, **others), DEFAULTS, "5m")


def calling(*calls):
    return {**ANSWER, "message": {"role": "assistant", "content": "", "tool_calls": list(calls)}}


def test_a_request_carries_the_context_size_and_the_token_limit():
    body = body_of(max_tokens=300)

    assert body["options"] == {"num_ctx": 8_192, "seed": 1, "temperature": 0.0, "num_predict": 300}
    assert body["keep_alive"] == "5m"
    assert body["messages"] == [
        {"role": "system", "content": "You judge shares."},
        {"role": "user", "content": "AAPL: rsi_14 is 28."},
    ]


def test_options_of_the_request_come_first_and_those_of_other_vendors_stay_behind():
    options = body_of(options={"temperature": 0.7, "search_recency_filter": "day"})["options"]

    assert options["temperature"] == 0.7
    assert "search_recency_filter" not in options


def test_samples_of_one_request_have_different_seeds():
    assert [body_of(sample=each)["options"]["seed"] for each in range(3)] == [1, 2, 3]


def test_a_schema_goes_only_without_tools():
    assert body_of(schema=VOTE)["format"] == VOTE
    assert "format" not in body_of(schema=VOTE, tools=(BARS,))


def test_tools_are_flat_and_say_their_limits():
    (tool,) = body_of(tools=(BARS,))["tools"]

    assert tool["type"] == "function"
    assert tool["function"]["name"] == "get_bars"
    assert "at most 50" in tool["function"]["parameters"]["properties"]["count"]["description"]


def test_answers_follow_the_turn_in_its_order_under_the_names_of_their_tools():
    heard = {"role": "assistant", "content": "", "tool_calls": [CALL, CALL]}
    answers = Answered((ToolAnswer("call_0", "get_bars", "[1]"), ToolAnswer("call_1", "score_news", "[2]")))

    assert body_of(Said("Go."), Heard(heard), answers)["messages"][2:] == [
        heard,
        {"role": "tool", "tool_name": "get_bars", "content": "[1]"},
        {"role": "tool", "tool_name": "score_news", "content": "[2]"},
    ]


def test_an_answer_becomes_a_turn():
    turn = completion(ANSWER)

    assert (turn.text, turn.stop, turn.model, turn.usage) == ("BUY", "end", "llama3.2", Usage(20, 3))
    assert turn.content == ANSWER["message"]


def test_tool_uses_get_ids_by_their_place():
    turn = completion(calling(CALL, CALL))

    assert turn.tool_uses == (ToolUse("call_0", "get_bars", {"count": 5}), ToolUse("call_1", "get_bars", {"count": 5}))
    assert turn.stop == "tool_use"


def test_counters_that_are_zero_are_left_out_and_read_as_zero():
    short = {name: value for name, value in ANSWER.items() if not name.endswith("count")}

    assert completion(short).usage == Usage(0, 0)


@pytest.mark.parametrize(("reason", "stop"), [("stop", "end"), ("length", "length"), (None, "end")])
def test_the_reason_to_stop_is_read(reason, stop):
    assert completion({**ANSWER, "done_reason": reason}).stop == stop


@pytest.mark.parametrize(
    ("changes", "kind"), [({"done": False}, "cut_short"), ({"done_reason": "load"}, "invalid_response")]
)
def test_an_answer_without_a_good_end_is_none(changes, kind):
    with pytest.raises(ProviderError) as caught:
        completion({**ANSWER, **changes})
    assert caught.value.kind == kind
