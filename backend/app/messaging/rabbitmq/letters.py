"""Dead letters as the broker keeps them: those we wrote tell their reason, those it wrote tell their deaths."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from aiormq.abc import DeliveredMessage

from app.messaging.errors import AgentCommunicationError
from app.messaging.parcels import Codec, Parcel
from app.messaging.rabbitmq.posting import REASON, TOPIC, headers_of, received
from app.ports.queues import DeadLetter

M = TypeVar("M")


def letter_of(delivered: DeliveredMessage, queue: str, codec: Codec[M]) -> DeadLetter[M]:
    """Return a dead letter of `queue`; its message is None where it cannot be read."""
    headers = headers_of(delivered)
    death = _newest_death(headers)
    parcel = received(delivered)
    if TOPIC not in headers:
        parcel = replace(parcel, topic=str(next(iter(death.get("routing-keys", ())), "")))
    reason = str(headers.get(REASON) or death.get("reason") or "unknown")
    message = _readable(parcel, codec)
    return DeadLetter(queue, parcel.topic, reason, parcel.message_id or "", message, parcel.body)


def _newest_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    deaths: Sequence[Mapping[str, Any]] = headers.get("x-death") or ({},)
    return deaths[0]


def _readable(parcel: Parcel, codec: Codec[M]) -> M | None:
    try:
        return codec.unpack(parcel)
    except AgentCommunicationError:
        return None
