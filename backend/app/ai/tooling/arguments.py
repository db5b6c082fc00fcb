"""The arguments of a call: checked against what the tool declares, written down, and told apart by a hash."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import BaseModel, ValidationError

MOST_BYTES: Final = 4_096
MOST_FINDINGS: Final = 8
_HASH_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Given:
    """Arguments as they can be recorded.

    Args:
        told: what the analyst gave; empty when it cannot be written as JSON or is too long.
        values: what the tool is run with.
        hash: first 16 hex digits of the SHA-256 of `values` as JSON with sorted keys.
        complaint: what is wrong with them, without repeating a value; None when the tool can be run.
    """

    told: Mapping[str, Any]
    values: Mapping[str, Any]
    hash: str
    complaint: str | None = None


def unread(arguments: Mapping[str, Any], complaint: str | None = None) -> Given:
    """Return arguments that no tool has read."""
    text = _written(arguments)
    told = {} if text is None else arguments
    return Given(told, told, digest(text or b"{}"), complaint)


def read(model: type[BaseModel], arguments: Mapping[str, Any]) -> Given:
    """Return the arguments as the tool takes them, or with a complaint."""
    if arguments and _written(arguments) is None:
        return unread(arguments, f"the arguments are not JSON of at most {MOST_BYTES} bytes")
    try:
        values = dict(model.model_validate(arguments))
    except ValidationError as error:
        return unread(arguments, _findings(error))
    return Given(arguments, values, digest(orjson.dumps(values, default=str, option=orjson.OPT_SORT_KEYS)))


def digest(text: bytes) -> str:
    """Return what tells one set of arguments from another."""
    return hashlib.sha256(text).hexdigest()[:_HASH_DIGITS]


def _written(arguments: Mapping[str, Any]) -> bytes | None:
    try:
        text = orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):
        return None
    return text if len(text) <= MOST_BYTES else None


def _findings(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(_finding(each["loc"], each["type"], each["msg"]) for each in found[:MOST_FINDINGS])


def _finding(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    """An unknown argument's name is the caller's own text, so it is not repeated."""
    if kind == "extra_forbidden":
        return "there is an argument that this tool does not take"
    return f"{'.'.join(map(str, loc))}: {message}"
