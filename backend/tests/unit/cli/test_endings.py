import click
import pytest

from app.cli.endings import ReaderGoneError, ending_of
from app.domain.errors import (
    ConfigurationError,
    FieldError,
    InvalidInputError,
    InvalidMarketDataError,
    NotFoundError,
    OverloadedError,
    StoreUnavailableError,
    UnknownNameError,
)


def raising(error):
    def work():
        raise error

    return work


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (0, 0), (1, 1), (2, 2)])
def test_a_command_returns_its_own_code(answer, code):
    assert ending_of(lambda: answer) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInputError("no"), 2),
        (InvalidMarketDataError("no"), 2),
        (ConfigurationError("no"), 2),
        (UnknownNameError("analyst", "x", ["y"]), 2),
        (NotFoundError("no"), 2),
        (click.UsageError("no"), 2),
        (StoreUnavailableError("no"), 3),
        (OverloadedError("no"), 3),
        (RuntimeError("no"), 3),
        (click.Abort(), 130),
    ],
)
def test_every_fault_has_its_code_and_is_told_without_a_traceback(error, code, capsys):
    assert ending_of(raising(error)) == code

    shown = capsys.readouterr()
    assert shown.out == ""
    assert 1 <= len(shown.err.splitlines()) <= 2
    assert "Traceback" not in shown.err


def test_who_asks_for_debugging_gets_the_traceback(monkeypatch, capsys):
    monkeypatch.setenv("LOG_LEVEL", "debug")

    assert ending_of(raising(RuntimeError("no"))) == 3
    assert "Traceback" in capsys.readouterr().err


def test_further_findings_are_named_on_a_second_line(capsys):
    ending_of(raising(InvalidInputError("a: bad.", [FieldError("a", "bad"), FieldError("b", "bad")])))

    assert capsys.readouterr().err == "Error: a: bad.\nAlso wrong: b.\n"


def test_control_characters_in_a_message_are_defused(capsys):
    ending_of(raising(InvalidInputError("file \x1b[2J cannot be opened")))

    assert "\x1b" not in capsys.readouterr().err


def test_a_reader_who_leaves_is_no_fault(capfd):
    assert ending_of(raising(ReaderGoneError())) == 141
    assert capfd.readouterr().err == ""
