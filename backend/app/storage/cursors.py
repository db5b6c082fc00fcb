"""Where a page of the list ends, as an opaque text that the next request hands back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, TypeAlias

import orjson

from app.domain.errors import FieldError, InvalidInputError

Place: TypeAlias = tuple[int, str]
"""Creation in microseconds since 1970 UTC, and id: a record's place in the list, newest first."""

MAX_PAGE: Final = 200
_MAX_MICROS: Final = 2**63 - 1


def write_cursor(place: Place) -> str:
    """Return the cursor for continuing after `place`."""
    return urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()


def read_cursor(cursor: str) -> Place:
    """Return the place that a cursor stands for.

    Raises:
        InvalidInputError: it is not one of ours.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        created_at, decision_id = orjson.loads(urlsafe_b64decode(padded))
    except (ValueError, TypeError):
        raise _not_ours() from None
    if type(created_at) is not int or abs(created_at) > _MAX_MICROS or not isinstance(decision_id, str):
        raise _not_ours()
    return created_at, decision_id


def check_limit(limit: int) -> None:
    """Refuse a page of no or too many records.

    Raises:
        InvalidInputError: outside 1 to 200.
    """
    if not 1 <= limit <= MAX_PAGE:
        why = f"limit must be from 1 to {MAX_PAGE}."
        raise InvalidInputError(why, [FieldError("limit", why)])


def _not_ours() -> InvalidInputError:
    why = "cursor is not one of this list; use the next_cursor of the page before, or leave it out."
    return InvalidInputError(why, [FieldError("cursor", why)])
