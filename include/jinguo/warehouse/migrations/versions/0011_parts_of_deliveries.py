"""A 分县表 holds the reports of several units: each is a delivery of the same file with the unit that it is the part of.
And what stood behind an edition when it was frozen: units of each level, and the registered counts with date and source."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("raw_delivery", sa.Column("part", sa.String(length=12), nullable=True))
    op.add_column("raw_delivery", sa.Column("part_of", sa.Integer(), nullable=True))
    op.create_table(
        "out_coverage",
        sa.Column("release_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_type", sa.String(length=16), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["out_release.id"], name="fk_out_coverage_release_id"),
        sa.PrimaryKeyConstraint("release_id", "unit_id", "unit_type", name="pk_out_coverage"),
    )
    op.create_table(
        "out_count",
        sa.Column("release_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.String(length=10), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["out_release.id"], name="fk_out_count_release_id"),
        sa.PrimaryKeyConstraint("release_id", "unit_id", "measure", name="pk_out_count"),
    )


def downgrade() -> None:
    op.drop_table("out_count")
    op.drop_table("out_coverage")
    op.drop_column("raw_delivery", "part_of")
    op.drop_column("raw_delivery", "part")
