"""One decision of the whole panel in process: kept in memory, and recorded durably."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.config import Settings
from app.desk_store import build_store
from app.domain.identifiers import new_id
from app.domain.questions import Question
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from bench.measure import Row, cpu_us_async, median
from bench.scenes import question

ROUNDS, TIMES = 7, 150


def rows() -> list[Row]:
    """Measure both ways in turn, beside a bare durable commit of 4 kB."""
    return asyncio.run(_measure())


async def _measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as home:
        store = build_store(Settings(home=Path(home)))
        await store.open()
        volatile, durable = MultiAgentCoordinator(), MultiAgentCoordinator(store=store)
        floor = _commit_floor(Path(home) / "floor.db")
        asked = question()
        await _warm(volatile, durable, asked)
        taken: list[list[float]] = [[], [], []]
        for _ in range(ROUNDS):
            taken[0].append(await cpu_us_async(lambda: volatile.decide(_fresh(asked)), TIMES))
            taken[1].append(await cpu_us_async(lambda: durable.decide(_fresh(asked)), TIMES))
            taken[2].append(floor())
        await store.close()
    in_memory, recorded, commit = (median(values) / 1_000 for values in taken)
    floor_text = f"bare 4 kB commit {commit:.2f} ms"
    return [
        Row("decision, 250 bars, not recorded", f"{in_memory:.2f} ms CPU", "", "", "≤ 1.5 ms", in_memory <= 1.5),
        Row(
            "decision, 250 bars, recorded durably",
            f"{recorded:.2f} ms CPU",
            floor_text,
            f"{recorded / commit:.1f}",
            "≤ 3 ms",
            recorded <= 3,
        ),
    ]


async def _warm(volatile: MultiAgentCoordinator, durable: MultiAgentCoordinator, asked: Question) -> None:
    for _ in range(20):
        await volatile.decide(_fresh(asked))
        await durable.decide(_fresh(asked))


def _fresh(asked: Question) -> Question:
    return replace(asked, decision_id=new_id())


def _commit_floor(path: Path) -> Callable[[], float]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE answers (body BLOB)")
    payload = b"x" * 4_096

    def commits() -> float:
        started = time.process_time()
        for _ in range(TIMES):
            connection.execute("INSERT INTO answers VALUES (?)", (payload,))
        return (time.process_time() - started) / TIMES * 1e6

    return commits
