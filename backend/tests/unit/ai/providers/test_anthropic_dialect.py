import pytest

from app.ai.providers.anthropic_dialect import MOST_TOKENS, completion, payload
from app.domain.completions import Answered, Heard, Said, ToolAnswer, ToolUse, Usage
from app.domain.errors import ProviderError
from tests.unit.ai.providers.asked import BARS, VOTE, asked

THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "get_bars", "input": {"count": 5}}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [THOUGHT, {"type": "text", "text": "Two "}, {"type": "text", "text": "parts."}],
    "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 20,
    },
}


def test_a_plain_request_offers_nothing_and_sends_no_sampling():
    body = payload(asked(options={"temperature": 0.2, "seed": 4}), enforced=True)

    assert body == {
        "model": "claude-haiku-4-5",
        "max_tokens": 2_048,
        "system": "You judge shares.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "AAPL: rsi_14 is 28."}]}],
        "cache_control": {"type": "ephemeral"},
    }


def test_strict_tools_and_the_answers_schema_go_in_one_request_and_nothing_is_forced():
    body = payload(asked(tools=(BARS,), schema=VOTE), enforced=True)

    assert body["tools"][0]["strict"] is True
    assert body["tools"][0]["input_schema"]["additionalProperties"] is False
    assert "minimum" not in str(body["tools"])
    assert body["tool_choice"] == {"type": "auto"}
    assert body["output_config"]["format"]["type"] == "json_schema"
    assert body["output_config"]["format"]["schema"]["additionalProperties"] is False


def test_where_schemas_are_refused_the_answers_is_told_after_the_last_words():
    body = payload(asked(tools=(BARS,), schema=VOTE), enforced=False)

    assert body["tools"] == [{"name": "get_bars", "description": BARS.description, "input_schema": BARS.parameters}]
    assert "output_config" not in body
    first, told = body["messages"][-1]["content"]
    assert first["text"] == "AAPL: rsi_14 is 28."
    assert '"enum":["BUY","HOLD","SELL"]' in told["text"]


def test_more_tokens_than_a_turn_needs_are_not_asked_for():
    assert payload(asked(max_tokens=100_000), enforced=True)["max_tokens"] == MOST_TOKENS
    assert payload(asked(max_tokens=64), enforced=True)["max_tokens"] == 64


def test_a_turn_of_the_model_goes_back_unchanged_and_its_answers_come_first_in_the_next_message():
    answers = (ToolAnswer("toolu_1", "get_bars", "[1]"), ToolAnswer("toolu_2", "get_bars", "no", is_error=True))
    turns = (Said("Go."), Heard([THOUGHT, USE, {**USE, "id": "toolu_2"}]), Answered(answers), Said("Now vote."))

    _, heard, answered = payload(asked(*turns), enforced=True)["messages"]

    assert heard == {"role": "assistant", "content": [THOUGHT, USE, {**USE, "id": "toolu_2"}]}
    assert answered["role"] == "user"
    assert [block["type"] for block in answered["content"]] == ["tool_result", "tool_result", "text"]
    assert [block.get("tool_use_id") for block in answered["content"]] == ["toolu_1", "toolu_2", None]
    assert [block.get("is_error") for block in answered["content"]] == [False, True, None]


def test_a_blank_text_of_the_model_stays_behind_because_the_api_refuses_to_read_it():
    turns = (Said("Go."), Heard([{"type": "text", "text": " "}, USE]), Answered((ToolAnswer("toolu_1", "b", "1"),)))

    assert payload(asked(*turns), enforced=True)["messages"][1]["content"] == [USE]


def test_the_conversation_handed_in_is_left_as_it_was():
    content = [THOUGHT]
    payload(asked(Said("a"), Heard(content), Heard([USE]), Said("b"), schema=VOTE), enforced=False)

    assert content == [THOUGHT]


def test_a_message_becomes_a_turn():
    turn = completion(MESSAGE)

    assert (turn.text, turn.stop, turn.model) == ("Two parts.", "end", "claude-haiku-4-5")
    assert turn.content == MESSAGE["content"]


def test_cached_tokens_are_parts_of_those_that_went_in():
    assert completion(MESSAGE).usage == Usage(330, 5, cache_read_tokens=300, cache_write_tokens=20)


def test_a_tool_use_keeps_its_id():
    turn = completion({**MESSAGE, "content": [USE], "stop_reason": "tool_use"})

    assert (turn.tool_uses, turn.stop) == ((ToolUse("toolu_1", "get_bars", {"count": 5}),), "tool_use")


@pytest.mark.parametrize(
    ("word", "stop"),
    [("stop_sequence", "end"), ("max_tokens", "length"), ("model_context_window_exceeded", "length")],
)
def test_the_other_ends_are_known(word, stop):
    assert completion({**MESSAGE, "stop_reason": word}).stop == stop


def test_a_message_without_a_reason_to_stop_was_cut():
    with pytest.raises(ProviderError) as caught:
        completion({**MESSAGE, "stop_reason": None})
    assert caught.value.kind == "cut_short"
