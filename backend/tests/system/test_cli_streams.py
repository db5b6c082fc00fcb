"""Pipes, signals and start-up: the command line as a well-behaved program."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.command_line import conclave, environment

CLI = [sys.executable, "-m", "app.cli.main"]
HEAVY = ("numpy", "sqlalchemy", "fastapi", "pydantic", "structlog", "rich", "asyncio", "talib", "uvicorn")


def imported_by(*args: str, given: str = "") -> set[str]:
    """The heavy modules that a command imported."""
    script = (
        "import sys; from app.cli.main import cli\n"
        "try: cli(sys.argv[1:])\n"
        f"except SystemExit: print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, *args]
    ended = subprocess.run(command, input=given, capture_output=True, text=True, env=environment(), check=True)
    return set(ended.stderr.split())


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("analyze", "--help"), ("serve", "--help")])
def test_asking_for_help_imports_nothing_heavy(args):
    assert imported_by(*args) == set()


@pytest.mark.parametrize("args", [("tally",), ("tally", "--jsonl")])
def test_tally_imports_nothing_heavy(args):
    assert imported_by(*args, given='{"votes": []}') == set()


def a_stream(*args: str, **settings):
    return subprocess.Popen(
        [*CLI, "tally", "--jsonl", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        **settings,
    )


def test_a_stream_answers_each_line_before_the_next_is_sent():
    with a_stream() as process:
        for name in range(3):
            process.stdin.write(json.dumps({"id": name, "votes": []}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == name
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_reader_who_leaves_ends_the_stream_quietly():
    with a_stream() as process:
        process.stdout.close()
        process.stdin.write(b'{"id": 1, "votes": []}\n' * 1_000)
        process.stdin.close()
        assert process.wait(30) == 141
        assert process.stderr.read() == b""


def test_a_reader_who_leaves_a_table_ends_it_quietly(tmp_path):
    with subprocess.Popen(
        [*CLI, "agents"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path)
    ) as process:
        process.stdout.close()
        assert process.wait(30) == 141
        assert process.stderr.read() == b""


def test_a_reader_who_leaves_a_simulation_ends_it_long_before_its_last_bar(tmp_path):
    ten_minutes = ("--interval", "1m", "--bars", "600", "--speed", "60", "--agents", "market_analyst")
    with subprocess.Popen(
        [*CLI, "simulate", "AAPL", *ten_minutes],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as process:
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("args", [("agents",), ("tally",), ("tally", "--jsonl")])
def test_an_output_that_is_full_is_a_failure(args):
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*CLI, *args], input=b'{"votes": []}', stdout=full, stderr=subprocess.PIPE, env=environment(), check=False
        )

    assert ended.returncode == 3
    assert ended.stderr == b"Error: No space left on device.\n"


def test_an_input_that_is_closed_is_bad_input():
    command = f"{shlex.join(CLI)} tally <&-"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment(), check=False)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "Error: Standard input is closed; name a file instead.\n"


@pytest.mark.parametrize("width", ["20", "60", "400"])
def test_a_table_fits_any_width(tmp_path, width):
    shown = conclave("doctor", home=tmp_path, COLUMNS=width)

    assert shown.code == 0
    assert max(map(len, shown.out.splitlines())) <= int(width)


def test_ctrl_c_ends_a_command_with_one_word():
    with a_stream() as process:
        process.stdin.write(b'{"id": 1, "votes": []}\n')
        process.stdin.flush()
        process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read().decode().split() == ["Error:", "Stopped."]


def test_an_output_without_unicode_is_still_readable(tmp_path):
    shown = conclave("agents", home=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")

    assert shown.code == 0
    assert shown.out.isascii()


def test_colours_are_for_terminals_alone(tmp_path):
    assert "\x1b" not in conclave("doctor", home=tmp_path, TERM="xterm-256color").out


def test_a_server_on_an_open_address_without_a_key_refuses_to_start(tmp_path):
    ended = conclave("serve", "--host", "0.0.0.0", home=tmp_path)

    assert (ended.code, ended.out) == (2, "")
    assert "CONCLAVE_API_KEY" in ended.err


def test_a_server_says_where_it_is_and_stops_on_ctrl_c(tmp_path):
    command = [*CLI, "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(tmp_path, LOG_LEVEL="ERROR")
    ) as process:
        line = process.stderr.readline()
        os.kill(process.pid, signal.SIGINT)
        code, rest = process.wait(30), process.stderr.read()

    assert "http://127.0.0.1:" in line
    assert "/docs" in line
    assert code in (0, 130)
    assert "Traceback" not in rest
