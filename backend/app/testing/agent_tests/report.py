"""The report of a run: figures first, then every failure in words, then everything."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from app.testing.agent_tests.outcomes import Check, Outcome
from app.testing.agent_tests.roles import NOT_EXPECTED

SUCCESS_MEANS: Final = (
    "A scenario is one agent in one trial of one regime. It succeeds when every expectation named for it held in every "
    "scene it was tried in; that an answer came back is never enough. Scenarios whose agent was not asked, because the "
    "question lacked what it needs, count neither way."
)


def report_of(
    outcomes: Sequence[Outcome], *, questions: int, duration_s: float, began_at: str, panel: Sequence[str]
) -> dict[str, Any]:
    """Return the report; all rates are fractions.

    Returns:
        `executive_summary`; the rates `by_agent`, `by_regime`, `by_fault`, `by_expectation`, `by_agent_and_regime` and
        `by_agent_and_fault`; `faults` (what is done in each); `weaknesses` (failures of one kind together);
        `failures` (each alone); `not_expected`; `scenarios` (everything).
    """
    return {
        "executive_summary": {
            **_summary(outcomes),
            "success_means": SUCCESS_MEANS,
            "questions_asked": questions,
            "duration_s": round(duration_s, 3),
            "began_at": began_at,
            "panel": list(panel),
        },
        "by_agent": _rates(outcomes, lambda each: each.scenario.agent_type),
        "by_regime": _rates(outcomes, lambda each: each.scenario.regime),
        "by_fault": _rates(outcomes, lambda each: each.scenario.trial.name),
        "by_expectation": _expectations(outcomes),
        "by_agent_and_regime": _crossed(outcomes, lambda each: each.scenario.regime),
        "by_agent_and_fault": _crossed(outcomes, lambda each: each.scenario.trial.name),
        "faults": {each.scenario.trial.name: _trial(each) for each in outcomes},
        "weaknesses": _weaknesses(outcomes),
        "failures": [_failure(each, check) for each in outcomes for check in each.checks if check.fault],
        "not_expected": [
            {"agent_type": agent, "regime": regime, "of_it_is_not_expected": why}
            for (agent, regime), why in NOT_EXPECTED.items()
            if any((each.scenario.agent_type, each.scenario.regime) == (agent, regime) for each in outcomes)
        ],
        "scenarios": [each.as_dict() for each in outcomes],
    }


def rate(passed: int, judged: int) -> float | None:
    """Return the fraction, rounded to four places; None of nothing."""
    return round(passed / judged, 4) if judged else None


def _summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    counts = _counts(outcomes)
    checks = [check for each in outcomes for check in each.checks]
    held = sum(check.fault is None for check in checks)
    return {
        "overall_success_rate": counts.pop("success_rate"),
        **counts,
        "checks": len(checks),
        "checks_held": held,
        "check_rate": rate(held, len(checks)),
    }


def _counts(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    standings = [each.standing for each in outcomes]
    passed, failed = standings.count("passed"), standings.count("failed")
    return {
        "success_rate": rate(passed, passed + failed),
        "scenarios": passed + failed,
        "succeeded": passed,
        "failed": failed,
        "not_asked": standings.count("not_asked"),
    }


def _rates(outcomes: Iterable[Outcome], key: Callable[[Outcome], str]) -> dict[str, dict[str, Any]]:
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        groups[key(each)].append(each)
    return {name: _counts(group) for name, group in groups.items()}


def _crossed(outcomes: Iterable[Outcome], key: Callable[[Outcome], str]) -> dict[str, dict[str, Any]]:
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        groups[each.scenario.agent_type].append(each)
    return {agent: _rates(group, key) for agent, group in groups.items()}


def _expectations(outcomes: Iterable[Outcome]) -> dict[str, dict[str, Any]]:
    groups: defaultdict[str, list[Check]] = defaultdict(list)
    for each in outcomes:
        for check in each.checks:
            groups[check.expectation].append(check)
    return {name: _held(checks) for name, checks in groups.items()}


def _held(checks: Sequence[Check]) -> dict[str, Any]:
    held = sum(check.fault is None for check in checks)
    return {"success_rate": rate(held, len(checks)), "checks": len(checks), "held": held}


def _trial(outcome: Outcome) -> Mapping[str, str]:
    return {"kind": outcome.scenario.trial.kind, "meaning": outcome.scenario.trial.meaning}


def _weaknesses(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Put failures of one kind together: who, in what trial, against which expectation; the most frequent first."""
    groups: defaultdict[tuple[str, str, str], list[tuple[Outcome, Check]]] = defaultdict(list)
    for each in outcomes:
        for check in each.checks:
            if check.fault:
                groups[each.scenario.agent_type, each.scenario.trial.name, check.expectation].append((each, check))
    return [
        {
            "agent_type": agent,
            "fault": fault,
            "expectation": expectation,
            "expected": failed[0][1].expected,
            "failed_checks": len(failed),
            "regimes": list(dict.fromkeys(outcome.scenario.regime for outcome, _ in failed)),
            "example": {"scene": failed[0][1].scene, "seed": failed[0][1].seed, "observed": failed[0][1].fault},
        }
        for (agent, fault, expectation), failed in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _failure(outcome: Outcome, check: Check) -> dict[str, Any]:
    scenario = outcome.scenario
    told = check.as_dict()
    del told["held"]
    return {
        "scenario": scenario.name,
        "agent_type": scenario.agent_type,
        "regime": scenario.regime,
        "fault": scenario.trial.name,
        **told,
    }
