"""Every expectation can hold and can fail, and says what was seen."""

import pytest

from app.testing.agent_tests import expectations as expect
from app.testing.agent_tests.takes import TICKS
from app.testing.agent_tests.views import BEAR, BULL, PANEL
from tests.unit.testing.agent_tests.answers import a_view, failed, late

BUY, SELL, HOLD = a_view("BUY"), a_view("SELL"), a_view("HOLD")
DEADLINE, USABLE = expect.answers()
STEADY = expect.steady()
SAME = expect.same_opinion(("again",), "repeatable", "answers the same")
HELD_BACK = a_view("BUY", 0.3)


def noisy(*sides, clean=BUY):
    return {**dict(zip(TICKS, sides, strict=True)), "clean": clean}


def told(reason):
    return {"clean": a_view(said=reason)}


def panel(decision, standing="opinion", flags=()):
    return a_view(decision, agent_type=PANEL, standing=standing, record={"degraded_reasons": list(flags)})


HOLDING = [
    (DEADLINE, {"clean": BUY}),
    (USABLE, {"clean": BUY}),
    (USABLE, {"clean": a_view(vote={"stop_loss": 95.0, "take_profit": 110.0})}),
    (USABLE, {"clean": panel("HOLD")}),
    (expect.side_is(BULL, "up"), {"clean": BUY}),
    (expect.side_is_not(BULL, "down"), {"clean": HOLD}),
    (expect.no_strong_word("calm"), {"clean": SELL}),
    (expect.no_direction("empty", "short"), {"short": a_view("", None, standing="not_asked")}),
    (expect.not_reversed("gaps", "gaps"), {"clean": BUY, "gaps": HOLD}),
    (expect.not_surer("late", "late"), {"clean": BUY, "late": HELD_BACK}),
    (expect.not_surer("late", "late"), {"clean": HOLD, "late": a_view("HOLD", 1.0)}),
    (SAME, {"clean": BUY, "again": a_view("BUY", 0.6001)}),
    (STEADY, noisy(BUY, BUY, BUY, HOLD)),
    (expect.quotes_figures(), told("ADX 31.2")),
    (expect.quotes_figures(), {"clean": HOLD}),
    (expect.risk_rises(), {"clean": a_view(vote={"risk": 0.8}), "before": a_view(vote={"risk": 0.4})}),
    (expect.flagged("stale", "old", "late"), {"late": panel("BUY", flags=["stale"])}),
    (expect.not_asked("no news", "no_news"), {"no_news": a_view("", None, standing="not_asked")}),
]
FAILING = [
    (DEADLINE, {"clean": late()}, "no answer before the deadline"),
    (USABLE, {"clean": failed()}, "ValueError"),
    (DEADLINE, {"clean": a_view(duration_ms=6_500.0)}, "6500 ms"),
    (USABLE, {"clean": a_view(vote={"stop_loss": 105.0})}, "stop_loss 105 at a price of 100"),
    (USABLE, {"clean": a_view("SELL", vote={"take_profit": 105.0})}, "take_profit 105"),
    (USABLE, {"clean": panel("NO_DECISION", "abstained")}, "ADX"),
    (expect.side_is(BEAR, "down"), {"clean": BUY}, "BUY with confidence 0.60"),
    (expect.side_is(BULL, "up"), {"clean": HOLD}, "HOLD"),
    (expect.side_is_not(BULL, "down"), {"clean": a_view("STRONG_BUY")}, "STRONG_BUY"),
    (expect.side_is_not(BULL, "down"), {"clean": failed()}, "ValueError"),
    (expect.no_strong_word("calm"), {"clean": a_view("STRONG_SELL")}, "STRONG_SELL"),
    (expect.no_direction("empty", "short"), {"short": BUY}, "BUY"),
    (expect.not_reversed("gaps", "gaps"), {"clean": BUY, "gaps": SELL}, "SELL with confidence 0.60, on sound data BUY"),
    (expect.not_surer("late", "late"), {"clean": HELD_BACK, "late": BUY}, "BUY with confidence 0.60"),
    (expect.not_surer("late", "late"), {"clean": HOLD, "late": HELD_BACK}, "on sound data HOLD"),
    (SAME, {"clean": BUY, "again": SELL}, "SELL with confidence 0.60 (again), BUY with confidence 0.60 (clean)"),
    (SAME, {"clean": BUY, "again": HELD_BACK}, "confidence 0.30"),
    (SAME, {"clean": failed(), "again": failed()}, "ValueError"),
    (STEADY, noisy(BUY, BUY, HOLD, HOLD), "another side in 2 of 4"),
    (STEADY, noisy(BUY, BUY, BUY, SELL), "changes sides"),
    (expect.quotes_figures(), told("The setup is compelling."), "none of them in the evidence"),
    (expect.quotes_figures(), told("ADX 44.9"), "none of them in the evidence"),
    (expect.quotes_figures(), told("ADX 31.2, rsi_14 22.00"), "rsi_14 22.00 where the evidence has 61.25"),
    (expect.risk_rises(), {"clean": a_view(vote={"risk": 0.4}), "before": a_view(vote={"risk": 0.4})}, "risk 0.4"),
    (expect.risk_rises(), {"clean": a_view(), "before": a_view()}, "risk None"),
    (expect.flagged("stale", "old", "late"), {"late": panel("BUY", flags=["simulated"])}, "flags simulated"),
    (expect.not_asked("no news", "no_news"), {"no_news": HOLD}, "HOLD"),
]


@pytest.mark.parametrize(("expectation", "views"), HOLDING)
def test_an_expectation_that_is_met_finds_no_fault(expectation, views):
    assert expectation.judge(views) is None


@pytest.mark.parametrize(("expectation", "views", "seen"), FAILING)
def test_an_expectation_that_is_not_met_says_what_was_seen(expectation, views, seen):
    assert seen in expectation.judge(views)


def test_every_kind_of_expectation_is_tried_both_ways():
    assert {each.name for each, _ in HOLDING} == {each.name for each, _, _ in FAILING}
