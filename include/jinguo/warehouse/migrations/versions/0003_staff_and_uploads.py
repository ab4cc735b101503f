"""Staff: who may do what about which unit. Uploads: which account handed a file in."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_core_staff"),
        sa.UniqueConstraint("account", "valid_from", name="uq_core_staff_account_valid_from"),
    )
    op.create_table(
        "raw_upload",
        sa.Column("delivery_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["raw_delivery.id"], name="fk_raw_upload_delivery_id"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_raw_upload"),
    )
    op.create_index("ix_raw_upload_account", "raw_upload", ["account"], unique=False)


def downgrade() -> None:
    op.drop_table("raw_upload")
    op.drop_table("core_staff")
