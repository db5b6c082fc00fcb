"""What a client may subscribe to: a message type, a symbol, an agent, or everything."""

import re
from collections.abc import Iterable

from app.domain.errors import FieldError, InvalidInputError
from app.domain.events import EventType
from app.domain.requests import SYMBOL_PATTERN

EVERYTHING = "*"
MAX_TOPICS = 50

_PLAIN = frozenset({EVERYTHING, *map(str, EventType)})
_SYMBOL = re.compile(SYMBOL_PATTERN)
_AGENT = re.compile(r"[A-Za-z0-9_.=^-]{1,100}")


def read_topics(given: object) -> tuple[str, ...]:
    """Read one topic or a list of them.

    Raises:
        InvalidInputError: one of them is no topic, or there are none or too many.
    """
    listed = given if isinstance(given, list) else [given]
    if not 1 <= len(listed) <= MAX_TOPICS:
        raise _refused(f"topic must name 1 to {MAX_TOPICS} topics.")
    return tuple(dict.fromkeys(map(read_topic, listed)))


def read_topic(given: object) -> str:
    """Return the topic as events name it.

    Raises:
        InvalidInputError: it is none; says what there is.
    """
    if isinstance(given, str):
        kind, _, name = given.partition(":")
        if given in _PLAIN:
            return given
        if kind == "symbol" and len(name) <= 32 and _SYMBOL.fullmatch(name):
            return f"symbol:{name.upper()}"
        if kind == "agent" and _AGENT.fullmatch(name):
            return given
    raise _refused(f"topic must be {_choices(sorted(_PLAIN))}, symbol:<SYMBOL> or agent:<role or id>.")


def check_room(count: int) -> None:
    """Refuse more topics than one client may have.

    Raises:
        InvalidInputError: too many.
    """
    if count > MAX_TOPICS:
        raise _refused(f"A client may have {MAX_TOPICS} topics; unsubscribe from some, or take *.")


def _choices(names: Iterable[str]) -> str:
    return ", ".join(names)


def _refused(why: str) -> InvalidInputError:
    return InvalidInputError(why, [FieldError("data.topic", why)])
