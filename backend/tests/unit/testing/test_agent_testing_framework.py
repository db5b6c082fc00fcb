import pytest

from app.domain.errors import UnknownNameError
from app.domain.votes import BUY, HOLD, Opinion
from app.ports.analyst import Needs
from app.testing.agent_testing_framework import AgentTestingFramework
from app.testing.agent_tests.model_trials import MODEL_TRIALS
from tests.builders import ScriptedAnalyst

HANGS = "hanging_model"
PATIENCE_S = 60.0


def without_hanging(framework, *filters):
    return tuple(each for each in framework.create_test_scenarios(*filters) if each.trial.name != HANGS)


async def run(framework, *filters):
    return await framework.examine(without_hanging(framework, *filters), ("crash",))


def test_there_are_scenarios_of_every_regime_fault_and_agent():
    scenarios = AgentTestingFramework().create_test_scenarios()
    names = {each.name for each in scenarios}
    assert len(names) == len(scenarios) > 900
    assert {"crash/as_it_is/comprehensive", "sideways/split/risk_advisor", "all/own_mind/market_analyst"} <= names
    assert {each.name for each in MODEL_TRIALS} <= {each.trial.name for each in scenarios}


def test_scenarios_can_be_narrowed():
    scenarios = AgentTestingFramework().create_test_scenarios("crash", ["risk_advisor"])
    assert {(each.regime, each.agent_type) for each in scenarios} == {("crash", "risk_advisor")}


@pytest.mark.parametrize("filters", [("boom",), (None, "astrologer")])
def test_a_name_that_there_is_not_is_refused(filters):
    with pytest.raises(UnknownNameError):
        AgentTestingFramework().create_test_scenarios(*filters)


async def test_built_bare_it_runs_with_parts_in_memory():
    told = []
    framework = AgentTestingFramework(
        progress=lambda what, done, total: told.append((what, done, total)), scenes=1, timeout_s=PATIENCE_S
    )
    report = await run(framework, "crash", ("risk_advisor", "comprehensive"))
    summary = report["executive_summary"]
    assert 0.5 < summary["overall_success_rate"] <= 1
    assert summary["questions_asked"] == told[-1][1] == told[-1][2]
    assert report["by_fault"]["obedient_model"]["success_rate"] == 1
    assert report["by_fault"]["prose_model"]["success_rate"] == 1


class KnowsOneWord(ScriptedAnalyst):
    async def analyse(self, context, tools):
        return Opinion(BUY, 0.9, "It will rise.")


class ReadsTheTail(ScriptedAnalyst):
    """A sound analyst of one's own, of a role that nobody has heard of."""

    needs = Needs(bars=100)

    async def analyse(self, context, tools):
        fall = float(context.bars.close[-1] / context.bars.close[-21] - 1)
        last = float(context.bars.close[-1])
        return Opinion(
            HOLD, round(min(1.0, 0.5 + abs(fall)), 4), f"The price is {last:.2f} after a move of {fall:.1%}."
        )


async def test_an_analyst_of_ones_own_is_held_to_the_laws():
    framework = AgentTestingFramework({"tail_reader": ReadsTheTail("tail_reader")}, scenes=1, timeout_s=PATIENCE_S)
    report = await run(framework, "crash", "tail_reader")
    assert report["failures"] == []
    assert report["executive_summary"]["scenarios"] > 8
    assert not {each.name for each in MODEL_TRIALS} & set(report["by_fault"])


async def test_one_that_knows_one_word_fails_where_it_should():
    framework = AgentTestingFramework(
        {"market_analyst": KnowsOneWord("market_analyst")}, scenes=1, timeout_s=PATIENCE_S
    )
    report = await run(framework, "crash", "market_analyst")
    failed = {(each["fault"], each["expectation"]) for each in report["failures"]}
    assert {("as_it_is", "caution"), ("as_it_is", "reasons"), ("short", "no_evidence")} <= failed
    assert ("scaled", "scale") not in failed


async def test_who_lacks_what_it_needs_counts_neither_way():
    patient = ReadsTheTail("patient")
    patient.needs = Needs(bars=5_000)
    report = await run(AgentTestingFramework({"patient": patient}, scenes=1, timeout_s=PATIENCE_S), "crash", "patient")
    assert report["executive_summary"]["not_asked"] > 8
    assert report["by_fault"]["as_it_is"]["success_rate"] is None


def test_names_may_come_from_anything_that_can_be_walked_once():
    framework = AgentTestingFramework(scenes=1)
    assert framework.questions(iter(["crash"])) == framework.questions("crash")


def test_how_many_questions_a_run_would_ask_is_known_before():
    framework = AgentTestingFramework(scenes=1)
    assert framework.questions("crash", "news_analyst") < framework.questions("crash") < framework.questions()
