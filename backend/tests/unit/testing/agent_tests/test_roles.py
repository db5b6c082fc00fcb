"""What is expected of a role is written for roles and regimes that there are."""

import pytest

from app import plugins
from app.domain.errors import UnknownNameError
from app.testing.agent_tests.roles import EXPECTED, NOT_EXPECTED, expected_of
from app.testing.agent_tests.scenarios import agent_types_of, chosen, regimes_of, scenarios_of
from app.testing.agent_tests.trials import TRIALS
from app.testing.agent_tests.views import PANEL
from app.testing.mock_data_generator import REGIMES


def test_every_role_of_the_plugin_table_and_the_panel_has_expectations():
    assert set(EXPECTED) == {*plugins.names("analyst"), PANEL}


@pytest.mark.parametrize("role", EXPECTED)
def test_they_are_about_regimes_that_can_be_shown(role):
    assert set(EXPECTED[role]) <= set(REGIMES)


def test_what_is_not_expected_of_a_role_is_not_expected():
    faults = {(role, regime): {each.name for each in expected_of(role, regime)} for role, regime in NOT_EXPECTED}
    assert "caution" not in faults["technical_analyst", "crash"]
    assert all("direction" not in faults["technical_analyst", f"trending_{way}"] for way in ("bullish", "bearish"))


def test_a_role_that_nobody_knows_has_the_laws_alone():
    assert expected_of("gap_watcher", "crash") == ()
    names = {each.trial.name for each in scenarios_of(TRIALS, ("crash",), ("gap_watcher",), (1,))}
    assert {"as_it_is", "scaled", "two_futures", "short"} <= names


def test_scenarios_are_named_by_regime_trial_and_agent_each_once():
    names = [each.name for each in scenarios_of(TRIALS, REGIMES, tuple(EXPECTED), (1,))]
    assert len(names) == len(set(names))
    assert "crash/spike/risk_advisor" in names


def test_one_name_or_many_or_none_can_be_wanted():
    assert regimes_of("crash") == ("crash",)
    assert regimes_of(["crash", "sideways", "crash"]) == ("crash", "sideways")
    assert regimes_of(None) == regimes_of(()) == REGIMES
    assert agent_types_of(None, ["a"]) == ("a", PANEL)


def test_a_name_that_there_is_not_is_told_with_those_there_are():
    with pytest.raises(UnknownNameError, match=r"Unknown regime 'boom'. Choose trending_bullish"):
        chosen("regime", "boom", REGIMES)
