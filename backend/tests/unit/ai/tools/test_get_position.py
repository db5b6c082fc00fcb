from decimal import Decimal

import pytest

from app.ai.tools.get_position import GetPosition
from app.domain.market import Account, Position
from tests.builders import context


def run(quantity=None, equity=None, price=100.0):
    positions = {} if quantity is None else {"AAPL": Position(Decimal(quantity))}
    account = Account(equity=None if equity is None else Decimal(equity), positions=positions)
    return GetPosition().run(context(account=account, current_price=price))


def test_a_holding_is_valued_at_the_callers_price():
    told = run("12.5", "10000")
    assert (told["quantity"], Decimal(told["value"]), told["share_of_equity"]) == ("12.5", 1250, 0.125)


def test_a_short_holding_has_a_negative_share():
    assert run("-50", "10000")["share_of_equity"] == -0.5


@pytest.mark.parametrize("equity", [None, "0", "-10"])
def test_without_equity_there_is_no_share(equity):
    assert run("1", equity)["share_of_equity"] is None


def test_who_holds_nothing_of_the_symbol_has_a_share_of_nothing():
    assert run(None, "10000") == {"quantity": "0", "value": "0.0", "share_of_equity": 0.0}


def test_without_an_account_nothing_is_known_of_the_share():
    told = GetPosition().run(context())
    assert (told["quantity"], told["share_of_equity"]) == ("0", None)


def test_a_share_of_tiny_prices_is_exact():
    assert run("1000000000", "10", price=1e-8)["share_of_equity"] == 1.0
