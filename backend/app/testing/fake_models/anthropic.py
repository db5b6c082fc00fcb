"""Claude's dialect: reads `POST /v1/messages`, refuses what Anthropic refuses, writes messages and streams."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.testing.fake_models import anthropic_replies as replies
from app.testing.fake_models.answers import Answer, Incoming, digest_of, fields_of
from app.testing.fake_models.anthropic_fields import check_fields
from app.testing.fake_models.anthropic_pairing import check_turns
from app.testing.fake_models.anthropic_tools import check_tools
from app.testing.fake_models.anthropic_turns import Turn, text_of, turns
from app.testing.fake_models.conversation import Asked, OfferedTool, RefusedError, Reply

MODELS: Final = (
    "claude-fable-5-2",
    "claude-mythos-5-2",
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "claude-fable-5-1",
    "claude-opus-5-5",
    "claude-mythos-5-1",
    "claude-sonnet-5",
    "claude-fable-5",
    "claude-mythos-5",
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-5",
    "claude-opus-4-5-20251101",
    "claude-sonnet-4-5",
    "claude-sonnet-4-5-20250929",
)
VERSIONS: Final = ("2023-06-01", "2026-10-21")


class Anthropic:
    """Stands in for api.anthropic.com.

    Args:
        key: the only key that is accepted, as `Authorization: Bearer` or `x-api-key`.
    """

    name = "anthropic"
    model_path = "/v1/messages"
    stream_type = "text/event-stream; charset=utf-8"

    def __init__(self, key: str) -> None:
        self._key = key

    def read(self, incoming: Incoming) -> Asked:
        """Return what is asked.

        Raises:
            RefusedError: Anthropic would not take the request.
        """
        self._check_headers(incoming.headers)
        fields = fields_of(incoming)
        check_fields(fields)
        if fields["model"] not in MODELS:
            raise RefusedError(404, f"model: {fields['model']}")
        said = turns(fields["messages"])
        thinks = _thinks(fields)
        check_tools(fields)
        check_turns(said, thinks)
        return _asked(fields, said, thinks)

    def failure(self, status: int, message: str = "", kind: str = "") -> Answer:
        """Return Anthropic's error document."""
        return replies.failure(status, message, kind)

    def whole(self, asked: Asked, reply: Reply) -> Mapping[str, Any]:
        """Return the reply as one message."""
        return replies.message(asked, reply)

    def pieces(self, asked: Asked, reply: Reply) -> list[bytes]:
        """Return the reply as server-sent events."""
        return replies.events(asked, reply)

    def stream_failure(self) -> bytes:
        """Return the event that tells of an overload in the middle of a stream."""
        kind, words = replies.ERRORS[529]
        return replies.event("error", {"error": {"type": kind, "message": words}})

    def misshapen(self) -> Mapping[str, Any]:
        """Return JSON that is no message: the content is a number."""
        return {"id": "msg_1", "type": "message", "role": "assistant", "content": 1, "stop_reason": "soon"}

    def _check_headers(self, headers: Mapping[str, str]) -> None:
        bearer = headers.get("authorization", "").removeprefix("Bearer ").strip()
        shown = headers.get("x-api-key") or bearer
        if not shown:
            raise RefusedError(401, "x-api-key header is required")
        if shown != self._key:
            raise RefusedError(401, "invalid x-api-key")
        version = headers.get("anthropic-version")
        if version is None:
            raise RefusedError(400, "anthropic-version: header is required")
        if version not in VERSIONS:
            raise RefusedError(400, "anthropic-version: not a valid version")


def _thinks(fields: Mapping[str, Any]) -> bool:
    return (fields.get("thinking") or {}).get("type") != "disabled"


def _asked(fields: Mapping[str, Any], said: list[Turn], thinks: bool) -> Asked:
    choice = fields.get("tool_choice") or {"type": "auto"}
    used = [block["name"] for turn in said for block in turn.blocks if block["type"] == "tool_use"]
    wanted = (fields.get("output_config") or {}).get("format") or {}
    return Asked(
        model=fields["model"],
        told=text_of(fields.get("system") or ""),
        heard=tuple(_heard(said)),
        tools=() if choice["type"] == "none" else tuple(_tools(fields)),
        used=tuple(used),
        rounds=sum(turn.role == "assistant" and bool(turn.tool_use_ids) for turn in said),
        schema=wanted.get("schema"),
        stream=bool(fields.get("stream")),
        budget=fields["max_tokens"],
        thinks=thinks,
        hides_thinking=(fields.get("thinking") or {}).get("display") == "omitted",
        single=bool(choice.get("disable_parallel_tool_use")),
        digest=digest_of(fields),
    )


def _heard(said: list[Turn]) -> Iterator[str]:
    for turn in said:
        for block in turn.blocks:
            if turn.role != "assistant" and block["type"] == "text":
                yield block["text"]
            elif block["type"] == "tool_result":
                yield text_of(block.get("content") or "")


def _tools(fields: Mapping[str, Any]) -> Iterator[OfferedTool]:
    for tool in fields.get("tools") or ():
        yield OfferedTool(tool["name"], tool.get("description", ""), tool["input_schema"])
