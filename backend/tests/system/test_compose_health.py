"""The health checks of the compose file, run as they stand: against what serves, and against what does not."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.services.packages import programs
from scripts.services.ports import free_port
from scripts.services.settings import load
from tests.own_prometheus import own_prometheus
from tests.services import NEEDS
from tests.system import command_line
from tests.system.compose_file import services


def check(service):
    """The words of the health check of `service`."""
    kind, *words = services()[service]["healthcheck"]["test"]
    assert kind == "CMD"
    return words


def succeeds(command, **environment):
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def test_the_database_is_well_while_it_answers(postgres_url):
    folder = programs("postgresql") or pytest.skip(f"{NEEDS['postgres']} as a Debian package")
    program, *words = check("postgres")
    command, port = [str(folder / program), *words], urlsplit(postgres_url).port
    assert succeeds(command, PGPORT=str(port))
    assert not succeeds(command, PGPORT=str(free_port()))


def test_the_broker_is_well_while_it_answers(rabbitmq_url):
    control = load().get("rabbitmq", {}).get("rabbitmqctl")
    if not control or urlsplit(rabbitmq_url).path == "/%2F" or programs("rabbitmq-server") is None:
        pytest.skip(f"{NEEDS['rabbitmq']} as a Debian package")
    program, *words = check("rabbitmq")
    *before, rabbitmqctl = control["command"]
    command = [*before, str(Path(rabbitmqctl).with_name(program)), *words]
    assert succeeds(command, **control["env"])
    assert not succeeds(command, **control["env"] | {"RABBITMQ_NODENAME": "nobody@localhost"})


@pytest.fixture
def server(tmp_path):
    """The port of a running server."""
    command = [sys.executable, "-m", "app.cli.main", "serve", "--port", "0"]
    environment = command_line.environment(tmp_path, CONCLAVE_PROVIDER="rules")
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as running:
        ready = next(line for line in running.stderr if "ready on" in line)
        yield ready.partition("127.0.0.1:")[2].partition(" ")[0]
        running.terminate()


def test_the_api_is_well_while_it_answers(server):
    program, flag, code = check("api")
    assert (program, flag) == ("python", "-c")
    assert succeeds([sys.executable, flag, code.replace(":8000", f":{server}")])
    assert not succeeds([sys.executable, flag, code.replace(":8000", f":{free_port()}")])


async def test_the_address_by_which_prometheus_is_found_well_answers():
    *program, address = check("prometheus")
    async with own_prometheus(f"127.0.0.1:{free_port()}", "key") as prometheus:
        answer = await prometheus.client.get(urlsplit(address).path)
    assert program == ["wget", "--quiet", "--spider"]
    assert answer.status_code == 200
