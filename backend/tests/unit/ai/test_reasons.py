"""A reason is made of figures that can be looked up in what the tools answered."""

import re
from decimal import Decimal

import pytest

from app.domain.market import Account, Position
from app.market_data.sample_bars import SAMPLE_SYMBOLS
from tests.unit.ai.test_analysts import panel, scene
from tests.unit.analysis.real_bars import window

NUMBER = re.compile(r"-?\d+(?:\.\d+)?%?")
CONSTANTS = {"-1", "1"}
OWN_WORK = re.compile(r"The price is \S+ steps|risk [\d.]+, room for [\d.]+%|Bollinger \S+ half|stands \S+ Bollinger")
NAMES = re.compile(r"[a-z]+(?:_[a-z]+)*_\d+|\d+-bar")


def quoted(vote):
    """The reason without what the analyst worked out of the figures itself and without names."""
    return NAMES.sub("", OWN_WORK.sub("", vote.opinion.reasoning))


def figures_of(value):
    """Every number anywhere in what the tools answered, and how many there are of each kind."""
    if isinstance(value, dict):
        return [figure for part in value.values() for figure in figures_of(part)]
    if isinstance(value, list):
        return [len(value), *(figure for part in value for figure in figures_of(part))]
    return [value] if isinstance(value, int | float) else []


def is_shown(text, figures):
    """Whether one of the figures, or its share in percent, is shown as `text`."""
    decimals = len(text.rstrip("%").partition(".")[2])
    factor = 100 if text.endswith("%") else 1
    return any(f"{abs(figure) * factor:.{decimals}f}" == text.lstrip("-").rstrip("%") for figure in figures)


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
@pytest.mark.parametrize("role", ["technical_analyst", "risk_advisor", "strategy_optimizer", "news_analyst"])
def test_the_numbers_of_a_reason_are_those_the_tools_gave(role, symbol):
    account = Account(equity=Decimal(10_000), positions={"AAPL": Position(Decimal(7))})
    result = panel(scene(window(symbol), account=account), [role])
    figures = figures_of([call.result for call in result.tool_calls])
    told = [text for text in NUMBER.findall(quoted(result.votes[0])) if text not in CONSTANTS]
    assert len(told) >= 2
    assert [text for text in told if not is_shown(text, figures)] == []
