"""What a decision takes: time, requests, tokens, money."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from app import plugins
from app.domain.identifiers import new_id
from app.domain.questions import Question
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.rehearsal import Rehearsal, RehearsedDesk, Vendor
from app.testing.agent_tests.examination import Progress
from app.testing.agent_tests.percentiles import latencies
from app.testing.agent_tests.scenes import scene
from app.testing.agent_tests.takes import put
from app.testing.mock_data_generator import REGIMES

DECISIONS: Final = 160
MODEL_DECISIONS: Final = 24
PAID_DECISIONS: Final = 8
WARM_UP: Final = 8
NO_COST: Final = {"requests": 0, "tokens": 0, "cost": "0"}


async def benchmark(
    rehearsal: Rehearsal, analysts: Mapping[str, Analyst] | None, tell: Progress, *, costs: bool = False
) -> dict[str, Any]:
    """Return figures of the `panel` under test and of `stand_in_models`: one decision at a time, whole panel.

    What stand-ins cost is told at the vendor's list price; nothing was paid.

    Args:
        costs: whether the panel's answers do cost money; then it is asked eight questions.
    """
    from app.testing.fake_models.server import FakeModels

    decisions = PAID_DECISIONS if costs else DECISIONS
    whole = decisions + MODEL_DECISIONS
    async with rehearsal.desk(analysts) as desk:
        panel = await _measured(desk, decisions, 0 if costs else WARM_UP, lambda done: tell(done, whole))
    async with FakeModels() as fakes:
        vendor = Vendor("anthropic", fakes.anthropic_url, fakes.key)
        async with rehearsal.desk(analysts, vendor) as desk:
            models = await _measured(desk, MODEL_DECISIONS, WARM_UP, lambda done: tell(decisions + done, whole))
    return {"panel": panel, "stand_in_models": models}


def questions() -> Sequence[Question]:
    """Return a question about each regime."""
    return [put(scene(regime, 1), "clean").question for regime in REGIMES]


async def _measured(desk: RehearsedDesk, count: int, warm_up: int, tell: Callable[[int], None]) -> dict[str, Any]:
    clock: Clock = plugins.load("clock", "system")()
    asked = questions()
    for question in asked[:warm_up]:
        await desk.decide(replace(question, decision_id=new_id()))
    whole: list[float] = []
    by_agent: defaultdict[str, list[float]] = defaultdict(list)
    spent: dict[str, Any] = {"requests": 0, "tokens": 0, "cost": Decimal(0)}
    for place in range(count):
        began = clock.monotonic()
        made = await desk.decide(replace(asked[place % len(asked)], decision_id=new_id()))
        whole.append((clock.monotonic() - began) * 1_000)
        for vote in made.record["votes"]:
            by_agent[vote["agent_type"]].append(vote["latency_ms"])
        _add(spent, made.record["panel"].get("spent", NO_COST))
        tell(place + 1)
    return {
        "decisions": count,
        "decisions_per_second": round(count / (sum(whole) / 1_000), 1),
        "latency_ms": latencies(whole),
        "latency_ms_by_agent": {agent: latencies(taken) for agent, taken in by_agent.items()},
        "requests_per_decision": round(spent["requests"] / count, 2),
        "tokens_per_decision": round(spent["tokens"] / count, 1),
        "dollars_per_decision": None if spent["cost"] is None else round(float(spent["cost"]) / count, 6),
    }


def _add(spent: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add what one decision took; a price that is not known makes the whole cost unknown."""
    spent["requests"] += more["requests"]
    spent["tokens"] += more["tokens"]
    is_known = spent["cost"] is not None and more["cost"] is not None
    spent["cost"] = spent["cost"] + Decimal(more["cost"]) if is_known else None
