"""Each unit's record of reporting – name, versions, times, findings, reason, waivers – as it stood when an edition was
frozen: later corrections, explanations and checks must not change what was published."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "out_report",
        sa.Column("release_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("org_short", sa.Text(), nullable=False),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.Column("first_received", sa.String(length=25), nullable=True),
        sa.Column("is_on_time", sa.Boolean(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("queries", sa.Integer(), nullable=False),
        sa.Column("is_first_pass", sa.Boolean(), nullable=True),
        sa.Column("is_complete", sa.Boolean(), nullable=True),
        sa.Column("is_explained", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("waived", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["out_release.id"], name="fk_out_report_release_id"),
        sa.PrimaryKeyConstraint("release_id", "unit_id", name="pk_out_report"),
    )


def downgrade() -> None:
    op.drop_table("out_report")
