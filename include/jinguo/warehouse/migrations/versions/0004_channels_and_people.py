"""Channels, deadlines and people: fetches and mails, extensions and outages, contacts and reminders."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_contact"),
        sa.UniqueConstraint(
            "unit_id", "role", "address", "valid_from", name="uq_core_contact_unit_id_role_address_valid_from"
        ),
    )
    op.create_index("ix_core_contact_unit_id", "core_contact", ["unit_id"], unique=False)
    op.create_table(
        "core_extension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("due", sa.String(25), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.String(25), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_extension"),
    )
    op.create_index("ix_core_extension_period_key_unit_id", "core_extension", ["period_key", "unit_id"], unique=False)
    op.create_table(
        "core_outage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("began", sa.String(25), nullable=False),
        sa.Column("ended", sa.String(25), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.String(25), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_outage"),
    )
    op.create_table(
        "raw_fetch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.String(25), nullable=False),
        sa.Column("last_at", sa.String(25), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_raw_fetch"),
    )
    op.create_index("ix_raw_fetch_channel", "raw_fetch", ["channel"], unique=False)
    op.create_table(
        "raw_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("delivered_at", sa.String(25), nullable=False),
        sa.Column("received_at", sa.String(25), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("sender_unit_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_raw_message"),
        sa.UniqueConstraint("channel", "place", name="uq_raw_message_channel_place"),
    )
    op.create_table(
        "out_reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(25), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["core_contact.id"], name="fk_out_reminder_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_out_reminder"),
        sa.UniqueConstraint(
            "unit_id",
            "period_key",
            "stage",
            "channel",
            "recipient",
            name="uq_out_reminder_unit_id_period_key_stage_channel_recipient",
        ),
    )
    op.create_index("ix_out_reminder_period_key_unit_id", "out_reminder", ["period_key", "unit_id"], unique=False)


def downgrade() -> None:
    for table in ("out_reminder", "raw_message", "raw_fetch", "core_outage", "core_extension", "core_contact"):
        op.drop_table(table)
