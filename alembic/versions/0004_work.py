"""Accepted work: jobs, their tasks, letters that wait to be sent, letters that were received."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("symbol", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("reason", TEXT),
        sa.Column("file", sa.LargeBinary, nullable=False),
        sa.Column("accepted_at", sa.BigInteger, nullable=False),
        sa.Column("timeout_us", sa.BigInteger, nullable=False),
        sa.Column("is_awaited", sa.Boolean, nullable=False),
        sa.Column("deadline_at", sa.BigInteger),
        sa.Column("key", TEXT),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("key", name="uq_jobs_key"),
    )
    op.create_index("ix_jobs_status_accepted_at", "jobs", ["status", "accepted_at"])
    op.create_table(
        "tasks",
        sa.Column("job_id", TEXT, nullable=False),
        sa.Column("agent_id", TEXT, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("owner", TEXT),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.Column("contribution", sa.LargeBinary),
        sa.PrimaryKeyConstraint("job_id", "agent_id", name="pk_tasks"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_tasks_job_id", ondelete="CASCADE"),
    )
    op.create_index("ix_tasks_lease_until", "tasks", ["lease_until"])
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("correlation_id", TEXT, nullable=False),
        sa.Column("queue", TEXT),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("consumer", "message_id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])


def downgrade() -> None:
    for table in ("inbox", "outbox", "tasks", "jobs"):
        op.drop_table(table)
