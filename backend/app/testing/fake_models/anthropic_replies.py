"""Claude's side of the wire: message documents, the events of a stream, and error documents."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import orjson

from app.testing.fake_models.answers import Answer, document
from app.testing.fake_models.conversation import Asked, Reply, parts, tokens

SIGNING_KEY: Final = b"conclave fake models sign with no secret"
STOPS: Final = {"end": "end_turn", "tool_use": "tool_use", "length": "max_tokens", "refusal": "refusal"}
ERRORS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("invalid_request_error", "The request is not valid."),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "The requested resource could not be found."),
    408: ("timeout_error", "The request took too long to arrive."),
    409: ("conflict_error", "The request conflicts with another one."),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    500: ("api_error", "Internal server error"),
    502: ("api_error", "Bad gateway"),
    503: ("api_error", "Service unavailable"),
    529: ("overloaded_error", "Overloaded"),
}
Block = Mapping[str, Any]


def signature(thinking: str, tool_use_ids: Sequence[str]) -> str:
    """Return the signature of a thinking block; it also binds the tool calls of its turn."""
    signed = orjson.dumps([thinking, list(tool_use_ids)])
    return b64encode(hmac.digest(SIGNING_KEY, signed, hashlib.sha256)).decode()


def failure(status: int, message: str, kind: str) -> Answer:
    """Return Claude's error document."""
    usual_kind, usual_message = ERRORS[status]
    error = {"type": kind or usual_kind, "message": message or usual_message}
    request_id = f"req_{hashlib.sha256(orjson.dumps([status, error])).hexdigest()[:24]}"
    content = {"type": "error", "error": error, "request_id": request_id}
    return document(content, status, {"request-id": request_id})


def message(asked: Asked, reply: Reply) -> dict[str, Any]:
    """Return a reply as a whole message."""
    content = blocks(asked, reply)
    return {**_frame(asked, content), **_ending(reply), "usage": {**_usage(asked), "output_tokens": _written(content)}}


def events(asked: Asked, reply: Reply) -> list[bytes]:
    """Return a reply as server-sent events."""
    content = blocks(asked, reply)
    start = {**_frame(asked, []), "stop_reason": None, "stop_sequence": None, "stop_details": None}
    usage = {**_usage(asked), "output_tokens": 1}
    told = chain(
        [("message_start", {"message": {**start, "usage": usage}}), ("ping", {})],
        chain.from_iterable(_block_events(place, block) for place, block in enumerate(content)),
        [("message_delta", {"delta": _ending(reply), "usage": {**_usage(asked), "output_tokens": _written(content)}})],
        [("message_stop", {})],
    )
    return [event(name, fields) for name, fields in told]


def event(name: str, fields: Mapping[str, Any]) -> bytes:
    """Return one server-sent event."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps({"type": name, **fields}))


def blocks(asked: Asked, reply: Reply) -> list[dict[str, Any]]:
    """Return the content blocks of a reply: signed thinking first, then text, then tool calls."""
    uses: list[dict[str, Any]] = [
        {"type": "tool_use", "id": tool_use_id(asked, place), "name": call.name, "input": dict(call.arguments)}
        for place, call in enumerate(reply.calls)
    ]
    if reply.stop == "refusal":
        return []
    words = "" if asked.hides_thinking else reply.thinking
    signed = {"type": "thinking", "thinking": words, "signature": signature(words, [each["id"] for each in uses])}
    text = {"type": "text", "text": reply.text}
    return [*([signed] if asked.thinks else []), *([text] if reply.text else []), *uses]


def tool_use_id(asked: Asked, place: int) -> str:
    """Return the id of a tool call; equal requests get equal ids."""
    return f"toolu_{hashlib.sha256(f'{asked.digest} {place}'.encode()).hexdigest()[:24]}"


def _frame(asked: Asked, content: list[dict[str, Any]]) -> dict[str, Any]:
    kept = {"id": f"msg_{asked.digest[:24]}", "type": "message", "role": "assistant", "model": asked.model}
    return {**kept, "content": content}


def _ending(reply: Reply) -> dict[str, Any]:
    declined = {"type": "refusal", "category": "general_harms", "explanation": reply.text}
    details = declined if reply.stop == "refusal" else None
    return {"stop_reason": STOPS[reply.stop], "stop_sequence": None, "stop_details": details}


def _usage(asked: Asked) -> dict[str, Any]:
    return {
        "input_tokens": sum(map(tokens, (asked.told, *asked.heard))) + 100 * len(asked.tools) + 8,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "service_tier": "standard",
    }


def _written(content: Sequence[Block]) -> int:
    return sum(tokens(each.get("text") or each.get("thinking") or str(each.get("input"))) for each in content) or 1


def _block_events(place: int, block: Block) -> Iterator[tuple[str, dict[str, Any]]]:
    at = {"index": place}
    yield "content_block_start", {**at, "content_block": {**block, **_EMPTY[block["type"]]}}
    for delta in _deltas(block):
        yield "content_block_delta", {**at, "delta": delta}
    yield "content_block_stop", at


_EMPTY: Final[Mapping[str, dict[str, Any]]] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}


def _deltas(block: Block) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            yield from ({"type": "text_delta", "text": part} for part in parts(block["text"]))
        case "thinking":
            yield from ({"type": "thinking_delta", "thinking": part} for part in parts(block["thinking"]))
            yield {"type": "signature_delta", "signature": block["signature"]}
        case _:
            spelled = ["", *parts(orjson.dumps(block["input"]).decode(), least=12)]
            yield from ({"type": "input_json_delta", "partial_json": part} for part in spelled)
