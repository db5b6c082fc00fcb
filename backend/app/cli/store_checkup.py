"""How the embedded store is, seen from outside the desk."""

import asyncio
from pathlib import Path

from app.storage.embedded_database import EmbeddedDatabase
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.schema import HEAD


def store_state(path: Path) -> str:
    """Open the store for writing, count what is in it and say so; a store that does not exist is not made.

    Raises:
        StoreError: it cannot be opened, read or written, or another version wrote it.
    """
    return asyncio.run(_counted(path)) if path.exists() else "none yet: made with the first decision"


async def _counted(path: Path) -> str:
    store = SqlDecisionStore(EmbeddedDatabase(path))
    await store.open()
    try:
        counts = await store.counts()
    finally:
        await store.close()
    return f"schema {HEAD}, {counts['decisions']} decisions, can be written"
