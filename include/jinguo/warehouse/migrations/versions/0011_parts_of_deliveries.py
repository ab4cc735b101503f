"""A 分县表 holds the reports of several units: each is a delivery of the same file with the unit that it is the part of."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("raw_delivery", sa.Column("part", sa.String(length=12), nullable=True))
    op.add_column("raw_delivery", sa.Column("part_of", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("raw_delivery", "part_of")
    op.drop_column("raw_delivery", "part")
