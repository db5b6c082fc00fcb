"""What a context of limited size leaves of a conversation; Ollama forgets the rest without a word."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.testing.fake_models.conversation import LETTERS_PER_TOKEN, tokens

TOKENS_PER_MESSAGE = 4
Message = Mapping[str, Any]


def in_sight(messages: Sequence[Message], context: int) -> list[Message]:
    """Return the messages the context holds.

    System messages always, of the others the newest; of a last message that is too long only the end.
    """
    room = context - sum(_size(each) for each in messages if each["role"] == "system")
    kept: list[Message] = []
    for each in reversed(messages):
        is_last, size = each is messages[-1], 0 if each["role"] == "system" else _size(each)
        if size <= room:
            kept.append(each)
        elif is_last:
            kept.append(_end_of(each, room))
        room -= size
    return kept[::-1]


def _size(message: Message) -> int:
    return tokens(message.get("content") or "") + TOKENS_PER_MESSAGE


def _end_of(message: Message, room: int) -> Message:
    letters = max(1, LETTERS_PER_TOKEN * (room - TOKENS_PER_MESSAGE))
    return {**message, "content": (message.get("content") or "")[-letters:]}
