"""Ollama's dialect: reads `POST /api/chat`, overlooks what Ollama overlooks, writes documents and streams."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from app.testing.fake_models.answers import Answer, Incoming, digest_of, document, fields_of
from app.testing.fake_models.conversation import Asked, OfferedTool, Reply, parts, tokens
from app.testing.fake_models.ollama_checks import check_chat
from app.testing.fake_models.ollama_context import TOKENS_PER_MESSAGE, in_sight
from app.testing.fake_models.ollama_models import Shelf

DEFAULT_CONTEXT: Final = 4_096
NS_PER_TOKEN: Final = 1_000_000
KEPT_KEYWORDS: Final = ("type", "items", "description", "enum")
STOPS: Final = {"end": "stop", "tool_use": "stop", "length": "length", "refusal": "stop"}
SILENCE: Final[Mapping[str, Any]] = {"message": {"role": "assistant", "content": ""}}
USUAL: Final[Mapping[int, str]] = {
    400: "invalid request",
    401: "unauthorized",
    403: "forbidden",
    404: "model not found",
    408: "request timeout",
    409: "conflict",
    413: "http: request body too large",
    429: "too many requests",
    500: "llama runner process has terminated: exit status 2",
    502: "upstream error",
    503: "server busy, please try again.  maximum pending requests exceeded",
    529: "overloaded",
}


class Ollama:
    """Stands in for a local Ollama."""

    name = "ollama"
    model_path = "/api/chat"
    stream_type = "application/x-ndjson"

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def read(self, incoming: Incoming) -> Asked:
        """Return what is asked.

        Raises:
            RefusedError: Ollama would not take the request.
        """
        fields = fields_of(incoming)
        check_chat(fields, self._shelf.find(fields.get("model")))
        return _asked(fields)

    def failure(self, status: int, message: str = "", kind: str = "") -> Answer:
        """Return Ollama's error document."""
        return document({"error": message or USUAL[status]}, status)

    def whole(self, asked: Asked, reply: Reply) -> Mapping[str, Any]:
        """Return the reply as one document."""
        if "loads" in asked.extras:
            return {**_head(asked), **SILENCE, "done": True, "done_reason": asked.extras["loads"]}
        return {**_head(asked), "message": _message(asked, reply), **_tail(asked, reply)}

    def pieces(self, asked: Asked, reply: Reply) -> list[bytes]:
        """Return the reply as lines of JSON; tool calls come whole, in one line."""
        if "loads" in asked.extras:
            return [orjson.dumps(self.whole(asked, reply)) + b"\n"]
        said = [{"role": "assistant", "content": part} for part in parts(reply.text)]
        thought = [{"role": "assistant", "content": "", "thinking": part} for part in parts(reply.thinking)]
        called = [{"role": "assistant", "content": "", "tool_calls": _calls(reply)}] if reply.calls else []
        told = [*(thought if asked.thinks else []), *said, *called]
        lines = [{**_head(asked), "message": message, "done": False} for message in told]
        last = {**_head(asked), **SILENCE, **_tail(asked, reply)}
        return [orjson.dumps(line) + b"\n" for line in (*lines, last)]

    def stream_failure(self) -> bytes:
        """Return the line that tells of a failure in the middle of a stream."""
        return orjson.dumps({"error": "an error was encountered while running the model"}) + b"\n"

    def misshapen(self) -> Mapping[str, Any]:
        """Return JSON that is no reply: the message is a number."""
        return {"model": "", "message": 1, "done": "soon"}


def _asked(fields: Mapping[str, Any]) -> Asked:
    options = fields.get("options") or {}
    said = in_sight(fields.get("messages") or [], options.get("num_ctx") or DEFAULT_CONTEXT)
    wanted = fields.get("format") or None
    limit = options.get("num_predict", -1)
    return Asked(
        model=fields["model"],
        told="\n".join(_texts(said, ("system",))),
        heard=tuple(_texts(said, ("user", "tool"))),
        tools=() if wanted else tuple(map(_tool, fields.get("tools") or ())),
        used=tuple(call["function"].get("name", "") for each in said for call in each.get("tool_calls") or ()),
        rounds=sum(bool(each.get("tool_calls")) for each in said),
        schema={} if wanted == "json" else wanted,
        stream=fields.get("stream") is not False,
        budget=limit if limit > 0 else None,
        thinks=bool(fields.get("think")),
        extras={} if said else {"loads": "unload" if fields.get("keep_alive") == 0 else "load"},
        digest=digest_of(fields),
    )


def _texts(messages: Sequence[Mapping[str, Any]], roles: Sequence[str]) -> Iterator[str]:
    return (each["content"] for each in messages if each["role"] in roles and each.get("content"))


def _tool(tool: Mapping[str, Any]) -> OfferedTool:
    """Return a tool with what Ollama shows of it to the model: no bounds, defaults, alternatives or inner objects."""
    function = tool["function"]
    parameters = function.get("parameters") or {}
    properties = {
        name: {word: value for word, value in each.items() if word in KEPT_KEYWORDS}
        for name, each in (parameters.get("properties") or {}).items()
    }
    kept = {"type": "object", "properties": properties, "required": parameters.get("required") or []}
    return OfferedTool(function.get("name", ""), function.get("description", ""), kept)


def _head(asked: Asked) -> dict[str, Any]:
    return {"model": asked.model, "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z")}


def _message(asked: Asked, reply: Reply) -> dict[str, Any]:
    options = {"thinking": reply.thinking if asked.thinks else "", "tool_calls": _calls(reply)}
    return {"role": "assistant", "content": reply.text, **{name: each for name, each in options.items() if each}}


def _calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {"function": {"index": place, "name": each.name, "arguments": dict(each.arguments)}}
        for place, each in enumerate(reply.calls)
    ]


def _tail(asked: Asked, reply: Reply) -> dict[str, Any]:
    """Return the end of a reply; counters that are zero are left out."""
    read = sum(tokens(text) + TOKENS_PER_MESSAGE for text in (asked.told, *asked.heard) if text)
    written = tokens(reply.text) + sum(tokens(str(each.arguments)) for each in reply.calls)
    counters = {
        "total_duration": (read + written + 1) * NS_PER_TOKEN,
        "load_duration": NS_PER_TOKEN,
        "prompt_eval_count": read,
        "prompt_eval_duration": read * NS_PER_TOKEN,
        "eval_count": written,
        "eval_duration": written * NS_PER_TOKEN,
    }
    return {"done": True, "done_reason": STOPS[reply.stop], **{name: each for name, each in counters.items() if each}}
