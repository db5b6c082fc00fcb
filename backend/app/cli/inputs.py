"""Reads what a command line names: files, standard input, JSON, times."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

import click

from app.domain.errors import FieldError, InvalidInputError

STDIN: Final = "-"


@contextmanager
def opened(name: str) -> Iterator[TextIO]:
    """Open a text file, or standard input for `-`; a byte order mark is left out.

    Raises:
        InvalidInputError: it cannot be opened.
    """
    with opened_bytes(name) as file:
        text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
        yield text
        text.detach()


@contextmanager
def opened_bytes(name: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input for `-`, which is left open.

    Raises:
        InvalidInputError: it cannot be opened.
    """
    with ExitStack() as stack:
        if name == STDIN:
            _check_stdin()
            yield sys.stdin.buffer
            return
        try:
            file = stack.enter_context(Path(name).open("rb"))
        except OSError as error:
            why = f"{error.strerror or 'it cannot be read'}".lower()
            raise InvalidInputError(f"{name} cannot be opened: {why}.", [FieldError("file", why)]) from None
        yield file


def _check_stdin() -> None:
    """Refuse an input that was closed, and tell a person at a terminal that we wait for one."""
    if sys.stdin is None:
        raise InvalidInputError("Standard input is closed; name a file instead.")
    if sys.stdin.isatty():
        click.echo("Reading standard input; end it with Ctrl-D.", err=True)


def label(name: str) -> str:
    """Return what to call an input in a message."""
    return "standard input" if name == STDIN else name


def read_json(name: str) -> Any:
    """Return the JSON in a file or on standard input; NaN and Infinity are taken as numbers.

    Raises:
        InvalidInputError: it cannot be opened or is no JSON.
    """
    with opened(name) as file:
        return parse_json(file.read(), label(name))


def parse_json(text: str, what: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        InvalidInputError: it is no JSON; says where it stops being so.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"{what} is no JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from None
    except (ValueError, RecursionError):
        raise InvalidInputError(f"{what} is no JSON that can be read: a number or the nesting is too long.") from None


def read_moment(text: str | None, option: str = "--as-of", is_end_of_day: bool = True) -> datetime | None:
    """Return the instant an option names.

    Args:
        is_end_of_day: whether a date alone is the end of that day rather than its beginning.

    Raises:
        InvalidInputError: it is no ISO 8601 time.
    """
    from app.domain.times import parse_as_of, parse_time

    read = parse_as_of if is_end_of_day else parse_time
    try:
        return None if text is None else read(text)
    except (ValueError, OverflowError):
        why = "is not an ISO 8601 time such as 2024-01-02 or 2024-01-02T21:00:00+00:00"
        raise InvalidInputError(f"{option} {why}.", [FieldError(option, why)]) from None
