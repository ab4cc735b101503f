"""Whose contact has sent a delivery: it supports whose report it is and proves nothing. Mails only."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("raw_delivery", sa.Column("sender_unit_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("raw_delivery", "sender_unit_id")
