from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from app.domain.errors import InvalidInputError
from app.domain.requests import read_request
from tests.builders import bars, request_fields, rows, waves


def by_column(count):
    listed = rows(count)
    return {name: [row[name] for row in listed] for name in listed[0]}


def test_bars_by_row_and_by_column_are_the_same_bars():
    by_row = read_request(request_fields(20)).to_question()
    columns = read_request({"symbol": "aapl", "market_data": by_column(20)}).to_question()
    assert by_row.bars.digest() == columns.bars.digest() == bars(waves(20)).digest()


def test_symbols_are_upper_case():
    assert read_request(request_fields(2, symbol="brk.b")).symbol == "BRK.B"


@pytest.mark.parametrize(
    "symbol", ["A" * 500, "../etc/passwd", "a/b", "A..B", "", " AAPL", "A\x00", "АAPL", ".A", "A."]
)
def test_a_symbol_outside_the_alphabet_is_refused(symbol):
    with pytest.raises(InvalidInputError, match=r"^symbol"):
        read_request(request_fields(2, symbol=symbol))


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"open": "10"}, "market_data.bars.1.open"),
        ({"open": True}, "market_data.bars.1.open"),
        ({"open": None}, "market_data.bars.1.open"),
        ({"close": float("nan")}, "market_data.bars.1.close"),
        ({"volume": float("inf")}, "market_data.bars.1.volume"),
        ({"timestamp": 1_700_000_000}, "market_data.bars.1.timestamp"),
        ({"timestamp": "soon"}, "market_data.bars.1"),
        ({"colour": 1}, "market_data.bars.1.colour"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(changed, where):
    listed = rows(3)
    listed[1] = {**listed[1], **changed}
    with pytest.raises(InvalidInputError) as caught:
        read_request({"symbol": "AAPL", "market_data": {"bars": listed}}).to_question()
    assert where in [each.loc for each in caught.value.errors]


@pytest.mark.parametrize(
    "market_data",
    [{}, {"bars": rows(2), "close": [1.0]}, {"open": [1.0]}, {**by_column(3), "close": [1.0]}],
)
def test_market_data_has_exactly_one_shape(market_data):
    with pytest.raises(InvalidInputError, match=r"^market_data: "):
        read_request({"symbol": "AAPL", "market_data": market_data})


def test_an_error_never_repeats_what_was_sent():
    secret = "hunter2-is-my-key"
    with pytest.raises(InvalidInputError) as caught:
        read_request({"symbol": f"{secret}/", f"{secret} ": secret, "market_data": {"bars": secret}, "news": secret})
    assert secret not in str(caught.value)
    assert all(secret not in f"{each.loc}{each.message}" for each in caught.value.errors)


def test_money_is_read_from_text_and_from_numbers():
    account = {"equity": "100000.10", "cash": 5, "positions": {"aapl": {"quantity": "-3", "average_price": 10.5}}}
    read = read_request(request_fields(2, account_info=account)).to_question().account
    assert (read.equity, read.cash) == (Decimal("100000.10"), Decimal(5))
    assert read.positions["AAPL"].quantity == Decimal(-3)


def test_news_come_out_oldest_first():
    news = [
        {"timestamp": "2024-01-02", "source": "wire", "title": "second"},
        {"timestamp": "2024-01-01", "source": "wire", "title": "first"},
    ]
    question = read_request(request_fields(2, news=news)).to_question()
    assert [item.title for item in question.news] == ["first", "second"]


def test_as_of_may_be_a_date_alone():
    question = read_request(request_fields(2, as_of="2024-01-01")).to_question()
    assert question.as_of == datetime(2024, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [0, 0.05, 301, float("nan"), "30"])
def test_a_timeout_outside_its_range_is_refused(seconds):
    with pytest.raises(InvalidInputError, match=r"^timeout_seconds"):
        read_request(request_fields(2, timeout_seconds=seconds))


def test_checked_bars_may_stand_in_for_market_data():
    checked = bars(waves(5))
    question = read_request(request_fields(2)).to_question(checked)
    assert np.array_equal(question.bars.close, checked.close)
