"""Settings every test shares, the servers some need, and a word about those that could not run."""

import os

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests import services

settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

OF_SERVERS = ("POSTGRES_URL", "RABBITMQ_URL")
OF_MODELS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "OLLAMA_BASE_URL", "PERPLEXITY_API_KEY")


@pytest.fixture(autouse=True)
def _no_models_of_this_machine(monkeypatch):
    """Keep tests, and the processes they start, from asking whatever models the machine happens to offer."""
    for name in OF_MODELS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONCLAVE_PROVIDER", "rules")


@pytest.fixture(autouse=True)
def _logging_as_at_the_start():
    """Undo what an earlier test, or the desk it started, set for the log."""
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _no_servers_of_this_shell(monkeypatch):
    """Keep tests away from the servers somebody works with: those that need one ask for it by name."""
    for name in OF_SERVERS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def postgres_url():
    """An empty database of a real PostgreSQL."""
    with services.fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def rabbitmq_url():
    """An empty virtual host of a real RabbitMQ, shared by one module."""
    with services.fresh_vhost() as url:
        yield url


@pytest.fixture
def rabbitmq_prefix():
    """The beginning of names of exchanges and queues that no other test uses."""
    return services.unique_prefix()


def pytest_terminal_summary(terminalreporter):
    for need, count in services.not_run(terminalreporter.getreports("skipped")).items():
        terminalreporter.write_line(f"{count} tests did not run: each {need}. {services.HOW}.", yellow=True)


def pytest_sessionfinish(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and services.not_run(reporter.getreports("skipped")):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
