"""A streamed message of Anthropic's put together again, so that it equals the one sent in one piece."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson

from app.ai.providers.vendor_errors import kind_of_status
from app.domain.errors import ProviderError

_STATUS_OF_ERROR = {
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 408,
    "invalid_request_error": 400,
    "overloaded_error": 529,
}
# Which part of a block a delta adds to, and under which name it carries it.
_ADDED = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("input", "partial_json"),
}
_HEARD = ("text_delta", "thinking_delta")


async def streamed_message(response: Any, heard: Callable[[str], None]) -> dict[str, Any]:
    """Return the whole message; its `stop_reason` is None when the stream was cut.

    Raises:
        ProviderError: an error was told in the stream, it ended before the message began, or it is none.
    """
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        raise ProviderError("invalid_response", "Anthropic sent something that is not a stream.")
    joined = _Joined(heard)
    async for event in _events(response.aiter_bytes()):
        joined.add(event)
    return joined.message()


class _Joined:
    """What has arrived so far; the pieces of a block are joined once, at the end."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._message: dict[str, Any] | None = None
        self._pieces: dict[tuple[int, str], list[str]] = {}

    def add(self, event: Any) -> None:
        match event:
            case {"type": "message_start", "message": dict(message)}:
                self._message = message
            case {"type": "error"}:
                raise _told_error(event)
            case {"type": "content_block_start", "content_block": dict(block)}:
                self._begun["content"].append(block)
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                self._extend(index, delta)
            case {"type": "message_delta", "delta": dict(delta), "usage": dict(usage)}:
                self._begun.update(delta)
                self._begun["usage"] |= {name: value for name, value in usage.items() if value is not None}

    def message(self) -> dict[str, Any]:
        message = self._begun
        for (index, part), pieces in self._pieces.items():
            block, text = message["content"][index], "".join(pieces)
            if part != "input":
                block[part] = block.get(part, "") + text
            elif text and message["stop_reason"] is not None:
                block["input"] = orjson.loads(text)
        return message

    @property
    def _begun(self) -> dict[str, Any]:
        if self._message is None:
            raise ProviderError("cut_short", "Anthropic's stream ended before the message began.")
        return self._message

    def _extend(self, index: int, delta: dict[str, Any]) -> None:
        if delta["type"] == "citations_delta":
            block = self._begun["content"][index]
            block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
        elif delta["type"] in _ADDED:
            part, name = _ADDED[delta["type"]]
            self._pieces.setdefault((index, part), []).append(delta[name])
            if delta["type"] in _HEARD:
                self._heard(delta[name])


async def _events(chunks: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    """Every event of this API is one line of data that repeats its type; a line without an end was cut."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield orjson.loads(line[5:])


def _told_error(event: dict[str, Any]) -> ProviderError:
    kind = kind_of_status(_STATUS_OF_ERROR.get(event["error"]["type"], 500))
    return ProviderError(kind, f"Anthropic broke off with an error ({kind.replace('_', ' ')}).")
