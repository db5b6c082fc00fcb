import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.testing.fake_models.json_filling import filled, fits, required
from app.testing.fake_models.schema_shape import is_schema


def an_object(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "none"),
        ({"type": "string", "minLength": 6}, "none.."),
        ({"type": "integer"}, 0),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "number", "maximum": -1}, -1),
        ({"type": "integer", "description": "how many (at least 5, at most 9)"}, 5),
        ({"type": "array", "items": {"type": "string"}, "description": "at least 5 items"}, []),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": ["null", "string"]}, "none"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
        ({"enum": ["buy", "sell"]}, "buy"),
        ({"const": 7}, 7),
        ({"type": "integer", "default": 20}, 20),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, "none"),
        ({"anyOf": [{"type": "null"}]}, None),
        ({"type": "object"}, {}),
        ({}, None),
    ],
)
def test_a_field_without_an_idea_gets_a_plain_value_that_its_schema_allows(schema, value):
    assert filled(an_object(field=schema), {}) == {"field": value}


def test_an_idea_stands_where_it_fits():
    schema = an_object(
        decision={"enum": ["BUY", "HOLD"]},
        confidence={"type": "number"},
        stop_loss={"anyOf": [{"type": "number"}, {"type": "null"}]},
        take_profit={"type": ["number", "null"]},
    )
    ideas = {"decision": "HOLD", "confidence": 0.4, "stop_loss": None, "take_profit": 12.5, "mood": 1}

    value = filled(schema, ideas)

    assert value == {"decision": "HOLD", "confidence": 0.4, "stop_loss": None, "take_profit": 12.5}


def test_an_idea_that_does_not_fit_gives_way():
    schema = an_object(decision={"enum": ["UP", "DOWN"]}, confidence={"type": "string"}, stop_loss={"type": "number"})

    value = filled(schema, {"decision": "BUY", "confidence": 0.4, "stop_loss": None})

    assert value == {"decision": "UP", "confidence": "none", "stop_loss": 0}


def test_true_is_no_number():
    assert not fits(True, {"type": "number"})
    assert fits(True, {"type": "boolean"})


def test_references_are_followed_and_one_without_end_allows_anything():
    schema = an_object(price={"$ref": "#/$defs/price"}, tree={"$ref": "#/$defs/tree"}, lost={"$ref": "#/$defs/none"})
    schema["$defs"] = {"price": {"type": "number"}, "tree": an_object(inner={"$ref": "#/$defs/tree"})}

    assert filled(schema, {"price": 5}) == {"price": 5, "tree": {"inner": None}, "lost": None}


def test_only_what_must_be_given_is_given_to_a_tool():
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]}

    assert list(required(schema)["properties"]) == ["b"]
    assert required({"type": "object"})["properties"] == {}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"type": "colour"},
        {"type": []},
        {"properties": []},
        {"properties": {"a": 1}},
        {"anyOf": []},
        {"items": [{}]},
        {"enum": []},
        {"required": "a"},
        {"minItems": -1},
        {"minimum": "low"},
    ],
)
def test_what_is_no_schema_is_known_for_it(document):
    assert not is_schema(document)
    assert not is_schema(an_object(field=document))


def test_a_schema_deeper_than_anybody_looks_is_none():
    schema = {"type": "string"}
    for _ in range(50):
        schema = {"type": "array", "items": schema}

    assert not is_schema(schema)


kinds = st.sampled_from(["string", "number", "integer", "boolean", "null"])
simple = kinds.map(lambda kind: {"type": kind}) | st.lists(kinds, min_size=1).map(lambda kinds: {"type": kinds})
schemas = st.recursive(
    simple,
    lambda inner: (
        st.dictionaries(st.text(max_size=3), inner, max_size=3).map(lambda fields: an_object(**fields))
        | st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options})
        | inner.map(lambda items: {"type": "array", "items": items, "minItems": 1})
    ),
    max_leaves=8,
)


@given(schemas, st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | st.floats() | st.text(max_size=2)))
def test_whatever_is_asked_for_is_what_is_given(schema, ideas):
    assert is_schema(schema)
    assert follows(filled(schema, ideas), schema)


def follows(value, schema):
    """Whether a value follows a schema made of the words above."""
    if "properties" in schema:
        wanted = schema["properties"]
        return list(value) == list(wanted) and all(follows(value[name], each) for name, each in wanted.items())
    if "anyOf" in schema:
        return any(follows(value, each) for each in schema["anyOf"])
    if schema["type"] == "array":
        return isinstance(value, list) and all(follows(each, schema["items"]) for each in value)
    return fits(value, schema)
