import hashlib
from dataclasses import fields, replace

import orjson
from hypothesis import given
from hypothesis import strategies as st

from app.ai.model_panel.request_keys import canonical_request, key_of
from app.domain.completions import Answered, Heard, ModelRequest, Said, ToolAnswer, ToolSpec

NAMES = st.text(max_size=6)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-2, 2), NAMES),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(NAMES, inner, max_size=2)),
    max_leaves=4,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=3)
TURNS = st.one_of(
    st.builds(Said, NAMES),
    st.builds(Heard, JSON),
    st.builds(Answered, st.lists(st.builds(ToolAnswer, NAMES, NAMES, NAMES, st.booleans()), max_size=2).map(tuple)),
)
FIELDS = {
    "provider": NAMES,
    "model": NAMES,
    "system": NAMES,
    "turns": st.lists(TURNS, max_size=3).map(tuple),
    "tools": st.lists(st.builds(ToolSpec, NAMES, NAMES, OBJECTS), max_size=2).map(tuple),
    "schema": st.none() | OBJECTS,
    "max_tokens": st.integers(1, 4_096),
    "options": OBJECTS,
    "prompt": NAMES,
    "sample": st.integers(0, 3),
}
REQUESTS = st.builds(ModelRequest, **FIELDS)


def key(request):
    return key_of(canonical_request(request))


def shuffled(value):
    """The same JSON with every object written the other way round."""
    if isinstance(value, dict):
        return {name: shuffled(part) for name, part in reversed(value.items())}
    return [shuffled(part) for part in value] if isinstance(value, list) else value


def written(value):
    return orjson.dumps(value, default=repr, option=orjson.OPT_SORT_KEYS)


def test_every_field_of_a_request_is_drawn_here():
    assert list(FIELDS) == [each.name for each in fields(ModelRequest)]


@given(REQUESTS)
def test_equal_requests_have_equal_keys_in_whatever_order_they_were_built(request):
    again = replace(
        request,
        options=shuffled(dict(request.options)),
        schema=None if request.schema is None else shuffled(dict(request.schema)),
        tools=tuple(replace(each, parameters=shuffled(dict(each.parameters))) for each in request.tools),
        turns=tuple(
            replace(each, content=shuffled(each.content)) if isinstance(each, Heard) else each for each in request.turns
        ),
    )
    assert key(again) == key(request)


@given(st.data(), REQUESTS, st.sampled_from(sorted(FIELDS)))
def test_another_value_of_any_field_is_another_key(data, request, name):
    other = replace(request, **{name: data.draw(FIELDS[name])})
    is_same = written(getattr(other, name)) == written(getattr(request, name))
    assert (key(other) == key(request)) == is_same


def test_who_said_something_makes_a_difference():
    by_turn = [
        (Said("yes"),),
        (Heard("yes"),),
        (Heard(["yes"]),),
        (Said("yes"), Said("yes")),
        (Answered((ToolAnswer("1", "t", "yes"),)),),
        (Answered((ToolAnswer("1", "t", "yes", is_error=True),)),),
    ]
    keys = {key(ModelRequest("p", "m", "s", turns)) for turns in by_turn}
    assert len(keys) == len(by_turn)


def test_a_key_is_the_same_on_every_machine_and_at_every_time():
    tool = ToolSpec("get_bars", "Bars.", {"type": "object"})
    turns = (Said("AAPL?"), Heard([{"x": 1}]), Answered((ToolAnswer("u", "get_bars", "{}", True),)))
    request = ModelRequest(
        "anthropic", "m", "Judge.", turns, (tool,), {"type": "object"}, 99, {"seed": 7}, "vote@1.0.0", 1
    )
    assert canonical_request(request) == (
        b'{"max_tokens":99,"model":"m","options":{"seed":7},"prompt":"vote@1.0.0","provider":"anthropic","sample":1,'
        b'"schema":{"type":"object"},"system":"Judge.","tools":[{"description":"Bars.","name":"get_bars",'
        b'"parameters":{"type":"object"}}],"turns":[{"said":"AAPL?"},{"heard":[{"x":1}]},{"answered":[{"content":"{}",'
        b'"is_error":true,"name":"get_bars","use_id":"u"}]}]}'
    )
    assert key(request) == hashlib.sha256(canonical_request(request)).hexdigest()
