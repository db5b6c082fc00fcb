"""Medians over rounds, in CPU seconds or wall time, always beside a floor measured in the same run."""

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `bar` is what it is held against, `ok` whether it meets it (None: reported only)."""

    what: str
    measured: str
    floor: str
    ratio: str
    bar: str
    ok: bool | None


def cpu_us(work: Callable[[], object], times: int) -> float:
    """Return CPU microseconds per call over `times` calls."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times * 1e6


async def cpu_us_async(work: Callable[[], Awaitable[object]], times: int) -> float:
    """Return CPU microseconds of the whole process per awaited call."""
    started = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - started) / times * 1e6


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def interleaved(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Measure each in turn, `rounds` times, so that noise of the machine falls on all alike."""
    taken: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for place, measure in enumerate(measures):
            taken[place].append(measure())
    return taken


async def interleaved_async(rounds: int, *measures: Callable[[], Awaitable[float]]) -> list[list[float]]:
    """Measure each in turn, as `interleaved` does."""
    taken: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for place, measure in enumerate(measures):
            taken[place].append(await measure())
    return taken


def median_ratio(values: list[float], floors: list[float]) -> float:
    """Return the median of the per-round ratios."""
    return median([value / floor for value, floor in zip(values, floors, strict=True)])
