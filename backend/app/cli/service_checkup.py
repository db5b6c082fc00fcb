"""What the doctor says about services: whether they are set, never with which secrets."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from app.cli.finding import OK, PROBLEM, Finding
from app.config import Settings
from app.domain.errors import InvalidInputError
from app.domain.wording import counted
from app.storage import outbox
from app.storage.server_address import ServerAddress


def database(settings: Settings) -> Finding:
    """Tell whether the record is kept on a database server, and on which."""
    if settings.postgres_url is None:
        return Finding("POSTGRES_URL", OK, "not set: the record is kept in SQLite")
    try:
        shown = ServerAddress.parse(settings.postgres_url.get_secret_value()).shown
    except InvalidInputError as error:
        return Finding("POSTGRES_URL", PROBLEM, "set, but it is no URL of PostgreSQL", str(error))
    for_letters = 0 if settings.rabbitmq_url is None else outbox.CONNECTIONS
    most, timeout_s = counted(settings.database_pool + for_letters, "connection"), settings.database_timeout_seconds
    return Finding("POSTGRES_URL", OK, f"{shown}, at most {most}, {timeout_s:g} s for a statement")


def services(settings: Settings) -> Iterator[Finding]:
    """Tell which other services are set."""
    yield _broker(settings)
    url = os.environ.get("REDIS_URL")
    yield Finding("REDIS_URL", OK, f"{without_credentials(url) if url else 'not set'}: not needed")


def _broker(settings: Settings) -> Finding:
    if settings.rabbitmq_url is None:
        return Finding("RABBITMQ_URL", OK, "not set: this process does all work itself")
    shown = without_credentials(settings.rabbitmq_url.get_secret_value())
    if settings.postgres_url is None:
        return Finding("RABBITMQ_URL", PROBLEM, shown, "Set POSTGRES_URL too: workers share the record there.")
    return Finding("RABBITMQ_URL", OK, f"{shown}: shared with every `conclave worker`")


def without_credentials(url: str) -> str:
    """Return scheme, host and port of a URL, which is all of it that is no secret."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        return "set, but it is no URL"
    return f"{parts.scheme}://{host}:{port}" if port else f"{parts.scheme}://{host}"
