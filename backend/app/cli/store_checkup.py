"""How the store is, seen from outside the desk: opened, counted, tried, and left as it was."""

import asyncio
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from app.cli.finding import NOTE, OK, Finding
from app.config import Settings
from app.desk_store import build_database
from app.domain.wording import counted
from app.storage.performance import COUNTS
from app.storage.schema import HEAD, prepare, revision_of
from app.storage.session import Database
from app.storage.trial import try_to_write

_DURABLE: Final = ("fsync", "full_page_writes")
_NONE_YET: Final = "none yet: made with the first decision"


def store(settings: Settings) -> Finding:
    """Open the store for writing, count what is in it and say so; a store that does not exist is not made.

    Raises:
        StoreError: it cannot be opened, read or written, or another version wrote it.
    """
    if settings.postgres_url is None and not settings.store_path.exists():
        return Finding("store", OK, _NONE_YET)
    return asyncio.run(_looked_at(build_database(settings), is_server=settings.postgres_url is not None))


async def _looked_at(database: Database, *, is_server: bool) -> Finding:
    await database.open()
    try:
        server = await database.read(_server) if is_server else {}
        return _told(await _state(database), server)
    finally:
        await database.close()


async def _state(database: Database) -> str:
    if await database.read(revision_of) is None:
        return _NONE_YET
    await database.write(prepare)  # refuses an older version; there is nothing to create any more
    counts = await database.read(lambda connection: connection.execute(COUNTS).one())
    await try_to_write(database)
    return f"schema {HEAD}, {counted(counts.decisions, 'decision')}, can be written"


def _server(connection: Connection) -> Mapping[str, str]:
    names = ("server_version", *_DURABLE)
    return {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in names}


def _told(state: str, server: Mapping[str, str]) -> Finding:
    if not server:
        return Finding("store", OK, state)
    state = f"PostgreSQL {server['server_version'].split()[0]}, {state}"
    careless = [name for name in _DURABLE if server[name] != "on"]
    if not careless:
        return Finding("store", OK, state)
    fix = f"set {' and '.join(careless)} to on: a power cut may cost decisions that were acknowledged"
    return Finding("store", NOTE, state, fix)
