import pytest

from app.testing.agent_tests.quoting import misquoted, traced
from tests.unit.testing.agent_tests.answers import a_view

FIGURES = {"assess_risk": {"volatility_20": 0.30412, "drawdown": 0.125}, "get_bars": {"close": [101.25, 99.5]}}


def view(said, told=""):
    return a_view(said=said, figures=FIGURES, told=told)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Volatility is 30.4% a year", ["30.4%"]),
        ("the price is 12.5% below its high", ["12.5%"]),
        ("a fall of -0.125", ["-0.125"]),
        ("it closed at 101.25", ["101.25"]),
        ("volatility 0.31", []),
        ("an average of 20 bars", []),
        ("the price of 100.0", ["100.0"]),
        ("", []),
    ],
)
def test_a_figure_is_traced_by_how_the_evidence_would_be_written(said, found):
    assert traced(view(said))[1] == found


def test_a_model_may_quote_the_figures_it_was_told():
    assert traced(view("the return is 0.0105", told='{"return_over_bars": {"21": 0.010512}}'))[1] == ["0.0105"]


@pytest.mark.parametrize(("words", "is_there"), [('it "beats estimates"', True), ('it "doubles profit"', False)])
def test_a_reader_of_news_may_quote_words(words, is_there):
    quoted, known = traced(view(words, told="Company beats estimates and raises its outlook"))
    assert (len(quoted), bool(known)) == (1, is_there)


def test_a_figure_under_a_wrong_name_is_a_misquote():
    assert misquoted(view("drawdown_in_deviations 9.9, volatility_20 is 0.9")) == [
        "volatility_20 0.9 where the evidence has 0.3041"
    ]


def test_a_figure_under_its_own_name_is_none():
    assert misquoted(view("volatility_20 is 0.30, a volatility_20 of 30.4%")) == []
