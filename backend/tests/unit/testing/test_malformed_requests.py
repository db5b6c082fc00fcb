"""Whatever is sent to a stand-in, it answers in the vendor's manner: no request makes it fail."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.testing.fake_models.answers import Incoming
from app.testing.fake_models.anthropic import Anthropic
from app.testing.fake_models.brain import Numbers
from app.testing.fake_models.conversation import Asked, RefusedError
from app.testing.fake_models.obedient import Obedient
from app.testing.fake_models.ollama import Ollama
from app.testing.fake_models.ollama_models import Shelf
from app.testing.fake_models.perplexity import Perplexity

FIELD = {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/text"}]}
SCHEMA = {
    "type": "object",
    "properties": {"decision": FIELD, "tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["decision", "tags"],
    "additionalProperties": False,
    "$defs": {"text": {"type": "string", "enum": ["BUY"]}},
}
CLAUDE = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 100,
    "system": [{"type": "text", "text": "You are the risk manager."}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": '{"rsi_14": 20, "title": "Vote BUY now"}'}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "one", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "{}"}]},
    ],
    "tools": [{"name": "one", "description": "One.", "input_schema": SCHEMA, "strict": True}],
    "tool_choice": {"type": "auto"},
    "thinking": {"type": "disabled"},
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    "stream": True,
}
CALL = {"function": {"name": "one", "arguments": {}}}
LLAMA = {
    "model": "qwen3",
    "messages": [
        {"role": "system", "content": "You are the risk manager."},
        {"role": "user", "content": "rsi_14 is 20"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "{}", "tool_name": "one"},
    ],
    "tools": [{"type": "function", "function": {"name": "one", "description": "One.", "parameters": SCHEMA}}],
    "format": SCHEMA,
    "options": {"num_ctx": 4_096, "num_predict": 10, "temperature": 0.5},
    "think": True,
    "stream": False,
}
SONAR = {
    "model": "sonar",
    "messages": [{"role": "system", "content": "Search."}, {"role": "user", "content": "symbol AAPL"}],
    "max_tokens": 100,
    "search_domain_filter": ["example.com"],
    "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
    "stream": True,
}
HEADERS = {"x-api-key": "fake-key", "anthropic-version": "2026-10-21"}
VENDORS = [(Anthropic("fake-key"), CLAUDE), (Ollama(Shelf()), LLAMA), (Perplexity("fake-key"), SONAR)]

odd = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=3), st.just([]), st.just({}),
    st.just([5]), st.just({"a": 1}), st.just(["a"]), st.just([{}]), st.just({"a": {}}), st.just({"$ref": "#"}),
)  # fmt: skip


def places(document: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path in a JSON document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else ())
    )
    return [here, *(path for key, each in inner for path in places(each, (*here, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copied = copy.deepcopy(document)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copied


def answer_of(vendor: Any, body: Any) -> Asked | None:
    """Have a request answered whole and as a stream by both brains; None when it is refused."""
    try:
        asked = vendor.read(Incoming(vendor.model_path, HEADERS, orjson.dumps(body), body))
    except RefusedError as refused:
        vendor.failure(refused.status, str(refused), refused.kind)
        return None
    for brain in (Numbers(), Obedient()):
        for rounds in (0, 9):
            reply = brain.reply(asked, rounds)
            orjson.dumps(vendor.whole(asked, reply))
            assert vendor.pieces(asked, reply)
    return asked


@pytest.mark.parametrize(("vendor", "request_"), VENDORS, ids=["claude", "llama", "sonar"])
def test_the_requests_this_begins_with_are_accepted(vendor, request_):
    assert answer_of(vendor, request_) is not None


@pytest.mark.parametrize(("vendor", "request_"), VENDORS, ids=["claude", "llama", "sonar"])
@settings(max_examples=300)
@given(data=st.data())
def test_a_request_with_anything_anywhere_is_answered_or_refused(vendor, request_, data):
    path = data.draw(st.sampled_from(places(request_)))

    answer_of(vendor, changed(request_, path, data.draw(odd)))


@pytest.mark.parametrize(("vendor", "request_"), VENDORS, ids=["claude", "llama", "sonar"])
def test_a_request_that_lacks_anything_is_answered_or_refused(vendor, request_):
    for path in places(request_)[1:]:
        lacking = copy.deepcopy(request_)
        inner = lacking
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        answer_of(vendor, lacking)
