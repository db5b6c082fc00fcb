"""The tests see: each broken analyst is caught by the expectation that is meant for it, and a sound one is not."""

import pytest

from app.rehearsal import InMemoryRehearsal
from app.testing.agent_tests.broken_analysts import MUTANTS
from app.testing.agent_tests.mutation_check import check_mutant, scenarios_against


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
async def test_a_broken_analyst_is_caught_by_a_scenario_that_says_so(mutant):
    seen = await check_mutant(mutant, InMemoryRehearsal())
    assert seen["sound_analyst_passes"]
    assert seen["caught"]
    assert seen["expectation"] == mutant.expectation
    assert seen["expected"]
    assert seen["observed"]


def test_there_are_ten_and_each_has_scenarios():
    assert len({mutant.name for mutant in MUTANTS}) == 10
    assert all(scenarios_against(mutant) for mutant in MUTANTS)
