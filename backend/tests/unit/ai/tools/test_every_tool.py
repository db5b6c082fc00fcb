"""What all tools promise alike."""

from datetime import datetime
from decimal import Decimal
from inspect import Parameter, signature
from math import isfinite

import numpy as np
import orjson
import pytest
from pydantic import ValidationError

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

ARGUMENTS = {"size_position": {"side": "buy"}}

every_tool = pytest.mark.parametrize("name", NAMES)


def run(name, market, **others):
    return plugins.load("tool", name)().run(
        at(MARKETS[market], news=NEWS, account=ACCOUNT, **others), **ARGUMENTS.get(name, {})
    )


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
def test_a_tool_is_known_by_its_name_in_the_table_and_says_what_it_does(name):
    tool = plugins.load("tool", name)
    assert tool.name == name
    assert tool.description
    assert tool.quick


@every_tool
def test_a_tool_declares_the_arguments_that_it_runs_with_and_refuses_others(name):
    tool = plugins.load("tool", name)
    _, _, *taken = signature(tool.run).parameters
    assert list(tool.arguments.model_fields) == taken
    with pytest.raises(ValidationError):
        tool.arguments.model_validate({**ARGUMENTS.get(name, {}), "colour": "red"})
    with pytest.raises(TypeError):
        tool().run(at(window()), colour="red")


@every_tool
def test_an_argument_left_out_is_what_the_tool_takes_for_it(name):
    tool = plugins.load("tool", name)
    for field, declared in tool.arguments.model_fields.items():
        default = signature(tool.run).parameters[field].default
        assert default == (Parameter.empty if declared.is_required() else declared.default)
