"""What models were asked and answered; the instant a decision looked at; the lineage of a model's vote."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("decisions", sa.Column("as_of", sa.BigInteger))
    op.add_column("events", sa.Column("lineage", TEXT))
    of_models, of_votes = sa.text("lineage IS NOT NULL"), sa.text("word IS NOT NULL")
    op.create_index("ix_events_votes_of_models", "events", ["seq"], sqlite_where=of_models, postgresql_where=of_models)
    op.create_index("ix_events_votes", "events", ["decision_id"], sqlite_where=of_votes, postgresql_where=of_votes)
    op.create_index("ix_decisions_symbol_as_of_sequence", "decisions", ["symbol", "as_of", "sequence"])
    op.create_table(
        "model_exchanges",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("request_key", TEXT, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_exchanges"),
    )
    op.create_index("ix_model_exchanges_request_key_recorded_at", "model_exchanges", ["request_key", "recorded_at"])
    op.create_table(
        "model_calls",
        sa.Column("decision_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("agent_id", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("prompt", TEXT, nullable=False),
        sa.Column("request_key", TEXT, nullable=False),
        sa.Column("exchange_id", TEXT),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("duration_ms", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("nanodollars", sa.BigInteger),
        sa.Column("error_kind", TEXT),
        sa.PrimaryKeyConstraint("decision_id", "number", name="pk_model_calls"),
    )
    op.create_index("ix_model_calls_started_at", "model_calls", ["started_at"])


def downgrade() -> None:
    op.drop_table("model_calls")
    op.drop_table("model_exchanges")
    op.drop_index("ix_decisions_symbol_as_of_sequence", "decisions")
    op.drop_index("ix_events_votes", "events")
    op.drop_index("ix_events_votes_of_models", "events")
    with op.batch_alter_table("events") as events:
        events.drop_column("lineage")
    with op.batch_alter_table("decisions") as decisions:
        decisions.drop_column("as_of")
