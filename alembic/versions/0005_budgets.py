"""What models cost by account, and what is set aside for requests under way."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
AMOUNT = ("tokens", "nanodollars", "microseconds")


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in AMOUNT),
        sa.PrimaryKeyConstraint("account", name="pk_budgets"),
    )
    op.create_index("ix_budgets_day", "budgets", ["day"])
    op.create_table(
        "reservations",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in AMOUNT),
        sa.PrimaryKeyConstraint("id", "account", name="pk_reservations"),
    )
    op.create_index("ix_reservations_day", "reservations", ["day"])


def downgrade() -> None:
    for table in ("reservations", "budgets"):
        op.drop_table(table)
