"""Perplexity's dialect: reads `POST /chat/completions` and writes completions with the sources they name."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

import orjson

from app.testing.fake_models.answers import Answer, Incoming, digest_of, document, fields_of
from app.testing.fake_models.conversation import Asked, RefusedError, Reply, parts, tokens
from app.testing.fake_models.perplexity_sources import sources
from app.testing.fake_models.schema_shape import is_schema

MODELS: Final = ("sonar", "sonar-pro", "sonar-reasoning", "sonar-reasoning-pro", "sonar-deep-research")
ROLES: Final = ("system", "user", "assistant", "tool")
STOPS: Final = {"end": "stop", "tool_use": "stop", "length": "length", "refusal": "stop"}
A_LOGIN_PAGE: Final = (
    b"<html>\r\n<head><title>401 Authorization Required</title></head>\r\n"
    b"<body><center><h1>401 Authorization Required</h1></center></body>\r\n</html>\r\n"
)
KINDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("bad_request", "The request is not valid."),
    403: ("forbidden", "This key may not use the model."),
    404: ("not_found", "Not found."),
    408: ("timeout", "The request took too long."),
    409: ("conflict", "The request conflicts with another one."),
    413: ("request_too_large", "The request is too large."),
    429: ("rate_limit_exceeded", "Too many requests."),
    500: ("internal_server_error", "Something went wrong."),
    502: ("bad_gateway", "Bad gateway."),
    503: ("service_unavailable", "The service is unavailable."),
    529: ("overloaded", "The service is overloaded."),
}


class Perplexity:
    """Stands in for api.perplexity.ai; it searches nothing and says so.

    Args:
        key: the only key that is accepted.
    """

    name = "perplexity"
    model_path = "/chat/completions"
    stream_type = "text/event-stream; charset=utf-8"

    def __init__(self, key: str) -> None:
        self._key = key

    def read(self, incoming: Incoming) -> Asked:
        """Return what is asked.

        Raises:
            RefusedError: Perplexity would not take the request.
        """
        shown = incoming.headers.get("x-api-key") or incoming.headers.get("authorization", "").removeprefix("Bearer ")
        if shown.strip() != self._key:
            raise RefusedError(401, "")
        fields = fields_of(incoming)
        _check(fields)
        _check_options(fields)
        return _asked(fields)

    def failure(self, status: int, message: str = "", kind: str = "") -> Answer:
        """Return Perplexity's error document; for a wrong key it is a web page."""
        if status == 401:
            return Answer((A_LOGIN_PAGE,), status, "text/html")
        usual_kind, usual_message = KINDS[status]
        return document(
            {"error": {"message": message or usual_message, "type": kind or usual_kind, "code": status}}, status
        )

    def whole(self, asked: Asked, reply: Reply) -> Mapping[str, Any]:
        """Return the reply as one completion."""
        text = _text(asked, reply)
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": STOPS[reply.stop]}
        return {**_head(asked, "chat.completion"), **_sources(asked, text), "choices": [choice]}

    def pieces(self, asked: Asked, reply: Reply) -> list[bytes]:
        """Return the reply as server-sent events; sources and usage come with the last."""
        text = _text(asked, reply)
        head = _head(asked, "chat.completion.chunk")
        deltas = [{"role": "assistant", "content": part} for part in parts(text)]
        said = [{**head, "choices": [{"index": 0, "delta": each, "finish_reason": None}]} for each in deltas]
        ending = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": STOPS[reply.stop]}
        last = {**head, **_sources(asked, text), "choices": [ending]}
        return [b"data: %s\r\n\r\n" % orjson.dumps(each) for each in (*said, last)]

    def stream_failure(self) -> bytes:
        """Return the event that tells of a failure in the middle of a stream."""
        return b"data: %s\r\n\r\n" % self.failure(500).pieces[0]

    def misshapen(self) -> Mapping[str, Any]:
        """Return JSON that is no completion: the choices are a number."""
        return {"id": 1, "choices": 1}


def _check(fields: Mapping[str, Any]) -> None:
    if fields.get("model") not in MODELS:
        named = fields.get("model")
        raise RefusedError(400, f"Invalid model '{named}'. The documentation lists those permitted.", "invalid_model")
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RefusedError(400, "messages: at least one message is required", "invalid_message")
    for each in messages:
        if not isinstance(each, dict) or each.get("role") not in ROLES or not isinstance(each.get("content"), str):
            raise RefusedError(400, "messages: each needs a role and a text as content", "invalid_message")
    if messages[-1]["role"] not in {"user", "tool"}:
        raise RefusedError(400, "Last message must have role `user` or `tool`.", "invalid_message")
    spoken = [each["role"] for each in messages if each["role"] != "system"]
    if any(one == other for one, other in pairwise(spoken)):
        raise RefusedError(400, "After the system messages, user and assistant should alternate.", "invalid_message")


def _check_options(fields: Mapping[str, Any]) -> None:
    sites = fields.get("search_domain_filter", [])
    if not isinstance(sites, list) or not all(isinstance(each, str) for each in sites):
        raise RefusedError(400, "search_domain_filter: each must be a domain", "bad_request")
    most = fields.get("max_tokens", 1)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise RefusedError(400, "max_tokens: must be a positive integer", "bad_request")
    if _schema(fields) is not None and not is_schema(_schema(fields)):
        raise RefusedError(400, "response_format: must be a JSON schema", "bad_request")


def _schema(fields: Mapping[str, Any]) -> Any:
    wanted = fields.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return None
    form = wanted.get("json_schema")
    return form.get("schema", ()) if isinstance(form, dict) else ()


def _asked(fields: Mapping[str, Any]) -> Asked:
    heard = tuple(each["content"] for each in fields["messages"] if each["role"] == "user")
    return Asked(
        model=fields["model"],
        told="\n".join(each["content"] for each in fields["messages"] if each["role"] == "system"),
        heard=heard,
        schema=_schema(fields),
        stream=bool(fields.get("stream")),
        budget=fields.get("max_tokens"),
        extras={"sources": list(sources(fields, heard))},
        digest=digest_of(fields),
    )


def _text(asked: Asked, reply: Reply) -> str:
    if asked.schema is not None or reply.stop == "refusal":
        return reply.text
    thought = f"<think>{reply.thinking}</think>\n\n" if "reasoning" in asked.model else ""
    return f"{thought}This is a local stand-in that searched nothing; its sources are made up [1][2]. {reply.text}"


def _head(asked: Asked, kind: str) -> dict[str, Any]:
    created = int(datetime.now(UTC).timestamp())
    return {"id": f"{asked.digest[:32]}", "model": asked.model, "created": created, "object": kind}


def _sources(asked: Asked, text: str) -> dict[str, Any]:
    found = asked.extras["sources"]
    read, written = sum(map(tokens, (asked.told, *asked.heard))), tokens(text)
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return {
        "citations": [each["url"] for each in found],
        "search_results": found,
        "usage": {**usage, "search_context_size": "low"},
    }
