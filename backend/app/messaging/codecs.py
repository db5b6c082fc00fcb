"""How events of the desk and envelopes of agents are written for other processes."""

from typing import Any, cast

from app.domain.events import Event, EventType
from app.messaging.channels import channel_of, parse_channel
from app.messaging.envelopes import Envelope
from app.messaging.errors import InvalidChannelFormat, MessageRefusedError, MessageValidationError
from app.messaging.messages import BaseMessage
from app.messaging.parcels import LARGEST_BODY, Parcel, pack_message
from app.messaging.registry import MessageRegistry


class EventMessage(BaseMessage, frozen=True):
    """An event of the desk as other processes get it; the fields are those of `Event`."""

    type: EventType
    data: dict[str, Any]
    symbol: str = ""
    agent_type: str = ""
    agent_id: str = ""
    decision_id: str = ""
    name: str = ""
    seq: int = 0

    @classmethod
    def of(cls, event: Event) -> "EventMessage":
        """Write an event down."""
        message_id = event.message_id
        correlation_id = event.decision_id or message_id
        fields = event._asdict()
        return cls(message_id=message_id, correlation_id=correlation_id, **fields)

    @property
    def event(self) -> Event:
        """The event that was written down."""
        return Event(
            self.type,
            self.data,
            self.timestamp,
            self.symbol,
            self.agent_type,
            self.agent_id,
            self.decision_id,
            self.name,
            self.seq,
        )


class EventCodec:
    """Events of the desk."""

    def __init__(self) -> None:
        self._registry = MessageRegistry((EventMessage,))

    def pack(self, message: Event) -> Parcel:
        """Return the event as bytes; see `Codec.pack`."""
        try:
            written = EventMessage.of(message)
        except (TypeError, ValueError):
            raise MessageRefusedError("An event cannot be written as JSON: keep its data to JSON values.") from None
        return pack_message(written, message.topic)

    def unpack(self, parcel: Parcel) -> Event:
        """Return the event; see `Codec.unpack`."""
        return cast(EventMessage, _read(self._registry, parcel)).event


class EnvelopeCodec:
    """Envelopes with messages of the classes that are registered."""

    def __init__(self, registry: MessageRegistry) -> None:
        self._registry = registry

    def pack(self, message: Envelope) -> Parcel:
        """Return the envelope as bytes; see `Codec.pack`."""
        return pack_message(message.message, message.topic)

    def unpack(self, parcel: Parcel) -> Envelope:
        """Return the envelope; see `Codec.unpack`."""
        channel = channel_of(parcel.topic)
        if parse_channel(channel)["message_class"] != parcel.kind:
            raise InvalidChannelFormat(channel)
        return Envelope(channel, _read(self._registry, parcel))


def _read(registry: MessageRegistry, parcel: Parcel) -> BaseMessage:
    if len(parcel.body) > LARGEST_BODY:
        raise MessageValidationError(str(parcel.kind), [f"body longer than {LARGEST_BODY} bytes"])
    return registry.read(parcel.kind, parcel.body)
