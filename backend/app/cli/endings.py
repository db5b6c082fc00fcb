"""How a command ends: an exit code, and one or two clear lines on standard error when something went wrong."""

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final

import click

from app.cli.text import plain
from app.domain.errors import AgentSystemError, InvalidInputError, NotFoundError

DONE: Final = 0
NO_DECISION: Final = 1
BAD_INPUT: Final = 2
FAILED: Final = 3
INTERRUPTED: Final = 130
READER_GONE: Final = 141


class ReaderGoneError(Exception):
    """Whoever read our output has left."""


def ending_of(work: Callable[[], Any]) -> int:
    """Run a command and return its exit code, whatever happens in it."""
    try:
        code = work()
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - nobody is shown a traceback who has not asked for one
        return next(ending for kinds, ending in _ENDINGS if isinstance(error, kinds))(error)
    return code if isinstance(code, int) else DONE


def code_of(error: AgentSystemError) -> int:
    """Return the exit code an error stands for."""
    return BAD_INPUT if isinstance(error, InvalidInputError | NotFoundError) else FAILED


def explained(error: AgentSystemError) -> str:
    """Return the message, and on a second line how many other findings there are and where."""
    findings = error.errors[1:] if isinstance(error, InvalidInputError) else ()
    if not findings:
        return str(error)
    return f"{error}\nAlso wrong: {', '.join(dict.fromkeys(each.loc for each in findings[:5]))}."


def complain(message: str) -> None:
    """Say on standard error what went wrong."""
    for line in f"Error: {message}".splitlines():
        click.echo(plain(line), err=True)


def _reader_gone(_error: Exception) -> int:
    """Let the interpreter flush into nothing: whoever read our output has left, and that is no fault."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return READER_GONE


def _stopped(_error: Exception) -> int:
    complain("Stopped.")
    return INTERRUPTED


def _misused(error: click.ClickException) -> int:
    error.show()
    return BAD_INPUT


def _refused(error: AgentSystemError) -> int:
    complain(explained(error))
    return code_of(error)


def _blocked(error: OSError) -> int:
    complain(f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}.")
    return FAILED


def _unexpected(error: Exception) -> int:
    if os.environ.get("LOG_LEVEL", "").upper() == "DEBUG":
        traceback.print_exception(error)
    what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    complain(f"{what}\nThis should not happen; LOG_LEVEL=DEBUG shows where it comes from.")
    return FAILED


_ENDINGS: Final[tuple[tuple[Any, Callable[[Any], int]], ...]] = (
    ((ReaderGoneError, BrokenPipeError), _reader_gone),
    (click.Abort, _stopped),
    (click.ClickException, _misused),
    (AgentSystemError, _refused),
    (OSError, _blocked),
    (Exception, _unexpected),
)
