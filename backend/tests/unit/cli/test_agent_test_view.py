import pytest

from app.cli.agent_test_view import show_report
from app.cli.terminal import results
from tests.unit.testing.agent_tests.reports import whole_report
from tests.unit.testing.agent_tests.test_report import check, outcome, reported


@pytest.fixture
def shown(monkeypatch, capsys):
    def show(report):
        monkeypatch.setenv("COLUMNS", "160")
        show_report(results(), report)
        return capsys.readouterr().out

    return show


def test_the_figures_come_first(shown):
    assert shown(whole_report()).startswith(
        "overall success rate 50.0%\n1 of 2 scenarios succeeded, 1 failed, 1 not asked"
    )


def test_each_weakness_says_who_what_was_expected_and_what_was_seen(shown):
    told = shown(reported(outcome(check("SELL with confidence 0.80", scene="crash 2"))))
    assert "market_analyst, gaps, 1 check" in told
    assert "expected: answers in time" in told
    assert "seen in crash 2: SELL with confidence 0.80" in told


def test_measures_and_broken_analysts_are_shown_where_they_are_there(shown):
    told = shown(whole_report())
    assert "panel: knee at 1 at once" in told
    assert "0 of 1 analysts broken on purpose are caught" in told


def test_without_failures_it_says_so(shown):
    assert "Every expectation held." in shown(reported(outcome(check())))


def test_what_others_wrote_cannot_steer_the_terminal(shown):
    assert "\x1b" not in shown(reported(outcome(check("\x1b[2J gone"), agent="\x1b]0;title")))
