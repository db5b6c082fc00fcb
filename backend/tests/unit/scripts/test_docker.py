"""The servers as containers: what compose is asked for, put to a stand-in that writes down what it hears."""

import json
import sys

import pytest

from scripts.services import docker
from scripts.services.errors import ServiceError

STAND_IN = """#!{python}
import json, os, sys
told = os.environ.get
heard = {{"words": sys.argv[1:], "password": told("POSTGRES_PASSWORD"), "port": told("RABBITMQ_PORT")}}
with open({log!r}, "a") as log:
    log.write(json.dumps(heard) + "\\n")
sys.exit({refused!r} in sys.argv)
"""


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """Put a stand-in for the client first in the path; it refuses the word it is told to, and tells what it heard."""
    log = tmp_path / "heard"

    def make(refused=""):
        client = tmp_path / "docker"
        client.write_text(STAND_IN.format(python=sys.executable, log=str(log), refused=refused))
        client.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return lambda: [json.loads(line) for line in log.read_text().splitlines()]

    return make


def test_a_client_without_an_engine_is_no_engine(engine):
    engine(refused="info")
    assert not docker.engine_answers()


def test_an_engine_without_compose_is_not_enough(engine):
    engine(refused="version")
    assert not docker.engine_answers()


def test_an_engine_with_compose_answers(engine):
    engine()
    assert docker.engine_answers()


def test_no_client_is_no_engine(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not docker.engine_answers()


def test_both_servers_are_started_and_waited_for_with_ports_and_passwords_of_this_checkout(engine):
    heard, state = engine(), {}
    docker.start(state)
    started = heard()[-1]
    assert started["words"][-5:] == ["up", "--detach", "--wait", "postgres", "rabbitmq"]
    assert started["password"] == state["postgres"]["password"]
    assert started["port"] == str(state["rabbitmq"]["port"])


def test_the_containers_are_not_those_of_a_deployment(engine):
    heard = engine()
    docker.start({})
    assert all(each["words"][:3] == ["compose", "--project-name", "conclave-services"] for each in heard())


def test_a_second_start_asks_for_the_same(engine):
    heard, state = engine(), {}
    docker.start(state)
    docker.start(state)
    first, second = (each for each in heard() if "up" in each["words"])
    assert first == second


def test_data_are_removed_only_on_purpose(engine):
    heard = engine()
    docker.stop({}, purge=False)
    docker.stop({}, purge=True)
    assert [each["words"][3:] for each in heard()] == [["stop", "postgres", "rabbitmq"], ["down", "--volumes"]]


def test_what_compose_refuses_is_an_error(engine):
    engine(refused="up")
    with pytest.raises(ServiceError, match="docker compose up failed"):
        docker.start({})
