"""What a client sends: one JSON object with a type, small unless it carries bars."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from app.access.labels import is_safe_label
from app.access.strict_json import MalformedJsonError, parse_strictly
from app.domain.errors import FieldError, InvalidInputError, UnknownNameError

SMALL_MESSAGE = 16 * 1024
REQUEST_MESSAGE = 1024 * 1024
AGENT_REQUEST = "agent_request"
KINDS = ("subscribe", "unsubscribe", "ping", AGENT_REQUEST, "authenticate")
MAX_SEQ_DIGITS = 18
MAX_FIELDS = 20

ClientId: TypeAlias = str | int | None


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """A message, checked in form.

    Args:
        id: the client's own name for it, to be repeated in the answer.
    """

    kind: str
    data: Mapping[str, Any]
    id: ClientId


class MessageError(Exception):
    """A message that cannot be served, with the client's id for it where one could be read."""

    def __init__(self, reason: Exception, client_id: ClientId = None) -> None:
        super().__init__()
        self.reason = reason
        self.id = client_id


def read_message(text: str) -> ClientMessage:
    """Read a text frame.

    Raises:
        MessageError: too large, not JSON, or not one of the known messages.
    """
    size = len(text.encode("utf-8", "replace"))
    if size > REQUEST_MESSAGE or (size > SMALL_MESSAGE and f'"{AGENT_REQUEST}"' not in text):
        raise MessageError(_too_large())
    try:
        fields = parse_strictly(text)
    except MalformedJsonError as error:
        raise MessageError(error) from None
    return _checked(fields, size)


def _checked(fields: Any, size: int) -> ClientMessage:
    if not isinstance(fields, dict):
        raise MessageError(InvalidInputError('Send an object: {"type": …, "data": …}.'))
    client_id = _id(fields.get("id"))
    kind, data = fields.get("type"), fields.get("data")
    if kind not in KINDS:
        raise MessageError(UnknownNameError("message type", kind, KINDS), client_id)
    if size > SMALL_MESSAGE and kind != AGENT_REQUEST:
        raise MessageError(_too_large(), client_id)
    if data is not None and not isinstance(data, dict):
        why = "data must be an object."
        raise MessageError(InvalidInputError(why, [FieldError("data", why)]), client_id)
    return ClientMessage(kind, data or {}, client_id)


def _id(given: object) -> ClientId:
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    return given if isinstance(given, str) and is_safe_label(given) else None


def _too_large() -> InvalidInputError:
    return InvalidInputError(
        f"A message may have {SMALL_MESSAGE} bytes, an {AGENT_REQUEST} {REQUEST_MESSAGE}; send less."
    )


def read_query(query: bytes) -> tuple[list[str] | None, str | None]:
    """Return the `topics` (separated by commas) and `since` of an address, as they were given.

    Raises:
        InvalidInputError: there are more fields than any client needs.
    """
    try:
        fields = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise InvalidInputError(f"An address may carry {MAX_FIELDS} fields; send topics and since.") from None
    topics = fields.get("topics")
    return None if topics is None else topics.split(","), fields.get("since")


def read_since(given: str) -> int:
    """Read the number of an event.

    Raises:
        InvalidInputError: it is none.
    """
    if not (given.isascii() and given.isdecimal() and len(given) <= MAX_SEQ_DIGITS):
        why = "since must be the seq of the last event you saw, a whole number from 0."
        raise InvalidInputError(why, [FieldError("since", why)])
    return int(given)
