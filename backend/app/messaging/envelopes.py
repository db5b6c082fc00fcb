"""A typed message on its way through a channel."""

from dataclasses import dataclass

from app.messaging.channels import ChannelParts, parse_channel, topic_of
from app.messaging.messages import BaseMessage


@dataclass(frozen=True, slots=True)
class Envelope:
    """What transports carry between agents.

    Args:
        channel: as the message class's `get_channel_pattern()` builds it.
    """

    channel: str
    message: BaseMessage

    @classmethod
    def to(cls, direction: str, session_id: str, message: BaseMessage) -> "Envelope":
        """Address a message.

        Raises:
            InvalidChannelFormat: a word is empty or too long.
        """
        return cls(message.get_channel_pattern()(direction, session_id), message)

    @property
    def topic(self) -> str:
        """The channel as transports route it."""
        return topic_of(self.channel)

    @property
    def message_id(self) -> str:
        """The id of the message."""
        return self.message.message_id

    @property
    def context(self) -> ChannelParts:
        """The words of the channel."""
        return parse_channel(self.channel)
