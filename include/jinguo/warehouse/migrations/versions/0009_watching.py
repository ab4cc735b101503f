"""Runs, fixity of archived files, alerts and who was told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_run",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.String(length=25), nullable=False),
        sa.Column("last_at", sa.String(length=25), nullable=False),
        sa.Column("succeeded_at", sa.String(length=25), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_core_run"),
    )
    op.create_table(
        "raw_fixity",
        sa.Column("file_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("checked_at", sa.String(length=25), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["raw_file.id"], name="fk_raw_fixity_file_id"),
        sa.PrimaryKeyConstraint("file_id", name="pk_raw_fixity"),
    )
    op.create_index("ix_raw_fixity_checked_at", "raw_fixity", ["checked_at"])
    damaged = sa.text("NOT is_whole")
    op.create_index(
        "ix_raw_fixity_damaged", "raw_fixity", ["file_id"], sqlite_where=damaged, postgresql_where=damaged
    )
    op.create_table(
        "out_alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("since", sa.String(length=25), nullable=False),
        sa.Column("ended_at", sa.String(length=25), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_out_alert"),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_out_alert_open",
        "out_alert",
        ["kind", "subject"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "out_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=25), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["out_alert.id"], name="fk_out_notice_alert_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["core_contact.id"], name="fk_out_notice_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_out_notice"),
        sa.UniqueConstraint("alert_id", "channel", "recipient", name="uq_out_notice_alert_id_channel_recipient"),
    )


def downgrade() -> None:
    for name in ("out_notice", "out_alert", "raw_fixity", "core_run"):
        op.drop_table(name)
