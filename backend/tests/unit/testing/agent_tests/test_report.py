import pytest

from app.testing.agent_tests.outcomes import Check, Outcome
from app.testing.agent_tests.report import report_of
from app.testing.agent_tests.scenarios import Scenario
from app.testing.agent_tests.trials import TRIALS

GAPS = next(trial for trial in TRIALS if trial.name == "gaps")


def check(fault=None, expectation="answers", scene="crash 1"):
    return Check(expectation, "answers in time", scene, 1_000, fault)


def outcome(*checks, agent="market_analyst", regime="crash"):
    return Outcome(Scenario(regime, GAPS, agent, (), (1,)), checks)


def reported(*outcomes):
    return report_of(outcomes, questions=9, duration_s=1.5, began_at="2026-01-01T00:00:00+00:00", panel=["a"])


def test_a_scenario_succeeds_only_when_every_check_held():
    summary = reported(outcome(check(), check("late")), outcome(check()))["executive_summary"]
    assert summary["overall_success_rate"] == 0.5
    assert (summary["succeeded"], summary["failed"], summary["checks"], summary["checks_held"]) == (1, 1, 3, 2)


def test_who_was_not_asked_counts_neither_way():
    summary = reported(outcome(), outcome(check()))["executive_summary"]
    assert (summary["overall_success_rate"], summary["scenarios"], summary["not_asked"]) == (1.0, 1, 1)


def test_without_anything_judged_there_is_no_rate():
    assert reported(outcome())["executive_summary"]["overall_success_rate"] is None
    assert reported()["executive_summary"]["overall_success_rate"] is None


def test_success_is_told_in_its_own_words():
    assert "never enough" in reported()["executive_summary"]["success_means"]


def test_rates_are_told_by_agent_regime_fault_and_expectation():
    report = reported(outcome(check()), outcome(check("bad", "direction"), agent="risk_advisor"))
    assert report["by_agent"]["risk_advisor"]["success_rate"] == 0.0
    assert report["by_regime"]["crash"]["success_rate"] == 0.5
    assert report["by_fault"]["gaps"]["scenarios"] == 2
    assert report["by_expectation"]["direction"] == {"success_rate": 0.0, "checks": 1, "held": 0}
    assert report["by_agent_and_regime"]["market_analyst"]["crash"]["success_rate"] == 1.0
    assert report["faults"]["gaps"] == {"kind": "data", "meaning": "a fifth of the bars is missing"}


def test_failures_of_one_kind_stand_together_the_most_frequent_first():
    rare = outcome(check("odd", "direction"), agent="risk_advisor")
    report = reported(rare, outcome(check("slow", scene="crash 1"), check("slower", scene="crash 2")))
    assert [(each["agent_type"], each["failed_checks"]) for each in report["weaknesses"]] == [
        ("market_analyst", 2),
        ("risk_advisor", 1),
    ]
    assert report["weaknesses"][0]["example"] == {"scene": "crash 1", "seed": 1_000, "observed": "slow"}
    assert [each["observed"] for each in report["failures"]] == ["odd", "slow", "slower"]


@pytest.mark.parametrize(("fault", "held"), [(None, True), ("late", False)])
def test_everything_stands_in_the_report(fault, held):
    (scenario,) = reported(outcome(check(fault)))["scenarios"]
    assert (scenario["success"], scenario["checks"][0]["held"]) == (held, held)
    assert scenario["scenario"] == "crash/gaps/market_analyst"
