"""Requests and answers as Anthropic's messages API writes them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from app.ai.providers.schemas import MOST_TOOLS, strict
from app.ai.providers.whole import count, known_stop
from app.domain.completions import Answered, Completion, Heard, ModelRequest, Said, Stop, ToolSpec, ToolUse, Turn, Usage

MOST_TOKENS = 4_096
STOPS: Mapping[str, Stop] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "tool_use": "tool_use",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


def payload(request: ModelRequest, enforced: bool) -> dict[str, Any]:
    """Return the body of the request; no sampling option stands in it, for the API takes none.

    Args:
        enforced: whether the API shall hold the model to the schemas; else the answer's is told in words.
    """
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": min(request.max_tokens, MOST_TOKENS),
        "messages": _messages(request.turns),
        "cache_control": {"type": "ephemeral"},
    }
    if request.system:
        body["system"] = request.system
    if request.tools:
        body |= {"tools": [_tool(each, enforced) for each in request.tools], "tool_choice": {"type": "auto"}}
    if request.schema is not None and enforced:
        body["output_config"] = {"format": {"type": "json_schema", "schema": strict(request.schema)}}
    elif request.schema is not None:
        body["messages"][-1]["content"].append(_text(_told(request.schema)))
    return body


def completion(message: Mapping[str, Any]) -> Completion:
    """Read the model's turn; one of another shape raises whatever reading it raises."""
    blocks = message["content"]
    return Completion(
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        tool_uses=tuple(
            ToolUse(block["id"], block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"
        ),
        stop=known_stop("Anthropic", message["stop_reason"], STOPS),
        usage=_usage(message["usage"]),
        model=message["model"],
        content=blocks,
    )


def _messages(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Neighbours of one role become one message, so that answers to tools come first in theirs."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        role = "assistant" if isinstance(turn, Heard) else "user"
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += _blocks(turn)
        else:
            messages.append({"role": role, "content": _blocks(turn)})
    return messages


def _blocks(turn: Turn) -> list[Any]:
    match turn:
        case Said(text):
            return [_text(text)]
        case Heard(content):
            return [block for block in content if not _is_blank(block)]
        case Answered(answers):
            return [_tool_result(each.use_id, each.content, each.is_error) for each in answers]


def _is_blank(block: Mapping[str, Any]) -> bool:
    """The API sends such blocks now and then but refuses to read them."""
    return block["type"] == "text" and not block["text"].strip()


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _tool_result(use_id: str, content: str, is_error: bool) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": use_id, "content": content, "is_error": is_error}


@lru_cache(MOST_TOOLS)
def _tool(spec: ToolSpec, enforced: bool) -> Mapping[str, Any]:
    tool = {"name": spec.name, "description": spec.description}
    if enforced:
        return tool | {"input_schema": strict(spec.parameters), "strict": True}
    return tool | {"input_schema": spec.parameters}


def _told(schema: Mapping[str, Any]) -> str:
    return f"Answer with one JSON object of this schema and nothing else:\n{orjson.dumps(schema).decode()}"


def _usage(usage: Mapping[str, Any]) -> Usage:
    read, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    return Usage(
        input_tokens=count(usage.get("input_tokens")) + read + written,
        output_tokens=count(usage.get("output_tokens")),
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
