"""Successful answers: stored bytes as they are, everything else through one encoder."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response

from app.domain.decisions import DecisionPage, SealedRecord


def json_reply(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON bytes."""
    return Response(body, status, headers, "application/json")


def reply(value: Any, status: int = 200) -> Response:
    """Answer with a JSON-like value."""
    return json_reply(orjson.dumps(value), status)


def record_reply(record: SealedRecord) -> Response:
    """Answer with a stored record, byte for byte."""
    return json_reply(record.body)


def page_reply(page: DecisionPage) -> Response:
    """Answer with a page of stored records."""
    return json_reply(
        _object(items=_list([each.body for each in page.items]), next_cursor=orjson.dumps(page.next_cursor))
    )


def consensus_reply(consensus_id: str, status: str, record: SealedRecord | None, reason: str | None) -> Response:
    """Answer with where a consensus request stands; `reason` only when it failed."""
    told = {"reason": orjson.dumps(reason)} if reason is not None else {}
    result = record.body if record else b"null"
    return json_reply(
        _object(consensus_id=orjson.dumps(consensus_id), status=orjson.dumps(status), result=result, **told)
    )


def _object(**members: bytes) -> bytes:
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), value) for name, value in members.items()) + b"}"


def _list(items: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"
