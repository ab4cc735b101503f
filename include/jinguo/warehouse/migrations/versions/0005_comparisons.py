"""What editions are compared with, as it stood when they were frozen."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "out_base",
        sa.Column("release_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edition", sa.Integer(), nullable=True),
        sa.Column("frozen_hash", sa.String(length=64), nullable=False),
        sa.Column("included", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["out_release.id"], name="fk_out_base_release_id"),
        sa.PrimaryKeyConstraint("release_id", "period_key", name="pk_out_base"),
    )
    op.create_table(
        "out_compared",
        sa.Column("release_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("figure_id", sa.String(length=64), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("same_now", sa.BigInteger(), nullable=True),
        sa.Column("same_before", sa.BigInteger(), nullable=True),
        sa.Column("same_units", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["out_release.id"], name="fk_out_compared_release_id"),
        sa.PrimaryKeyConstraint("release_id", "period_key", "figure_id", name="pk_out_compared"),
    )


def downgrade() -> None:
    for table in ("out_compared", "out_base"):
        op.drop_table(table)
