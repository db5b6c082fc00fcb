from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.domain.errors import RecordCorruptError
from app.domain.spending import Spend
from app.storage.model_rows import exchanges_of, newest_exchange, spent_since, write_model_calls
from app.storage.tables import model_calls, model_exchanges
from tests.contracts.decision_drafts import NOW
from tests.contracts.model_drafts import a_failed_call, a_model_call, an_exchange


def rows(connection, table):
    return connection.execute(select(table)).all()


def test_a_call_is_a_row_of_what_it_cost_and_how_it_went(connection):
    asked = an_exchange()
    write_model_calls(connection, "d1", [a_model_call(asked), a_failed_call(2, "timeout")], [asked], 7)
    first, second = rows(connection, model_calls)
    assert (first.decision_id, first.number, first.agent_id, first.prompt) == (
        "d1",
        0,
        "risk_advisor_AAPL",
        "risk_advisor@1.0.0",
    )
    assert (first.input_tokens, first.output_tokens, first.nanodollars) == (100, 20, 2_100_000)
    assert (first.exchange_id, first.request_key, first.error_kind) == (asked.id, asked.request_key, None)
    assert (second.number, second.input_tokens, second.nanodollars, second.exchange_id) == (1, None, None, None)
    assert second.error_kind == "timeout"
    assert second.started_at - first.started_at == 2_000_000


def test_requests_and_answers_are_kept_as_they_were(connection):
    asked = an_exchange("AAPL? " * 1_000)
    write_model_calls(connection, "d1", [a_model_call(asked)], [asked], 7)
    (row,) = rows(connection, model_exchanges)
    assert tuple(row) == (asked.id, asked.request_key, asked.request, asked.response, 7)


def test_an_exchange_that_is_kept_already_is_not_written_again(connection):
    asked = an_exchange()
    write_model_calls(connection, "d1", [a_model_call(asked)], [asked, asked], 7)
    write_model_calls(connection, "d2", [a_model_call(asked)], [asked, an_exchange("other")], 9)
    assert [(row.id, row.recorded_at) for row in rows(connection, model_exchanges)] == [
        (asked.id, 7),
        (an_exchange("other").id, 9),
    ]
    assert exchanges_of(connection, "d2") == (asked,)


def test_hundreds_of_questions_of_one_decision_are_kept_in_order(connection):
    asked = [an_exchange(str(number)) for number in range(1_203)]
    write_model_calls(connection, "d1", [a_model_call(each) for each in asked], asked, 7)
    assert exchanges_of(connection, "d1") == tuple(asked)


def test_the_newest_of_several_answers_is_found(connection):
    asked = [an_exchange(response=word) for word in ("BUY", "SELL", "HOLD")]
    for number, (each, at) in enumerate(zip(asked, (5, 9, 7), strict=True)):
        write_model_calls(connection, f"d{number}", [a_model_call(each)], [each], at)
    assert newest_exchange(connection, asked[0].request_key) == asked[1]


@pytest.mark.parametrize("broken", [b"", b"{}", b"no json"])
@pytest.mark.parametrize("column", ["request", "response"])
def test_an_exchange_that_is_damaged_is_told(connection, column, broken):
    asked = an_exchange()
    write_model_calls(connection, "d1", [a_model_call(asked)], [asked], 7)
    connection.execute(model_exchanges.update().values({column: broken}))
    with pytest.raises(RecordCorruptError, match="A model's answer in the store is damaged"):
        exchanges_of(connection, "d1")
    with pytest.raises(RecordCorruptError):
        newest_exchange(connection, asked.request_key)


def test_money_is_added_up_exactly(connection):
    calls = [a_model_call(cost=Decimal("0.1")), a_model_call(cost=Decimal("0.2")), a_model_call(cost=Decimal("1E-9"))]
    write_model_calls(connection, "d1", calls, [], 7)
    assert spent_since(connection, NOW).dollars == Decimal("0.300000001")


def test_nothing_spent_is_nothing(connection):
    assert spent_since(connection, NOW - timedelta(days=365)) == Spend(0, Decimal(0), 0.0)
