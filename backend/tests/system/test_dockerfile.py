"""The Dockerfile: takes what is there, lets nothing else in, and fits what the compose file says of it."""

import re
import tomllib
from fnmatch import fnmatch

import pytest

from scripts.services.settings import ROOT
from tests.system.compose_file import environment, services

STEPS = (ROOT / "Dockerfile").read_text()
COPIED = [name for words in re.findall(r"^COPY (?!--from)(.+)$", STEPS, re.M) for name in words.split()[:-1]]


def is_sent(path):
    """Whether the builder gets to see `path`: the last line of `.dockerignore` that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        fits = fnmatch(path, pattern) or path.startswith(f"{pattern}/") or fnmatch(path.rpartition("/")[2], pattern)
        if line and not line.startswith("#") and fits:
            sent = line.startswith("!")
    return sent


@pytest.mark.parametrize("path", COPIED)
def test_what_is_copied_is_there_and_is_sent_to_the_builder(path):
    assert (ROOT / path).exists()
    assert is_sent(path)


@pytest.mark.parametrize("path", [".env", ".git/config", ".services/state.json", "conclave.db", "backend/tests/data"])
def test_secrets_records_and_tests_stay_outside(path):
    assert not is_sent(path)


def test_it_runs_as_the_user_whom_the_compose_file_names():
    (user,) = re.findall(r"^USER (.+)$", STEPS, re.M)
    assert {services()[name]["user"] for name in ("migrate", "api")} == {user}


def test_it_exposes_the_port_on_which_the_api_listens():
    assert f"EXPOSE {environment('api')['CONCLAVE_PORT']}" in STEPS.splitlines()


def test_both_stages_have_the_same_python_and_the_project_runs_on_it():
    (version,) = set(re.findall(r"^FROM python:(\d+\.\d+)-slim", STEPS, re.M))
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"] == f">={version}"


def test_the_command_of_the_image_is_one_of_the_project():
    (command,) = re.findall(r'^ENTRYPOINT \["(.+)"\]$', STEPS, re.M)
    assert command in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
