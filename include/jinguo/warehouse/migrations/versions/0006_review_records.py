"""What the checks found, by unit and rule, as it stood when an edition was frozen."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "out_review",
        sa.Column("release_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("fixed", sa.Integer(), nullable=False),
        sa.Column("explained", sa.Integer(), nullable=False),
        sa.Column("waived", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["out_release.id"], name="fk_out_review_release_id"),
        sa.PrimaryKeyConstraint("release_id", "unit_id", "rule_id", name="pk_out_review"),
    )


def downgrade() -> None:
    op.drop_table("out_review")
