"""The messages of a request to Claude, read turn by turn; what is not formed like a message is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.testing.fake_models.conversation import RefusedError

ROLES: Final = ("user", "assistant", "system")
BLOCKS: Final[Mapping[str, Mapping[str, type]]] = {
    "text": {"text": str},
    "thinking": {"thinking": str, "signature": str},
    "redacted_thinking": {"data": str},
    "tool_use": {"id": str, "name": str, "input": dict},
    "tool_result": {"tool_use_id": str},
}
VALID: Final[Mapping[type, str]] = {str: "Input should be a valid string", dict: "Input should be a valid dictionary"}


@dataclass(frozen=True, slots=True)
class Turn:
    """Neighbouring messages of one role; `place` is the number of the first."""

    place: int
    role: str
    blocks: tuple[Mapping[str, Any], ...]

    @property
    def tool_use_ids(self) -> list[str]:
        """The ids of its tool calls."""
        return [block["id"] for block in self.blocks if block["type"] == "tool_use"]

    @property
    def answers_tools(self) -> bool:
        """Whether it holds results of tool calls."""
        return any(block["type"] == "tool_result" for block in self.blocks)


def turns(messages: Any) -> list[Turn]:
    """Return the messages with neighbours of one role joined.

    Raises:
        RefusedError: one is not formed like a message, or the user does not begin.
    """
    if not isinstance(messages, list):
        raise RefusedError(400, "messages: Input should be a valid list")
    if not messages:
        raise RefusedError(400, "messages: at least one message is required")
    joined: list[Turn] = []
    for place, each in enumerate(messages):
        turn = _turn(place, each)
        if joined and joined[-1].role == turn.role:
            turn = Turn(joined[-1].place, turn.role, (*joined.pop().blocks, *turn.blocks))
        joined.append(turn)
    if joined[0].role != "user":
        raise RefusedError(400, 'messages: first message must use the "user" role')
    return joined


def text_of(content: Any) -> str:
    """Return the text of a string or of a list of text blocks."""
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in content if isinstance(block, dict))


def _turn(place: int, message: Any) -> Turn:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise RefusedError(400, f"messages.{place}.role: Input should be 'user', 'assistant' or 'system'")
    content = message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list) or not content:
        raise RefusedError(400, f"messages.{place}: all messages must have non-empty content")
    for number, block in enumerate(content):
        _check_block(f"messages.{place}.content.{number}", message["role"], block)
    return Turn(place, message["role"], tuple(content))


def _check_block(at: str, role: str, block: Any) -> None:
    if not isinstance(block, dict) or block.get("type") not in tuple(BLOCKS):
        raise RefusedError(400, f"{at}: Input tag does not match any of the expected tags")
    for name, kind in BLOCKS[block["type"]].items():
        if name not in block:
            raise RefusedError(400, f"{at}.{block['type']}.{name}: Field required")
        if not isinstance(block[name], kind):
            raise RefusedError(400, f"{at}.{block['type']}.{name}: {VALID[kind]}")
    if block["type"] == "text" and not block["text"].strip():
        raise RefusedError(400, f"{at}: text content blocks must be non-empty")
    if not isinstance(block.get("content", ""), str | list):
        raise RefusedError(400, f"{at}.tool_result.content: Input should be a valid string or list")
    if (block["type"] == "tool_result") != (role == "user") and block["type"] != "text":
        raise RefusedError(400, f"{at}: {block['type']} blocks are not allowed in a message of this role")
