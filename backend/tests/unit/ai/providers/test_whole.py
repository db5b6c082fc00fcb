from dataclasses import replace
from functools import reduce

import orjson
import pytest

from app.ai.providers.whole import MOST_TEXT, count, known_stop, whole
from app.domain.completions import Completion, Heard, ModelRequest, Said, ToolUse, Usage
from app.domain.errors import ProviderError

PLAIN = Completion("BUY", (), "end", Usage(3, 1), "claude")
USE = ToolUse("call_0", "get_bars", {"count": 5})
STOPS = {"end_turn": "end"}


def kind_of(completion):
    with pytest.raises(ProviderError) as caught:
        whole("Vendor", completion)
    return caught.value.kind


@pytest.mark.parametrize(
    "completion",
    [
        PLAIN,
        replace(PLAIN, stop="length"),
        replace(PLAIN, text="", tool_uses=(USE,), stop="tool_use"),
        replace(PLAIN, text="x" * MOST_TEXT),
    ],
    ids=["text", "length", "tool use", "as long as may be"],
)
def test_a_whole_turn_comes_back_as_it_is(completion):
    assert whole("Vendor", completion) is completion


@pytest.mark.parametrize(
    "changes",
    [
        {"text": None},
        {"text": ["BUY"]},
        {"model": None},
        {"text": ""},
        {"text": " \n"},
        {"text": "", "stop": "length"},
        {"stop": "tool_use"},
        {"tool_uses": (USE,)},
        {"tool_uses": (USE,), "stop": "length"},
        {"tool_uses": (replace(USE, arguments=[1]),), "stop": "tool_use"},
        {"tool_uses": (replace(USE, arguments="{}"),), "stop": "tool_use"},
        {"tool_uses": (replace(USE, arguments=None),), "stop": "tool_use"},
        {"tool_uses": (replace(USE, name=None),), "stop": "tool_use"},
        {"tool_uses": (replace(USE, name=""),), "stop": "tool_use"},
        {"tool_uses": (replace(USE, id=7),), "stop": "tool_use"},
        {"text": "half a pair: \ud83d"},
        {"tool_uses": (replace(USE, arguments={"count": 2**70}),), "stop": "tool_use"},
        {"content": {"text": "\ud83d"}},
    ],
    ids=str,
)
def test_a_turn_that_cannot_be_used_or_kept_is_no_answer(changes):
    assert kind_of(replace(PLAIN, **changes)) == "invalid_response"


def test_a_text_beyond_the_limit_is_too_large():
    assert kind_of(replace(PLAIN, text="x" * (MOST_TEXT + 1))) == "too_large"


def test_a_refusal_is_one_even_when_it_says_nothing():
    assert kind_of(replace(PLAIN, text="", stop="refusal")) == "refusal"


def test_the_vendors_word_for_the_end_becomes_ours():
    assert known_stop("Vendor", "end_turn", STOPS) == "end"


def test_an_answer_without_an_end_was_cut_short():
    with pytest.raises(ProviderError) as caught:
        known_stop("Vendor", None, STOPS)
    assert (caught.value.kind, caught.value.is_transient) == ("cut_short", True)


@pytest.mark.parametrize("word", ["pause_turn", "", 7, ["end_turn"]])
def test_an_unknown_end_is_no_answer_and_is_not_repeated(word):
    with pytest.raises(ProviderError) as caught:
        known_stop("Vendor", word, STOPS)
    assert str(caught.value) == "Vendor stopped for a reason that is not known."


@pytest.mark.parametrize(("told", "tokens"), [(7, 7), (0, 0), (None, 0), (-2, 0), (True, 0), ("7", 0), (1.5, 0)])
def test_only_a_count_counts(told, tokens):
    assert count(told) == tokens


@pytest.mark.parametrize("depth", range(200, 260))
def test_a_turn_that_is_taken_can_be_said_again_and_written_down_however_deep_it_goes(depth):
    arguments = {"count": reduce(lambda inner, _: [inner], range(depth), 5)}
    content = [{"type": "tool_use", "input": arguments}]
    turn = replace(PLAIN, text="", tool_uses=(replace(USE, arguments=arguments),), stop="tool_use", content=content)
    try:
        taken = whole("Vendor", turn)
    except ProviderError as error:
        assert error.kind == "invalid_response"
        return
    assert ModelRequest("anthropic", "claude", "", (Said("AAPL?"), Heard(taken.content))).written
    assert orjson.dumps({"tool_calls": [{"arguments": arguments}]})
