"""What the record looks like in a relational database: seven tables, written once, never updated.

Beside it stand four tables of work under way, whose rows go when it is done (jobs, tasks, outbox, inbox), and two of
what models cost, whose rows go after two days: budgets, reservations.

A vote and a tool call are rows of `events`; the few plain columns beside their JSON are what the performance figures
add up. There is no second table that could say something else.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
)

from app.storage.stored_bytes import StoredBytes
from app.storage.stored_text import StoredText

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

RowNumber: Final = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(naming_convention=NAMING)

bar_series = Table(
    "bar_series",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("symbol", StoredText, nullable=False),
    Column("interval", StoredText, nullable=False),
    Column("seconds", BigInteger, nullable=False),
    Index(None, "symbol", "interval"),
)

bar_segments = Table(
    "bar_segments",
    metadata,
    Column("series_id", ForeignKey(bar_series.c.id), primary_key=True),
    Column("first_index", BigInteger, primary_key=True),
    Column("bar_count", Integer, nullable=False),
    Column("bits", StoredBytes, nullable=False),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", StoredText, primary_key=True),
    Column("symbol", StoredText, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("previous_hash", StoredText, nullable=False),
    Column("hash", StoredText, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("final_recommendation", StoredText),
    Column("series_id", ForeignKey(bar_series.c.id), nullable=False),
    Column("first_bar", BigInteger, nullable=False),
    Column("bar_count", Integer, nullable=False),
    Column("bars_crc", BigInteger, nullable=False),
    Column("body", StoredBytes, nullable=False),
    Column("evidence", StoredBytes, nullable=False),
    Column("as_of", BigInteger),
    UniqueConstraint("symbol", "sequence"),
    Index(None, "created_at", "id"),
    Index(None, "symbol", "created_at", "id"),
    Index(None, "symbol", "as_of", "sequence"),
)

events = Table(
    "events",
    metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=False),
    Column("type", StoredText, nullable=False),
    Column("name", StoredText, nullable=False),
    Column("symbol", StoredText, nullable=False),
    Column("agent_type", StoredText, nullable=False),
    Column("agent_id", StoredText, nullable=False),
    Column("decision_id", StoredText, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("word", StoredText),
    Column("confidence", Float),
    Column("status", StoredText),
    Column("duration_ms", Float),
    Column("data", StoredBytes, nullable=False),
    Column("lineage", StoredText),
    Index(None, "type"),
)
Index(
    "ix_events_votes_of_models",
    events.c.seq,
    sqlite_where=events.c.lineage.is_not(None),
    postgresql_where=events.c.lineage.is_not(None),
)
Index(
    "ix_events_votes",
    events.c.decision_id,
    sqlite_where=events.c.word.is_not(None),
    postgresql_where=events.c.word.is_not(None),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", StoredText, primary_key=True),
    Column("fingerprint", StoredText, nullable=False),
    Column("status", Integer, nullable=False),
    Column("decision_id", StoredText),
    Column("body", StoredBytes),
)

model_exchanges = Table(
    "model_exchanges",
    metadata,
    Column("id", StoredText, primary_key=True),
    Column("request_key", StoredText, nullable=False),
    Column("request", StoredBytes, nullable=False),
    Column("response", StoredBytes, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Index(None, "request_key", "recorded_at"),
)

model_calls = Table(
    "model_calls",
    metadata,
    Column("decision_id", StoredText, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("agent_id", StoredText, nullable=False),
    Column("provider", StoredText, nullable=False),
    Column("model", StoredText, nullable=False),
    Column("prompt", StoredText, nullable=False),
    Column("request_key", StoredText, nullable=False),
    Column("exchange_id", StoredText),
    Column("started_at", BigInteger, nullable=False),
    Column("duration_ms", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("nanodollars", BigInteger),
    Column("error_kind", StoredText),
    Index(None, "started_at"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", StoredText, primary_key=True),
    Column("symbol", StoredText, nullable=False),
    Column("status", StoredText, nullable=False),
    Column("reason", StoredText),
    Column("file", StoredBytes, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("timeout_us", BigInteger, nullable=False),
    Column("is_awaited", Boolean, nullable=False),
    Column("deadline_at", BigInteger),
    Column("key", StoredText, unique=True),
    Index(None, "status", "accepted_at"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("job_id", ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("agent_id", StoredText, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("role", StoredText, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("owner", StoredText),
    Column("lease_until", BigInteger, nullable=False),
    Column("contribution", StoredBytes),
    Index(None, "lease_until"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("message_id", StoredText, nullable=False, unique=True),
    Column("kind", StoredText, nullable=False),
    Column("topic", StoredText, nullable=False),
    Column("correlation_id", StoredText, nullable=False),
    Column("queue", StoredText),
    Column("body", StoredBytes, nullable=False),
    Column("written_at", BigInteger, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", StoredText, primary_key=True),
    Column("message_id", StoredText, primary_key=True),
    Column("received_at", BigInteger, nullable=False),
    Index(None, "received_at"),
)


def _amount() -> tuple[Column[int], ...]:
    """Return the columns of what models cost."""
    return tuple(Column(name, BigInteger, nullable=False) for name in ("tokens", "nanodollars", "microseconds"))


budgets = Table(
    "budgets",
    metadata,
    Column("account", StoredText, primary_key=True),
    Column("day", Integer, nullable=False),
    *_amount(),
    Index(None, "day"),
)

reservations = Table(
    "reservations",
    metadata,
    Column("id", StoredText, primary_key=True),
    Column("account", StoredText, primary_key=True),
    Column("day", Integer, nullable=False),
    *_amount(),
    Index(None, "day"),
)
