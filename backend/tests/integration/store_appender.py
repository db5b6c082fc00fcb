"""A process of its own that appends decisions and prints the id of each once the store has acknowledged it.

Usage: python -m tests.integration.store_appender PATH PREFIX COUNT
"""

import asyncio
import sys
from pathlib import Path

from app.storage.embedded_database import EmbeddedDatabase
from app.storage.repositories.decisions import SqlDecisionStore
from tests.contracts.decision_drafts import a_draft, some_bars


async def append_all(path: Path, prefix: str, count: int) -> None:
    store = SqlDecisionStore(EmbeddedDatabase(path))
    await store.open()
    for number in range(count):
        await store.append(a_draft(f"{prefix}{number}", at=number, bars=some_bars(number, 30)))
        print(f"{prefix}{number}", flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(append_all(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
