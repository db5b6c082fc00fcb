import pytest
from click.testing import CliRunner

from app import __version__
from app.cli.main import COMMANDS, cli


def run(*args, **settings):
    return CliRunner().invoke(cli, args, **settings)


def test_help_lists_every_command_with_what_it_does():
    shown = run("--help")

    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in COMMANDS)
    assert "Exit codes" in shown.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    shown = run(name, "--help")

    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"Usage: cli {name}")


def test_the_version_is_that_of_the_package():
    assert run("--version").stdout == f"conclave, version {__version__}\n"


def test_an_unknown_command_is_bad_input_and_told_on_standard_error():
    answer = run("anaylze")

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "No such command 'anaylze'" in answer.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("analyze",),
        ("analyze", "AAPL"),
        ("analyze", "--csv", "x.csv"),
        ("analyze", "AAPL", "--dir", "."),
        ("analyze", "--dir", ".", "--explain"),
        ("analyze", "--dir", ".", "--news", "x.json"),
        ("analyze", "AAPL", "--csv", "-", "--news", "-"),
        ("analyze", "AAPL", "--csv", "x.csv", "--timeout", "soon"),
        ("decisions", "--limit", "0"),
        ("serve", "--port", "99999"),
        ("replay",),
    ],
)
def test_a_wrong_use_is_bad_input(args):
    answer = run(*args)

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "Error: " in answer.stderr
