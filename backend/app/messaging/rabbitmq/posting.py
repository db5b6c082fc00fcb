"""One message as the broker is given it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from app.messaging.parcels import Parcel

TOPIC: Final = "conclave-topic"
QUEUE: Final = "conclave-queue"
REASON: Final = "conclave-reason"
_PERSISTENT: Final = 2
_LONGEST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Posting:
    """A parcel with the place it goes to.

    Args:
        exchange: empty for the queue that is called `routing_key`.
        mandatory: whether it is an error that no queue takes it.
    """

    exchange: str
    routing_key: str
    body: bytes
    properties: Basic.Properties
    mandatory: bool


def properties_of(
    parcel: Parcel,
    *,
    headers: Mapping[str, str] | None = None,
    correlation_id: str | None = None,
    reply_to: str | None = None,
    expires_s: float | None = None,
) -> Basic.Properties:
    """Describe a parcel to the broker: JSON that survives a restart.

    Args:
        correlation_id: of a request and its answer; otherwise that of the conversation is told.
        expires_s: after which nobody waits for it any more.
    """
    return Basic.Properties(
        content_type="application/json",
        delivery_mode=_PERSISTENT,
        headers=dict(headers or {}),
        message_id=parcel.message_id,
        message_type=parcel.kind,
        correlation_id=correlation_id or parcel.correlation_id,
        reply_to=reply_to,
        expiration=None if expires_s is None else str(max(1, int(expires_s * 1_000))),
    )


def published(exchange: str, parcel: Parcel, mandatory: bool) -> Posting:
    """To whoever listens to its topic."""
    return Posting(exchange, parcel.topic, parcel.body, properties_of(parcel), mandatory)


def sent(queue: str, parcel: Parcel, **others: Any) -> Posting:
    """To one queue by name; the topic travels along."""
    properties = properties_of(parcel, headers={TOPIC: parcel.topic}, **others)
    return Posting("", queue, parcel.body, properties, mandatory=True)


def buried(exchange: str, queue: str, parcel: Parcel, reason: str) -> Posting:
    """To the dead letters of a queue, as it came, with the reason."""
    headers = {TOPIC: parcel.topic, QUEUE: queue, REASON: reason[:_LONGEST_REASON]}
    return Posting(exchange, queue, parcel.body, properties_of(parcel, headers=headers), mandatory=True)


def headers_of(delivered: DeliveredMessage) -> Mapping[str, Any]:
    """Return the headers a message came with."""
    return delivered.header.properties.headers or {}


def received(delivered: DeliveredMessage) -> Parcel:
    """Return what came as a parcel."""
    properties = delivered.header.properties
    topic = str(headers_of(delivered).get(TOPIC) or delivered.routing_key or "")
    return Parcel(properties.message_type, topic, properties.message_id, properties.correlation_id, delivered.body)
