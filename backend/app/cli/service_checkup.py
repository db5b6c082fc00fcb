"""What the doctor says about services: whether they are set, never with which secrets."""

import os
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from app.cli.finding import OK, PROBLEM, Finding
from app.config import Settings
from app.domain.errors import InvalidInputError
from app.storage.server_address import ServerAddress

SERVICES: Final = ("RABBITMQ_URL", "REDIS_URL")


def database(settings: Settings) -> Finding:
    """Tell whether the record is kept on a database server, and on which."""
    if settings.postgres_url is None:
        return Finding("POSTGRES_URL", OK, "not set: the record is kept in SQLite")
    try:
        shown = ServerAddress.parse(settings.postgres_url.get_secret_value()).shown
    except InvalidInputError as error:
        return Finding("POSTGRES_URL", PROBLEM, "set, but it is no URL of PostgreSQL", str(error))
    most, timeout_s = settings.database_pool, settings.database_timeout_seconds
    return Finding("POSTGRES_URL", OK, f"{shown}, at most {most} connections, {timeout_s:g} s for a statement")


def services() -> Iterator[Finding]:
    """Tell which other services are set."""
    for name in SERVICES:
        url = os.environ.get(name)
        yield Finding(name, OK, f"{without_credentials(url) if url else 'not set'}: not needed, events stay in process")


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
