import pytest

from app.ai.providers.schemas import flat, strict
from tests.unit.ai.providers.asked import BARS, VOTE


def test_a_strict_schema_is_closed_and_says_its_limits_in_words():
    assert strict(VOTE) == {
        "type": "object",
        "properties": {
            "decision": {"type": "string", "enum": ["BUY", "HOLD", "SELL"]},
            "confidence": {"type": "number", "description": "how sure (at least 0, at most 1)"},
        },
        "required": ["decision", "confidence"],
        "additionalProperties": False,
    }


def test_every_object_inside_is_closed_too():
    inner = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
    schema = {
        "type": "object",
        "properties": {"list": {"type": "array", "items": inner, "maxItems": 3}, "either": {"anyOf": [inner]}},
        "$defs": {"inner": inner},
    }
    closed = {
        "type": "object",
        "properties": {"n": {"type": "integer", "description": "(at least 1)"}},
        "additionalProperties": False,
    }

    result = strict(schema)

    assert result["properties"]["list"] == {"type": "array", "items": closed, "description": "(at most 3 items)"}
    assert result["properties"]["either"] == {"anyOf": [closed]}
    assert result["$defs"] == {"inner": closed}


def test_a_reference_stands_alone():
    assert strict({"$ref": "#/$defs/inner", "description": "the inner one"}) == {"$ref": "#/$defs/inner"}


def test_an_open_object_is_closed():
    assert strict({"type": "object", "properties": {}, "additionalProperties": True})["additionalProperties"] is False


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"exclusiveMinimum": 0}, "(more than 0)"),
        ({"exclusiveMaximum": 9}, "(less than 9)"),
        ({"multipleOf": 5}, "(a multiple of 5)"),
        ({"minLength": 1, "maxLength": 8}, "(at least 1 characters, at most 8 characters)"),
        ({"pattern": "^A"}, "(matching ^A)"),
        ({"format": "date-time"}, "(in the form date-time)"),
        ({"uniqueItems": True}, "(each item once)"),
        ({"minItems": 2}, "(at least 2 items)"),
        ({"default": 0}, "(0 if not given)"),
        ({"default": None}, None),
    ],
)
def test_no_limit_is_lost(limit, words):
    assert strict({"type": "string", **limit}).get("description") == words


def test_a_flat_schema_keeps_what_ollama_reads_and_says_the_rest():
    assert flat(BARS.parameters) == {
        "type": "object",
        "properties": {"count": {"type": "integer", "description": "(at least 1, at most 50, 20 if not given)"}},
        "required": ["count"],
    }


def test_a_tool_without_arguments_is_an_empty_object():
    assert flat({"type": "object"}) == {"type": "object", "properties": {}, "required": []}


def test_the_schema_handed_in_is_left_as_it_was():
    before = repr(VOTE)
    strict(VOTE), flat(BARS.parameters)
    assert repr(VOTE) == before
