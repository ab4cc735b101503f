"""Which accepted reports of the units below a consolidated report was held against when it came."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_input",
        sa.Column("submission_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("input_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["raw_submission.id"], name="fk_core_input_submission_id"),
        sa.ForeignKeyConstraint(["input_id"], ["raw_submission.id"], name="fk_core_input_input_id"),
        sa.PrimaryKeyConstraint("submission_id", "input_id", name="pk_core_input"),
    )
    op.create_index("ix_core_input_input_id", "core_input", ["input_id"])


def downgrade() -> None:
    op.drop_table("core_input")
