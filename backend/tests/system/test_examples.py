"""The README's examples run as they stand, against a server started as a user starts it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
COMMAND = re.compile(r"^\.venv/bin/conclave (?!serve)(.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return {**os.environ, "CONCLAVE_HOME": str(tmp_path_factory.mktemp("home")), "LOG_LEVEL": "WARNING"}


@pytest.fixture(scope="module")
def address(environment):
    """A running server; its first line on standard error tells where it listens."""
    command = [sys.executable, "-m", "app.cli.main", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as server:
        yield re.search(r"http://(\S+)", server.stderr.readline())[1]
        server.terminate()
        server.communicate(timeout=20)


def run(environment, *command):
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_python_example_prints_votes_and_decisions(environment):
    ended = run(environment, sys.executable, "examples/ask_the_panel.py")
    assert ended.returncode == 0, ended.stderr
    assert "news_analyst" in ended.stdout
    assert "complete" in ended.stdout


def test_the_socket_example_follows_one_analysis_to_its_end(environment, address):
    ended = run(environment, sys.executable, "examples/follow_the_feed.py", f"ws://{address}/ws/agents")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("agent_decision") == 5
    assert "final_decision" in ended.stdout.splitlines()[-1]


def test_the_example_request_gets_a_decision_over_rest(address):
    body = (ROOT / "examples" / "aapl_request.json").read_bytes()
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"http://{address}/api/v1/agents/analyze", content=body, headers=headers)
    assert answer.status_code == 200
    assert len(answer.json()["votes"]) == 5


@pytest.mark.parametrize("command", COMMAND.findall((ROOT / "README.md").read_text()))
def test_each_command_of_the_readme_works(environment, command):
    ended = run(environment, sys.executable, "-m", "app.cli.main", *shlex.split(command))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout
