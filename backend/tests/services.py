"""Real servers for tests: where they are, and a fresh corner of each."""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from scripts.services import both, settings

NAMED_BY = {"postgres": "CONCLAVE_TEST_POSTGRES_URL", "rabbitmq": "CONCLAVE_TEST_RABBITMQ_URL"}
NEEDS = {"postgres": "needs PostgreSQL", "rabbitmq": "needs RabbitMQ", "prometheus": "needs Prometheus"}
_ALL_RIGHTS = (
    "rabbit_auth_backend_internal:set_permissions("
    '<<"conclave">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>)'
)
HOW = "make services tells what is missing; make test then runs them"


def server_url(server: str) -> str:
    """Return where `postgres` or `rabbitmq` listens, skipping the test where none runs."""
    found = os.environ.get(NAMED_BY[server]) or both.urls(settings.load()).get(server)
    if not found:
        pytest.skip(NEEDS[server])
    return found


@contextmanager
def fresh_database() -> Iterator[str]:
    """Yield the URL of an empty database that is dropped afterwards, whoever is still connected."""
    server, name = server_url("postgres"), f"conclave_test_{uuid4().hex[:12]}"
    _in_database(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        _in_database(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def fresh_vhost() -> Iterator[str]:
    """Yield the URL of an empty virtual host that is removed afterwards, with everything in it.

    A broker that was named by hand is not ours to divide: its own URL is given, and only `unique_prefix` keeps apart.
    """
    server, name = server_url("rabbitmq"), f"conclave-test-{uuid4().hex[:12]}"
    if server != both.urls(settings.load()).get("rabbitmq"):
        yield server
        return
    _in_broker(f'rabbit_vhost:add(<<"{name}">>, <<"tests">>), {_ALL_RIGHTS.format(name=name)}.')
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        _in_broker(f'rabbit_vhost:delete(<<"{name}">>, <<"tests">>), ok.')


def unique_prefix() -> str:
    """Return the beginning of names that no other test uses."""
    return f"test-{uuid4().hex[:12]}."


def not_run(reports: list[pytest.TestReport]) -> dict[str, int]:
    """Count the skipped tests by what they lacked."""
    reasons = [report.longrepr[2] for report in reports if isinstance(report.longrepr, tuple)]
    counts = {need: sum(need in reason for reason in reasons) for need in NEEDS.values()}
    return {need: count for need, count in counts.items() if count}


def _in_database(server: str, statement: str) -> None:
    import asyncpg

    async def ask() -> None:
        connection = await asyncpg.connect(server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    _in_a_thread(ask)


def _in_a_thread(ask: Callable[[], Awaitable[None]]) -> None:
    """Beside the loop of a test, which may be running when a fixture is asked for."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(ask())).result()


def _in_broker(expression: str) -> None:
    control = settings.load()["rabbitmq"]["rabbitmqctl"]
    command = [*control["command"], "-q", "eval", expression]
    done = subprocess.run(command, env=control["env"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
