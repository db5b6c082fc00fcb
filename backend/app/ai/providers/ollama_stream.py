"""A chat of Ollama's put together, so that one sent in pieces equals the one sent whole."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any


async def streamed_chat(parts: AsyncIterator[Any], heard: Callable[[str], None]) -> dict[str, Any]:
    """Return the last part with the message of all; its `done` is not true when the stream was cut."""
    text: list[str] = []
    thinking: list[str] = []
    calls: list[Any] = []
    last: Mapping[str, Any] = {}
    async for part in parts:
        last = part.model_dump(exclude_none=True)
        message = last["message"]
        calls += message.get("tool_calls", ())
        for pieces, piece in ((thinking, message.get("thinking")), (text, message.get("content"))):
            if piece:
                pieces.append(piece)
                heard(piece)
    return {**last, "message": _message("".join(text), "".join(thinking), calls)}


def plain_chat(answer: Any) -> dict[str, Any]:
    """Return the same for a chat that came in one piece."""
    whole: dict[str, Any] = answer.model_dump(exclude_none=True)
    message = whole["message"]
    calls = message.get("tool_calls", [])
    return {**whole, "message": _message(message.get("content", ""), message.get("thinking", ""), calls)}


def _message(text: str, thinking: str, calls: list[Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if thinking:
        message["thinking"] = thinking
    if calls:
        message["tool_calls"] = calls
    return message
