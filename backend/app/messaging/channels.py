"""Channels name conversations: `MessageClass:direction:session_id`, ids encoded so that no word can look like two."""

import re
from dataclasses import dataclass
from typing import Final, TypedDict
from urllib.parse import unquote_to_bytes

from app.messaging.errors import InvalidChannelFormat

ANY: Final = "*"
_PLAIN = re.compile(r"[A-Za-z0-9_\-~]")
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LONGEST = 255
"""Bytes of a routing key in AMQP."""


class ChannelParts(TypedDict):
    """The words of a channel, decoded."""

    message_class: str
    direction: str
    session_id: str


@dataclass(frozen=True, slots=True)
class ChannelPattern:
    """Builds the channels of one message class: `pattern("request", session_id)`."""

    message_class: str

    def __call__(self, direction: str, session_id: str) -> str:
        """Return the channel; ids may hold any character.

        Raises:
            InvalidChannelFormat: a word is empty or the whole is longer than 255 bytes.
        """
        channel = f"{self.message_class}:{encode_id(direction)}:{encode_id(session_id)}"
        if not direction or not session_id or len(channel) > _LONGEST:
            raise InvalidChannelFormat(channel)
        return channel

    def topics(self, direction: str | None = None, session_id: str | None = None) -> str:
        """Return the topic pattern of all channels of the class, or of those with this direction or session."""
        words = (ANY if word is None else encode_id(word) for word in (direction, session_id))
        return ".".join((self.message_class, *words))


def encode_id(text: str) -> str:
    """Return `text` without any character that separates words or is a wildcard on some transport."""
    return "".join(map(_encode, text))


def parse_channel(channel: str) -> ChannelParts:
    """Return the words of a channel, decoded.

    Raises:
        InvalidChannelFormat: it is not spelled as `get_channel_pattern` spells it.
    """
    words = channel.split(":") if isinstance(channel, str) else []
    if len(words) != 3 or not all(words) or not _CLASS.fullmatch(words[0]):
        raise InvalidChannelFormat(channel)
    direction, session_id = (_decode(word, channel) for word in words[1:])
    return ChannelParts(message_class=words[0], direction=direction, session_id=session_id)


def topic_of(channel: str) -> str:
    """Return the routing key of a channel."""
    return channel.replace(":", ".")


def channel_of(topic: str) -> str:
    """Return the channel of a routing key; see `parse_channel` for whether it is one."""
    return topic.replace(".", ":")


def _encode(character: str) -> str:
    if _PLAIN.fullmatch(character):
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _decode(word: str, channel: str) -> str:
    try:
        text = unquote_to_bytes(word).decode("utf-8", "surrogatepass")
    except UnicodeError:
        raise InvalidChannelFormat(channel) from None
    if encode_id(text) != word:
        raise InvalidChannelFormat(channel)
    return text
