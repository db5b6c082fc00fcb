import json
from datetime import UTC
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Event, EventType
from app.messaging.codecs import EnvelopeCodec, EventCodec
from app.messaging.envelopes import Envelope
from app.messaging.errors import (
    InvalidChannelFormat,
    MessageClassNotRegistered,
    MessageRefusedError,
    MessageValidationError,
)
from app.messaging.parcels import LARGEST_BODY, Parcel
from app.messaging.registry import MessageRegistry
from tests.builders import START
from tests.unit.messaging.scene import Quote, QuoteRequest

EVENTS = EventCodec()
ENVELOPES = EnvelopeCodec(MessageRegistry((Quote, QuoteRequest)))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
events = st.builds(
    Event,
    st.sampled_from(EventType),
    st.dictionaries(texts, json_values, max_size=4),
    st.datetimes(timezones=st.just(UTC)),
    texts,
    texts,
    texts,
    texts,
    texts,
    st.integers(0, 2**62),
)


@given(events)
def test_an_event_comes_back_as_it_was_under_the_same_id(event):
    arrived = EVENTS.unpack(EVENTS.pack(event))
    assert arrived == event
    assert arrived.message_id == event.message_id


def test_a_parcel_tells_what_can_be_known_without_reading_it():
    event = Event(EventType.ALERT, {}, START, decision_id="the decision", seq=1)
    parcel = EVENTS.pack(event)
    assert (parcel.kind, parcel.topic, parcel.message_id) == ("EventMessage", "alert", event.message_id)
    assert parcel.correlation_id == "the decision"
    assert json.loads(parcel.body)["correlation_id"] == "the decision"


@pytest.mark.parametrize("data", [{"what": object()}, {1: 2}, MappingProxyType({"x": [object()]})])
def test_an_event_that_is_not_json_like_is_refused(data):
    with pytest.raises(MessageRefusedError, match="JSON"):
        EVENTS.pack(Event(EventType.ALERT, data, START))


def test_an_envelope_comes_back_with_channel_and_message():
    envelope = Envelope.to("request", "a.b", QuoteRequest(symbol="AAPL"))
    parcel = ENVELOPES.pack(envelope)
    assert parcel.topic == "QuoteRequest.request.a%2Eb"
    assert ENVELOPES.unpack(parcel) == envelope
    assert envelope.context["session_id"] == "a.b"
    assert envelope.message_id == envelope.message.message_id == parcel.message_id


@pytest.mark.parametrize(
    ("kind", "topic", "error"),
    [
        ("Quote", "QuoteRequest.request.1", InvalidChannelFormat),
        ("Quote", "Quote.request", InvalidChannelFormat),
        ("Order", "Order.request.1", MessageClassNotRegistered),
        (None, "", InvalidChannelFormat),
    ],
)
def test_an_envelope_whose_class_or_channel_does_not_fit_is_refused(kind, topic, error):
    with pytest.raises(error):
        ENVELOPES.unpack(Parcel(kind, topic, None, None, Quote(symbol="A").model_dump_json().encode()))


def test_too_large_a_message_is_refused_on_either_side():
    with pytest.raises(MessageRefusedError, match="too large"):
        ENVELOPES.pack(Envelope.to("d", "s", QuoteRequest(symbol="x" * LARGEST_BODY)))
    with pytest.raises(MessageValidationError, match="longer than"):
        EVENTS.unpack(Parcel("EventMessage", "alert", None, None, b" " * (LARGEST_BODY + 1)))
