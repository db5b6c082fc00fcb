"""How many decisions at once: twice as many at each step, until more at once brings no more done, twice."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from app import plugins
from app.domain.errors import AgentSystemError
from app.domain.identifiers import new_id
from app.domain.votes import NO_DECISION
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.rehearsal import Rehearsal, RehearsedDesk, Vendor
from app.testing.agent_tests.benchmark import questions
from app.testing.agent_tests.examination import Progress
from app.testing.agent_tests.percentiles import latencies

LEVELS: Final = (1, 2, 4, 8, 16, 32)
LEVEL_S: Final = 0.5
WORTH_IT: Final = 1.2
MODEL_LATENCY_S: Final = 0.2
TROUBLES: Final = ("timeout:", "failed:", "rules_for_model:")


async def stress(
    rehearsal: Rehearsal, analysts: Mapping[str, Analyst] | None, tell: Progress, *, costs: bool = False
) -> dict[str, Any]:
    """Return the ramps of the `panel` under test and of `stand_in_models` that take 200 ms for each answer.

    Args:
        costs: whether the panel's answers cost money; then it is left out.
    """
    from app.testing.fake_models.server import FakeModels

    whole, ramps = 2 * len(LEVELS), {}
    if not costs:
        async with rehearsal.desk(analysts) as desk:
            ramps["panel"] = await ramp(desk, lambda done, _: tell(done, whole))
    async with FakeModels(latency_s=MODEL_LATENCY_S) as fakes:
        vendor = Vendor("anthropic", fakes.anthropic_url, fakes.key)
        async with rehearsal.desk(analysts, vendor) as desk:
            models = await ramp(desk, lambda done, _: tell(len(LEVELS) + done, whole))
    tell(whole, whole)
    return {**ramps, "stand_in_models": {"model_latency_ms": MODEL_LATENCY_S * 1_000, **models}}


async def ramp(desk: RehearsedDesk, tell: Progress) -> dict[str, Any]:
    """Return `levels` and the `knee`: the last level that brought a fifth more decisions a second."""
    levels: list[dict[str, Any]] = []
    best, knee = 0.0, LEVELS[0]
    for place, at_once in enumerate(LEVELS, start=1):
        levels.append(await _level(desk, at_once))
        tell(place, len(LEVELS))
        rate = levels[-1]["decisions_per_second"]
        if rate >= best * WORTH_IT:
            best, knee = rate, at_once
        elif at_once > 2 * knee:
            break
    return {"levels": levels, "knee": knee, "knee_found": knee < LEVELS[-1]}


async def _level(desk: RehearsedDesk, at_once: int) -> dict[str, Any]:
    clock: Clock = plugins.load("clock", "system")()
    asked, taken, errors = cycle(questions()), [], 0
    began = clock.monotonic()

    async def work() -> None:
        nonlocal errors
        while clock.monotonic() - began < LEVEL_S:
            started = clock.monotonic()
            errors += await _fails(desk, replace(next(asked), decision_id=new_id()))
            taken.append((clock.monotonic() - started) * 1_000)

    async with asyncio.TaskGroup() as group:
        for place in range(at_once):
            group.create_task(work(), name=f"asker {place}")
    return {
        "at_once": at_once,
        "decisions": len(taken),
        "decisions_per_second": round(len(taken) / (clock.monotonic() - began), 1),
        "latency_ms": latencies(taken),
        "errors": errors,
        "memory_mb": memory_mb(),
    }


async def _fails(desk: RehearsedDesk, question: Any) -> bool:
    """Ask, and return whether anything was missing from the decision that should not be."""
    try:
        record = (await desk.decide(question)).record
    except AgentSystemError:
        return True
    troubled = any(reason.startswith(TROUBLES) for reason in record["degraded_reasons"])
    return troubled or record["final_recommendation"] == NO_DECISION


def memory_mb() -> float | None:
    """Return the resident memory of this process; None where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    resident = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")), None)
    return None if resident is None else round(int(resident) / 1_024, 1)
