"""The agents are put to the test through the front doors: the facade and the command line."""

import pytest

from app.agent_system import AgentSystem
from app.config import Settings
from app.domain.errors import UnknownNameError
from app.domain.votes import HOLD, Opinion
from tests.builders import ScriptedAnalyst
from tests.system.command_line import conclave


class Waits(ScriptedAnalyst):
    """Always holds, the surer the less the price has moved."""

    async def analyse(self, context, tools):
        moved = abs(float(context.bars.close[-1] / context.bars.close[0] - 1))
        return Opinion(HOLD, max(0.0, 1 - moved), f"The price has moved by {moved:.1%} to {context.price:.2f}.")


@pytest.fixture
def system(tmp_path):
    settings = Settings(home=tmp_path / "home", LOG_LEVEL="ERROR")
    return AgentSystem(settings, {"waiter": Waits("waiter")})


async def test_the_facade_gives_the_rate_and_what_it_is_made_of(system):
    report = (await system.run_agent_tests("crash", ["waiter", "comprehensive"]))["test_report"]
    summary = report["executive_summary"]
    assert summary["overall_success_rate"] == round(summary["succeeded"] / summary["scenarios"], 4)
    assert summary["overall_success_rate"] == 1.0
    assert {"waiter", "comprehensive"} == set(report["by_agent"])


async def test_tests_are_never_on_record(system, tmp_path):
    await system.run_agent_tests("crash", "waiter")
    assert list(tmp_path.iterdir()) == []


async def test_everything_is_measured_when_that_is_wanted(system, monkeypatch):
    for module, name, value in (
        ("benchmark", "DECISIONS", 4),
        ("benchmark", "MODEL_DECISIONS", 2),
        ("stress", "LEVELS", (1, 2)),
        ("stress", "LEVEL_S", 0.05),
    ):
        monkeypatch.setattr(f"app.testing.agent_tests.{module}.{name}", value)
    report = (await system.run_agent_tests("crash", "waiter", measures=True))["test_report"]
    measured = report["benchmark"]["panel"]
    assert measured["decisions"] == 4
    assert 0 < measured["latency_ms"]["p50"] <= measured["latency_ms"]["max"]
    assert (measured["requests_per_decision"], measured["dollars_per_decision"]) == (0, 0)
    ramp = report["stress"]["panel"]
    assert [level["errors"] for level in ramp["levels"]] == [0, 0]
    assert ramp["knee"] in (1, 2)
    assert (report["self_check"]["caught"], report["self_check"]["of"]) == (10, 10)


async def test_an_unknown_regime_is_refused_with_those_there_are(system):
    with pytest.raises(UnknownNameError, match="Choose trending_bullish"):
        await system.run_agent_tests("boom")


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tested")
    page = folder / "report.html"
    wishes = ("--regime", "crash", "--agent", "news_analyst", "--scenes", 1, "--timeout", 2, "--quick", "--json")
    return conclave("test-agents", *wishes, "--html", page, home=folder / "home"), page


def test_the_command_line_prints_the_report_and_says_by_its_code_whether_something_failed(tested):
    ended, _ = tested
    summary = ended.json()["test_report"]["executive_summary"]
    assert ended.code == (1 if summary["failed"] else 0)
    assert summary["scenarios"] > 10


def test_the_page_holds_the_same_figures(tested):
    ended, page = tested
    summary = ended.json()["test_report"]["executive_summary"]
    assert f"{summary['succeeded']:,} of {summary['scenarios']:,}" in page.read_text(encoding="utf-8")
    assert str(page) in ended.err


def test_the_broken_analysts_are_caught_on_the_command_line():
    ended = conclave("test-agents", "--broken")
    assert ended.code == 0
    assert "10 of 10 analysts broken on purpose are caught" in ended.out
    assert "parrot of another" in ended.out


@pytest.mark.parametrize("wrong", [("--regime", "boom"), ("--agent", "astrologer")])
def test_what_there_is_not_is_bad_input(wrong):
    ended = conclave("test-agents", *wrong)
    assert (ended.code, ended.out) == (2, "")
    assert "Choose" in ended.err


def test_models_are_not_asked_before_somebody_agrees():
    ended = conclave("test-agents", "--models", "--regime", "crash", given="n\n")
    assert ended.code == 130
    assert "Go on?" in ended.err
