import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.channels import ChannelPattern, channel_of, encode_id, parse_channel, topic_of
from app.messaging.errors import InvalidChannelFormat
from app.messaging.topics import matches

QUOTE = ChannelPattern("Quote")
words = st.text(st.characters(), min_size=1, max_size=10)


def test_a_channel_names_class_direction_and_session():
    assert QUOTE("request", "session-1") == "Quote:request:session-1"
    assert parse_channel("Quote:request:session-1") == {
        "message_class": "Quote",
        "direction": "request",
        "session_id": "session-1",
    }


@given(words, words)
def test_any_direction_and_session_come_back_as_they_were(direction, session_id):
    parts = parse_channel(QUOTE(direction, session_id))
    assert (parts["direction"], parts["session_id"]) == (direction, session_id)


@given(words, words)
def test_no_id_can_add_a_word_or_become_a_wildcard_on_any_transport(direction, session_id):
    channel = QUOTE(direction, session_id)
    assert channel.count(":") == topic_of(channel).count(".") == 2
    assert not set(channel) & set("./*#>+ ")
    assert channel_of(topic_of(channel)) == channel


@pytest.mark.parametrize(
    "channel",
    [
        "",
        "Quote",
        "Quote:request",
        "Quote:request:",
        "Quote::1",
        ":request:1",
        "Quote:request:1:2",
        "Quote:request:a.b",
        "Quote:request:*",
        "Quote:request:%2a",
        "Quote:request:%41",
        "Quote:request:%FF",
        "Quote:request:%",
        "1Quote:request:1",
        "Quo te:request:1",
        None,
        7,
    ],
)
def test_what_is_spelled_otherwise_is_no_channel(channel):
    with pytest.raises(InvalidChannelFormat, match="MessageClass:direction:session_id") as refused:
        parse_channel(channel)
    assert refused.value.channel == channel


@pytest.mark.parametrize(("direction", "session_id"), [("", "1"), ("request", ""), ("request", "x" * 250)])
def test_a_word_that_is_empty_or_too_long_makes_no_channel(direction, session_id):
    with pytest.raises(InvalidChannelFormat, match="255"):
        QUOTE(direction, session_id)


def test_what_was_sent_is_not_repeated_in_public():
    with pytest.raises(InvalidChannelFormat) as refused:
        parse_channel("secret")
    assert "secret" in str(refused.value)
    assert "secret" not in refused.value.public


def test_a_pattern_covers_all_channels_of_a_class_or_those_of_a_direction_or_session():
    topic = topic_of(QUOTE("re.quest", "a*b"))
    assert matches(QUOTE.topics(), topic)
    assert matches(QUOTE.topics(direction="re.quest"), topic)
    assert matches(QUOTE.topics(session_id="a*b"), topic)
    assert not matches(QUOTE.topics(session_id="a"), topic)
    assert not matches(ChannelPattern("Quotes").topics(), topic)


def test_plain_ids_stay_readable():
    assert encode_id("019aa7a4-6f00_BRK~B") == "019aa7a4-6f00_BRK~B"
