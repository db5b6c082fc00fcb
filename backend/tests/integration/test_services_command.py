"""`make services` and the servers of `make test`: started for a command, and kept while one is left."""

import os
import subprocess
import sys

import pytest

from scripts.services.packages import programs
from scripts.services.settings import ROOT
from tests.services import NAMED_BY, NEEDS

OF_A_RUN = ("CI", "PYTEST_ADDOPTS")
SERVICES = [sys.executable, "-m", "scripts.services"]
SHOW = [sys.executable, "-c", f"import os; [print(os.environ.get(name, 'none')) for name in {list(NAMED_BY.values())}]"]
TESTS = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "backend/tests/unit/scripts/test_amqp.py"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of its own for servers, which are removed afterwards."""
    home = tmp_path_factory.mktemp("services")
    yield home
    ran([*SERVICES, "stop", "--purge"], home)


@pytest.fixture
def packages():
    if None in (programs("postgresql"), programs("rabbitmq-server")):
        pytest.skip(f"{NEEDS['postgres']} and {NEEDS['rabbitmq']} as Debian packages")


def ran(command, home, **environment):
    ours = {name: value for name, value in os.environ.items() if name not in (*NAMED_BY.values(), *OF_A_RUN)}
    settings = {"CONCLAVE_SERVICES_HOME": str(home), "CONCLAVE_SERVICES_WAY": "packages", **environment}
    return subprocess.run(command, cwd=ROOT, env={**ours, **settings}, capture_output=True, text=True, check=False)


def test_servers_of_a_command_stop_with_the_last_that_uses_them(home, packages):
    inner, outer = [*SERVICES, "run", *SHOW], [*SERVICES, "urls"]
    both = [sys.executable, "-c", f"import subprocess; [subprocess.run(words) for words in ({inner}, {outer})]"]

    told = ran([*SERVICES, "run", *both], home).stdout.splitlines()

    assert [line.partition("=")[0] for line in told[2:]] == ["export POSTGRES_URL", "export RABBITMQ_URL"]
    assert [line.partition("=")[2] for line in told[2:]] == told[:2]
    assert ran([*SERVICES, "urls"], home).stdout == ""


def test_servers_that_somebody_started_outlive_a_command(home, packages):
    first = ran([*SERVICES, "start"], home).stdout

    ran([*SERVICES, "run", *SHOW], home)

    assert ran([*SERVICES, "start"], home).stdout == first != ""
    ran([*SERVICES, "stop"], home)
    assert ran([*SERVICES, "urls"], home).stdout == ""


def test_a_server_that_the_environment_names_is_not_started(tmp_path):
    named = {name: f"by-hand-{number}" for number, name in enumerate(NAMED_BY.values())}
    assert ran([*SERVICES, "run", *SHOW], tmp_path, **named).stdout.split() == list(named.values())
    assert not (tmp_path / "state.json").exists()


def test_a_command_ends_as_it_ends_alone(tmp_path):
    named = dict.fromkeys(NAMED_BY.values(), "by-hand")
    fails = [sys.executable, "-c", "raise SystemExit(3)"]
    assert ran([*SERVICES, "run", *fails], tmp_path, **named).returncode == 3


@pytest.mark.parametrize(("continuous_integration", "code"), [("", 0), ("true", 1)])
def test_tests_without_their_server_are_told_and_fail_only_what_decides(tmp_path, continuous_integration, code):
    done = ran(TESTS, tmp_path, CI=continuous_integration)
    assert "tests did not run: each needs RabbitMQ. make services" in done.stdout
    assert done.returncode == code, done.stdout
