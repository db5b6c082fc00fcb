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


@pytest.fixture(autouse=True, scope="session")
def _nothing_of_this_shell():
    """Keep tests, and the processes they start, from the servers and models that somebody works with here.

    Those that need a server ask for it by name.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(_is_a_setting, tuple(os.environ)):
            patch.delenv(name)
        patch.setenv("CONCLAVE_PROVIDER", "rules")
        yield


def _is_a_setting(name):
    is_ours = name.startswith("CONCLAVE_") and not name.startswith(("CONCLAVE_TEST_", "CONCLAVE_SERVICES_"))
    return is_ours or name in OF_SERVERS + OF_MODELS


@pytest.fixture(autouse=True)
def _logging_as_at_the_start():
    """Undo what an earlier test, or the desk it started, set for the log."""
    structlog.reset_defaults()


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
