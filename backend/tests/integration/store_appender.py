"""A process of its own that appends decisions and prints the id of each once the store has acknowledged it.

Usage: python -m tests.integration.store_appender TARGET PREFIX COUNT [SYMBOL...]

TARGET is the path of a file or the URL of a server; decisions go to the symbols in turn.
"""

import asyncio
import sys

from app.storage.opening import database_at
from app.storage.repositories.decisions import SqlDecisionStore
from tests.contracts.decision_drafts import a_draft, some_bars


async def append_all(target: str, prefix: str, count: int, symbols: list[str]) -> None:
    store = SqlDecisionStore(database_at(target))
    await store.open()
    for number in range(count):
        symbol = symbols[number % len(symbols)]
        await store.append(a_draft(f"{prefix}{number}", symbol, at=number, bars=some_bars(number, 30)))
        print(f"{prefix}{number}", flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(append_all(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:] or ["AAPL"]))
