"""What all tools promise alike."""

from datetime import datetime
from decimal import Decimal
from math import isfinite

import numpy as np
import orjson
import pytest

from app import plugins
from app.domain.market import Account, NewsItem, Position
from app.market_data.sample_bars import SAMPLE_SYMBOLS, sample_news
from tests.unit.ai.asking import at
from tests.unit.analysis.real_bars import flat_bars, in_unit, window, without_volume

NAMES = plugins.names("tool")
NEWS = tuple(
    NewsItem(datetime.fromisoformat(each["timestamp"]), each["source"], each["title"]) for each in sample_news("AAPL")
)
ACCOUNT = Account(equity=Decimal(10_000), positions={"AAPL": Position(Decimal("12.5"))})
MARKETS = {
    **{symbol: window(symbol) for symbol in SAMPLE_SYMBOLS},
    "short": window(count=30),
    "one bar": window(count=1),
    "flat": flat_bars(200),
    "no volume": without_volume(window()),
    "tiny": in_unit(window(), 1e-8),
    "huge": in_unit(window(), 1e12),
}

every_tool = pytest.mark.parametrize("name", NAMES)


def run(name, market, **others):
    return plugins.load("tool", name)().run(at(MARKETS[market], news=NEWS, account=ACCOUNT, **others))


def numbers(value):
    """Every number anywhere in a result."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers(part)]
    if isinstance(value, list):
        return [number for part in value for number in numbers(part)]
    return [value] if isinstance(value, float) else []


@every_tool
@pytest.mark.parametrize("market", MARKETS)
def test_a_result_is_json_and_every_number_in_it_is_finite(name, market):
    with np.errstate(all="raise"):
        result = run(name, market)
    assert orjson.loads(orjson.dumps(result)) == result
    assert all(isfinite(number) for number in numbers(result))


@every_tool
def test_the_same_context_gives_the_same_result(name):
    assert run(name, "IBM") == run(name, "IBM")


@every_tool
def test_an_argument_that_is_not_the_tools_is_a_type_error(name):
    with pytest.raises(TypeError):
        plugins.load("tool", name)().run(at(window()), colour="red")


@every_tool
def test_a_tool_is_known_by_its_name_in_the_table_and_says_what_it_does(name):
    tool = plugins.load("tool", name)
    assert tool.name == name
    assert tool.description
