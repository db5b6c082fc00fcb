"""What models were asked, as rows: exchanges by the hash of their content, calls by decision, and what was spent."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from app.domain.errors import RecordCorruptError
from app.domain.model_calls import Exchange, ModelCall, is_true_to_its_id
from app.domain.spending import Spend
from app.domain.times import to_micros
from app.storage.prepared import AnyRow, Values, insert_missing, insert_rows, only_row
from app.storage.tables import model_calls, model_exchanges

_NANO: Final = Decimal(10) ** 9

_EXCHANGES: Final = select(
    model_exchanges.c.id, model_exchanges.c.request_key, model_exchanges.c.request, model_exchanges.c.response
)
_OF_DECISION: Final = (
    _EXCHANGES.join(model_calls, model_calls.c.exchange_id == model_exchanges.c.id)
    .where(model_calls.c.decision_id == bindparam("decision_id"))
    .order_by(model_calls.c.number)
)
_NEWEST_OF_KEY: Final = (
    _EXCHANGES.where(model_exchanges.c.request_key == bindparam("key"))
    .order_by(model_exchanges.c.recorded_at.desc())
    .limit(1)
)
_NEXT_NUMBER: Final = select(func.coalesce(func.max(model_calls.c.number) + 1, 0)).where(
    model_calls.c.decision_id == bindparam("decision_id")
)
_SPENT: Final = select(
    func.coalesce(func.sum(model_calls.c.input_tokens + model_calls.c.output_tokens), 0),
    func.coalesce(func.sum(model_calls.c.nanodollars), 0),
    func.coalesce(func.sum(model_calls.c.duration_ms), 0.0),
).where(model_calls.c.started_at >= bindparam("since"))


def write_model_calls(
    connection: Connection, decision_id: str, calls: Sequence[ModelCall], exchanges: Sequence[Exchange], now: int
) -> None:
    """Write what models were asked for a decision, after what is written already; no exchange is written twice.

    Args:
        now: microseconds since 1970 UTC.
    """
    insert_missing(connection, model_exchanges, (_exchange_row(each, now) for each in exchanges))
    if calls:
        (first,) = only_row(connection, _NEXT_NUMBER, decision_id=decision_id)
        insert_rows(connection, model_calls, (_call_row(decision_id, *each) for each in enumerate(calls, first)))


def exchanges_of(connection: Connection, decision_id: str) -> tuple[Exchange, ...]:
    """Return the exchanges a decision rests on; those that are not kept are missing.

    Raises:
        RecordCorruptError: one is damaged.
    """
    rows = connection.execute(_OF_DECISION, {"decision_id": decision_id})
    return tuple(_exchange(row) for row in rows)


def newest_exchange(connection: Connection, request_key: str) -> Exchange | None:
    """Return the newest exchange of a request, or None.

    Raises:
        RecordCorruptError: it is damaged.
    """
    row = connection.execute(_NEWEST_OF_KEY, {"key": request_key}).first()
    return None if row is None else _exchange(row)


def spent_since(connection: Connection, since: datetime) -> Spend:
    """Return what models have cost since an instant; a price that was not known adds nothing."""
    tokens, nanodollars, milliseconds = connection.execute(_SPENT, {"since": to_micros(since)}).one()
    return Spend(int(tokens), Decimal(int(nanodollars)) / _NANO, milliseconds / 1_000)


def _exchange_row(exchange: Exchange, now: int) -> Values:
    """Keep the JSON as it is: packing it would cost more time than all the rest of the writing."""
    return (exchange.id, exchange.request_key, exchange.request, exchange.response, now)


def _exchange(row: AnyRow | Any) -> Exchange:
    exchange = Exchange(row.id, row.request_key, row.request, row.response)
    if not is_true_to_its_id(exchange):
        raise RecordCorruptError("A model's answer in the store is damaged; restore the store from a backup.")
    return exchange


def _call_row(decision_id: str, number: int, call: ModelCall) -> Values:
    return (
        decision_id,
        number,
        call.agent_id,
        call.provider,
        call.model,
        call.prompt,
        call.request_key,
        call.exchange_id,
        to_micros(call.started_at),
        call.duration_ms,
        call.attempts,
        call.usage.input_tokens if call.usage else None,
        call.usage.output_tokens if call.usage else None,
        None if call.cost is None else int(call.cost * _NANO),
        call.error_kind,
    )
