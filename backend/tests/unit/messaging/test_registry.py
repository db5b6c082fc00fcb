import pytest

from app.messaging.errors import MessageClassNotRegistered, MessageValidationError
from app.messaging.messages import BaseMessage
from app.messaging.registry import MessageRegistry
from tests.unit.messaging.scene import Quote, QuoteRequest

REGISTRY = MessageRegistry((Quote, QuoteRequest, Quote))


def test_a_body_is_read_as_its_class():
    message = Quote(symbol="AAPL", price=3.5)
    assert REGISTRY.read("Quote", message.model_dump_json().encode()) == message


@pytest.mark.parametrize("name", ["Order", "", None, "quote"])
def test_an_unknown_class_is_refused_with_those_that_are_known(name):
    with pytest.raises(MessageClassNotRegistered, match="Known: Quote, QuoteRequest") as refused:
        REGISTRY.read(name, b"{}")
    assert (refused.value.class_name, refused.value.available_classes) == (name, ("Quote", "QuoteRequest"))


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (b"secret", "body json_invalid"),
        (b'{"price": "secret", "symbol": 1}', "symbol string_type; price float_parsing"),
        (b"[]", "body model_type"),
        (b"\xff\xfe", "body json_invalid"),
        (b"[" * 100_000, "body json_invalid"),
        (b'{"symbol": "A", "price": NaN, "schema_version": 1.5}', "schema_version int_from_float"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_where_and_why_but_not_with_what_was_sent(body, finding):
    with pytest.raises(MessageValidationError) as refused:
        REGISTRY.read("Quote", body)
    assert finding in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_long_list_of_mistakes_is_cut_short():
    class Wide(BaseMessage, frozen=True):
        numbers: list[int]

    body = b'{"numbers": [' + b",".join([b'"x"'] * 100) + b"]}"
    with pytest.raises(MessageValidationError) as refused:
        MessageRegistry((Wide,)).read("Wide", body)
    assert len(refused.value.findings) == 5


def test_two_classes_of_one_name_are_refused():
    namesake = type("Quote", (BaseMessage,), {}, frozen=True)
    with pytest.raises(ValueError, match="called Quote"):
        MessageRegistry((Quote, namesake))
