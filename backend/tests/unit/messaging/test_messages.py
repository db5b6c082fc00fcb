from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.messaging.messages import RECEIVED
from tests.unit.messaging.scene import Quote, QuoteRequest


def test_a_first_message_begins_a_conversation_under_its_own_id():
    message = QuoteRequest(symbol="AAPL")
    assert UUID(message.message_id).version == 7
    assert (message.correlation_id, message.causation_id) == (message.message_id, None)
    assert message.schema_version == 1


def test_a_message_that_follows_another_stays_in_its_conversation():
    first = QuoteRequest(symbol="AAPL")
    second = Quote.following(first, symbol="AAPL", price=2)
    third = Quote.following(second, symbol="AAPL")
    assert second.correlation_id == third.correlation_id == first.message_id
    assert (second.causation_id, third.causation_id) == (first.message_id, second.message_id)
    assert len({each.message_id for each in (first, second, third)}) == 3


def test_times_are_aware_and_utc():
    assert QuoteRequest(symbol="A").timestamp.tzinfo is UTC
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert QuoteRequest(symbol="A", timestamp=noon).timestamp == datetime(2026, 1, 1, 10, tzinfo=UTC)
    with pytest.raises(ValidationError):
        QuoteRequest(symbol="A", timestamp=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_a_message_cannot_be_changed():
    message = QuoteRequest(symbol="AAPL")
    with pytest.raises(ValidationError):
        message.symbol = "MSFT"


def test_a_misspelled_field_is_found_in_code():
    with pytest.raises(ValidationError, match="QuoteRequest has no such field; it has schema_version"):
        QuoteRequest(symbol="AAPL", simbol="AAPL")


def test_fields_of_a_newer_version_are_kept_and_sent_on():
    newer = b'{"schema_version": 2, "symbol": "AAPL", "venue": {"name": "X"}}'
    message = QuoteRequest.model_validate_json(newer, context=RECEIVED)
    assert message.schema_version == 2
    assert message.model_dump()["venue"] == {"name": "X"}
    assert '"venue":{"name":"X"}' in message.model_dump_json()


@pytest.mark.parametrize("fields", [{"schema_version": 0}, {"message_id": ""}, {"correlation_id": "x" * 129}])
def test_ids_and_versions_have_limits(fields):
    with pytest.raises(ValidationError):
        QuoteRequest(symbol="AAPL", **fields)


def test_the_channel_pattern_is_that_of_the_class():
    assert QuoteRequest(symbol="A").get_channel_pattern()("request", "s") == "QuoteRequest:request:s"
    assert Quote.get_channel_pattern()(direction="reply", session_id="s") == "Quote:reply:s"
