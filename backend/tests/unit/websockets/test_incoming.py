"""Messages, topics and addresses of clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidInputError
from app.websockets.incoming import MessageError, read_message, read_query, read_since
from app.websockets.topics import check_room, read_topic, read_topics


@given(st.text(max_size=200))
def test_any_text_is_a_message_or_an_error_of_ours(text):
    try:
        read_message(text)
    except MessageError as error:
        assert str(error.reason)


def test_a_request_may_be_large_and_nothing_else():
    assert read_message('{"type":"agent_request","data":{"x":"%s"}}' % ("a" * 900_000)).kind == "agent_request"
    for text in ('{"type":"ping","data":{"x":"%s"}}', '{"type":"agent_request","data":{"x":"%s"}}'):
        with pytest.raises(MessageError):
            read_message(text % ("a" * 1_100_000))


@pytest.mark.parametrize(
    ("given_topic", "topic"), [("symbol:brk.b", "symbol:BRK.B"), ("*", "*"), ("agent:x_AAPL", "agent:x_AAPL")]
)
def test_topics_are_named_as_events_name_them(given_topic, topic):
    assert read_topic(given_topic) == topic


@pytest.mark.parametrize(
    "bad",
    ["", "symbol", "symbol:", "symbol:a b", "agent:", "agent:a/b", "SYMBOL:A", None, 7, [], "#", "symbol:" + "A" * 33],
)
def test_what_is_no_topic_is_refused(bad):
    with pytest.raises(InvalidInputError):
        read_topic(bad)


def test_topics_come_one_or_many_but_not_too_many():
    assert read_topics(["alert", "alert", "*"]) == ("alert", "*")
    for bad in ([], ["alert"] * 51):
        with pytest.raises(InvalidInputError):
            read_topics(bad)
    with pytest.raises(InvalidInputError):
        check_room(51)


def test_an_address_carries_topics_and_since():
    assert read_query(b"topics=a,b&since=7") == (["a", "b"], "7")
    assert read_query(b"") == (None, None)
    with pytest.raises(InvalidInputError):
        read_query(b"a=1&" * 30)


@given(st.text())
def test_since_is_a_number_or_refused(text):
    try:
        assert read_since(text) >= 0
    except InvalidInputError as error:
        assert "since" in error.public
