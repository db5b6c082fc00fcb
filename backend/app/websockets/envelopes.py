"""What the feed sends: one envelope for everything, written once however many clients get it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, TypeAlias

import orjson

from app.domain.errors import AgentSystemError, InvalidInputError
from app.domain.events import Event
from app.observability.metrics.stamps import AT

Outgoing: TypeAlias = dict[str, Any]
"""An ASGI message, shared by every client that gets it: never changed once made."""


def event_message(event: Event, newest: int) -> Outgoing:
    """Return an event for the wire; one that is not stored takes the number of the newest that is."""
    message = _message(event.type, event.data, event.seq or newest, event.timestamp)
    message[AT] = perf_counter()
    return message


def reply_message(kind: str, data: Mapping[str, Any], newest: int) -> Outgoing:
    """Return an answer to a client."""
    return _message(kind, data, newest, datetime.now(UTC))


def plain_problem(error: Exception) -> dict[str, Any]:
    """Return an error for the wire where nobody supplied a better way: no trace, nothing of the input."""
    detail = error.public if isinstance(error, AgentSystemError) else "Something failed in this server."
    found = error.errors if isinstance(error, InvalidInputError) else ()
    listed = [{"loc": each.loc, "message": each.message} for each in found]
    return {"type": "about:blank", "title": "The message cannot be served", "detail": detail, "errors": listed}


def _message(kind: str, data: Mapping[str, Any], seq: int, timestamp: datetime) -> Outgoing:
    envelope = {"type": kind, "data": data, "seq": seq, "timestamp": timestamp}
    return {"type": "websocket.send", "text": orjson.dumps(envelope).decode()}
