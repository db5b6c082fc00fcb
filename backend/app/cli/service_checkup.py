"""What the doctor says about services: whether they are set, never with which secrets."""

import os
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from app.cli.finding import OK, PROBLEM, Finding
from app.config import Settings

SERVICES: Final = ("RABBITMQ_URL", "REDIS_URL")


def database(settings: Settings) -> Finding:
    """Tell whether a database server is asked for."""
    if settings.postgres_url is None:
        return Finding("POSTGRES_URL", OK, "not set: the record is kept in SQLite")
    shown = without_credentials(settings.postgres_url.get_secret_value())
    return Finding("POSTGRES_URL", PROBLEM, shown, "unset it: this version keeps its record in SQLite alone")


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
