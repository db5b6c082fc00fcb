"""Whether the tests see: each broken analyst must fail the expectation meant for it, and a sound one must not."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.ports.analyst import Analyst
from app.ports.rehearsal import Rehearsal
from app.testing.agent_tests.broken_analysts import MUTANTS, Mutant
from app.testing.agent_tests.examination import Examination, Progress
from app.testing.agent_tests.outcomes import Check, Outcome
from app.testing.agent_tests.scenarios import Scenario, habits_of, scenarios_of
from app.testing.agent_tests.trials import TRIALS

PATIENCE_S: Final = 10.0
CAUGHT_MEANS: Final = (
    "A broken analyst is caught when it fails the expectation meant for it, and a sound one in its seat does not."
)


async def mutation_check(rehearsal: Rehearsal, tell: Progress) -> dict[str, Any]:
    """Return `broken_analysts` (what was seen of each), `caught`, `of` and `caught_means`."""
    seen = []
    for place, mutant in enumerate(MUTANTS, start=1):
        seen.append(await check_mutant(mutant, rehearsal))
        tell(place, len(MUTANTS))
    caught = sum(each["caught"] for each in seen)
    return {"broken_analysts": seen, "caught": caught, "of": len(seen), "caught_means": CAUGHT_MEANS}


def scenarios_against(mutant: Mutant) -> tuple[Scenario, ...]:
    """Return the scenarios meant to catch a broken analyst."""
    numbers = tuple(range(1, mutant.scenes + 1))
    trials = [trial for trial in TRIALS if trial.name in mutant.trials]
    single = scenarios_of(trials, mutant.regimes, (mutant.role,), numbers)
    habits = habits_of(mutant.regimes, tuple(mutant.panel()), numbers)
    return (*single, *(each for each in habits if each.trial.name in mutant.trials))


async def check_mutant(mutant: Mutant, rehearsal: Rehearsal) -> dict[str, Any]:
    """Return whether one broken analyst is caught, by what, and whether a sound one passes the same scenarios."""
    caught = _faults(mutant, await _run(mutant, mutant.panel(), rehearsal, mutant.timeout_s))
    cleared = not _faults(mutant, await _run(mutant, mutant.control(), rehearsal, PATIENCE_S))
    outcome, check = caught[0] if caught else (None, None)
    return {
        "name": mutant.name,
        "meaning": mutant.analyst.__doc__,
        "caught": bool(caught) and cleared,
        "sound_analyst_passes": cleared,
        "scenario": outcome.scenario.name if outcome else None,
        "expectation": mutant.expectation,
        "expected": check.expected if check else None,
        "observed": check.fault if check else None,
    }


async def _run(
    mutant: Mutant, analysts: Mapping[str, Analyst], rehearsal: Rehearsal, timeout_s: float
) -> Sequence[Outcome]:
    examination = Examination(rehearsal, analysts, timeout_s, lambda _done, _total: None)
    return await examination.of(scenarios_against(mutant), mutant.regimes)


def _faults(mutant: Mutant, outcomes: Sequence[Outcome]) -> list[tuple[Outcome, Check]]:
    return [
        (outcome, check)
        for outcome in outcomes
        if outcome.scenario.agent_type == mutant.role
        for check in outcome.checks
        if check.fault and check.expectation == mutant.expectation
    ]
