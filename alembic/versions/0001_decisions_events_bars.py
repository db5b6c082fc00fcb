"""The record: decisions with their evidence, the events of the desk, bars as shared series."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "bar_series",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("interval", TEXT, nullable=False),
        sa.Column("seconds", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bar_series"),
    )
    op.create_index("ix_bar_series_symbol_interval", "bar_series", ["symbol", "interval"])
    op.create_table(
        "bar_segments",
        sa.Column("series_id", ROW_NUMBER, nullable=False),
        sa.Column("first_index", sa.BigInteger, nullable=False),
        sa.Column("bar_count", sa.Integer, nullable=False),
        sa.Column("bits", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("series_id", "first_index", name="pk_bar_segments"),
        sa.ForeignKeyConstraint(["series_id"], ["bar_series.id"], name="fk_bar_segments_series_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "decisions",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("previous_hash", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("final_recommendation", TEXT),
        sa.Column("series_id", ROW_NUMBER, nullable=False),
        sa.Column("first_bar", sa.BigInteger, nullable=False),
        sa.Column("bar_count", sa.Integer, nullable=False),
        sa.Column("bars_crc", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("evidence", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint("symbol", "sequence", name="uq_decisions_symbol_sequence"),
        sa.ForeignKeyConstraint(["series_id"], ["bar_series.id"], name="fk_decisions_series_id"),
    )
    op.create_index("ix_decisions_created_at_id", "decisions", ["created_at", "id"])
    op.create_index("ix_decisions_symbol_created_at_id", "decisions", ["symbol", "created_at", "id"])
    op.create_table(
        "events",
        sa.Column("seq", ROW_NUMBER, nullable=False, autoincrement=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("agent_type", TEXT, nullable=False),
        sa.Column("agent_id", TEXT, nullable=False),
        sa.Column("decision_id", TEXT, nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("word", TEXT),
        sa.Column("confidence", sa.Float),
        sa.Column("status", TEXT),
        sa.Column("duration_ms", sa.Float),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
    )
    op.create_index("ix_events_type", "events", ["type"])


def downgrade() -> None:
    for table in ("events", "decisions", "bar_segments", "bar_series"):
        op.drop_table(table)
