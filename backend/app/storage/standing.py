"""Whether something stands in the record, asked when the answer to the commit that wrote it was lost."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, exists, select

from app.domain.decisions import KeyedAnswer
from app.domain.events import Event
from app.domain.jobs import Standing
from app.domain.model_calls import ModelCall
from app.domain.times import to_micros
from app.storage import job_rows
from app.storage.event_rows import SELECT_EVENTS, event_of
from app.storage.tables import decisions, events, idempotency_keys, model_calls
from app.storage.writing import Written

ANSWER: Final = select(idempotency_keys).where(idempotency_keys.c.key == bindparam("key"))
_HASH: Final = select(decisions.c.hash).where(decisions.c.id == bindparam("decision_id"))
_EVENT: Final = SELECT_EVENTS.where(events.c.seq == bindparam("seq"))
_CALL: Final = select(
    exists().where(
        model_calls.c.decision_id == bindparam("decision_id"),
        model_calls.c.request_key == bindparam("request_key"),
        model_calls.c.started_at == bindparam("started_at"),
    )
)


def decision_stands(connection: Connection, written: Written) -> bool:
    """Whether it is this decision that is stored under its id."""
    record = written.committed.record
    return connection.execute(_HASH, {"decision_id": record.decision_id}).scalar() == record.hash


def events_stand(connection: Connection, stored: Sequence[Event]) -> bool:
    """Whether the last of these events has its number, not one of another writer."""
    row = connection.execute(_EVENT, {"seq": stored[-1].seq}).first()
    return row is not None and event_of(row) == stored[-1]


def answer_stands(connection: Connection, answer: KeyedAnswer) -> bool:
    """Whether it is this answer that is kept under its key."""
    row = connection.execute(ANSWER, {"key": answer.key}).first()
    return row is not None and KeyedAnswer(*row) == answer


def calls_stand(connection: Connection, decision_id: str, calls: Sequence[ModelCall]) -> bool:
    """Whether these calls of models for a decision are stored."""
    last = {"request_key": calls[-1].request_key, "started_at": to_micros(calls[-1].started_at)}
    return bool(connection.execute(_CALL, {"decision_id": decision_id, **last}).scalar())


def job_stands(connection: Connection, job_id: str, is_new: bool) -> bool | None:
    """Whether a job was accepted, which leaves a job or a decision behind; one that was there before says nothing."""
    return job_rows.is_known(connection, job_id) if is_new else None


def end_stands(connection: Connection, job_id: str, how: Standing, told: Sequence[Event] | None) -> bool | None:
    """Whether it is this transaction that ended a job: by the events that tell of it, if there are any."""
    if told is None:
        return None
    return events_stand(connection, told) if told else job_rows.standing(connection, job_id) == how
