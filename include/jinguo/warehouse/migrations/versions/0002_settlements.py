"""Explanations are remembered, waivers are records, and a finding names what settled it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REMEMBERED = (
    ("value", sa.Text()),
    ("band_low", sa.BigInteger()),
    ("band_high", sa.BigInteger()),
    ("remembered_until", sa.Date()),
)


def upgrade() -> None:
    op.create_table(
        "core_waiver",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_ids", sa.Text(), nullable=False),
        sa.Column("rule_ids", sa.Text(), nullable=False),
        sa.Column("cell_id", sa.String(length=32), nullable=False),
        sa.Column("first_period", sa.Integer(), nullable=False),
        sa.Column("last_period", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.String(25), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("revoked_at", sa.String(25), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_core_waiver"),
    )
    for name, kind in _REMEMBERED:
        op.add_column("core_explanation", sa.Column(name, kind, nullable=True))
    op.add_column("core_finding", sa.Column("settled_by", sa.String(length=32), nullable=True))


def downgrade() -> None:
    op.drop_column("core_finding", "settled_by")
    for name, _ in reversed(_REMEMBERED):
        op.drop_column("core_explanation", name)
    op.drop_table("core_waiver")
