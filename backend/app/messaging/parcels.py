"""Messages as bytes, between processes only: within one they are handed over as they are."""

from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from app.messaging.errors import MessageRefusedError
from app.messaging.messages import BaseMessage

M = TypeVar("M")

LARGEST_BODY: Final = 4 * 1_024 * 1_024


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on the wire: JSON, and what can be told without reading it.

    Args:
        kind: name of the message class.
        correlation_id: of the conversation.
    """

    kind: str | None
    topic: str
    message_id: str | None
    correlation_id: str | None
    body: bytes


class Codec(Protocol[M]):
    """Writes and reads what a transport carries."""

    def pack(self, message: M) -> Parcel:
        """Return the message as bytes.

        Raises:
            MessageRefusedError: it is larger than LARGEST_BODY or cannot be written as JSON.
        """

    def unpack(self, parcel: Parcel) -> M:
        """Return the message.

        Raises:
            AgentCommunicationError: it is of an unknown class, or does not fit its class, or its channel.
        """


def pack_message(message: BaseMessage, topic: str) -> Parcel:
    """Return a typed message as bytes; see `Codec.pack`."""
    kind = type(message).__name__
    try:
        body = message.model_dump_json().encode()
    except ValueError as error:
        raise MessageRefusedError(f"A {kind} cannot be written as JSON: keep to JSON values.") from error
    if len(body) > LARGEST_BODY:
        raise MessageRefusedError(f"A {kind} of {len(body)} bytes is too large; send at most {LARGEST_BODY}.")
    return Parcel(kind, topic, message.message_id, message.correlation_id, body)
