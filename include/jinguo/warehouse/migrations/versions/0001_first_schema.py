"""The first schema: received files, submissions, facts, findings, decisions, audit, releases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(25), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_core_audit"),
    )
    op.create_table(
        "core_cell",
        sa.Column("cell_key", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("form", sa.String(length=32), nullable=False),
        sa.Column("form_version", sa.String(length=16), nullable=False),
        sa.Column("cell_id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=True),
        sa.Column("indicator", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("cell_key", name="pk_core_cell"),
        sa.UniqueConstraint("form", "form_version", "cell_id", name="uq_core_cell_form_form_version_cell_id"),
    )
    op.create_table(
        "core_fact",
        sa.Column("submission_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cell_key", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("submission_id", "cell_key", name="pk_core_fact"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "out_release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("members_hash", sa.String(length=64), nullable=False),
        sa.Column("frozen_at", sa.String(25), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.String(25), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_out_release"),
        sa.UniqueConstraint("period_key", "edition", name="uq_out_release_period_key_edition"),
    )
    op.create_table(
        "raw_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_raw_file"),
        sa.UniqueConstraint("sha256", name="uq_raw_file_sha256"),
    )
    op.create_table(
        "out_figure",
        sa.Column("release_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("figure_id", sa.String(length=64), nullable=False),
        sa.Column("aggregation", sa.String(length=16), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("unit_count", sa.Integer(), nullable=False),
        sa.Column("expected_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["out_release.id"], name="fk_out_figure_release_id"),
        sa.PrimaryKeyConstraint("release_id", "unit_id", "figure_id", name="pk_out_figure"),
    )
    op.create_table(
        "raw_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("delivered_at", sa.String(25), nullable=False),
        sa.Column("received_at", sa.String(25), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["raw_file.id"], name="fk_raw_delivery_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_raw_delivery"),
        sa.UniqueConstraint("evidence", name="uq_raw_delivery_evidence"),
    )
    op.create_index("ix_raw_delivery_file_id", "raw_delivery", ["file_id"], unique=False)
    op.create_index(
        "ix_raw_delivery_pending",
        "raw_delivery",
        ["id"],
        unique=False,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "raw_submission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=32), nullable=False),
        sa.Column("form_version", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("state_at", sa.String(25), nullable=False),
        sa.Column("is_on_time", sa.Boolean(), nullable=False),
        sa.Column("correction_reason", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outputs_done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["raw_delivery.id"], name="fk_raw_submission_delivery_id"),
        sa.PrimaryKeyConstraint("id", name="pk_raw_submission"),
        sa.UniqueConstraint(
            "unit_id",
            "period_key",
            "form",
            "basis",
            "version",
            name="uq_raw_submission_unit_id_period_key_form_basis_version",
        ),
    )
    op.create_index("ix_raw_submission_delivery_id", "raw_submission", ["delivery_id"], unique=False)
    op.create_index(
        "ix_raw_submission_outputs",
        "raw_submission",
        ["id"],
        unique=False,
        sqlite_where=sa.text("NOT outputs_done"),
        postgresql_where=sa.text("NOT outputs_done"),
    )
    op.create_index("ix_raw_submission_period_key_state", "raw_submission", ["period_key", "state"], unique=False)
    op.create_index(
        "uq_raw_submission_accepted",
        "raw_submission",
        ["unit_id", "period_key", "form", "basis"],
        unique=True,
        sqlite_where=sa.text("state = 'accepted'"),
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.create_table(
        "core_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.String(25), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["raw_submission.id"], name="fk_core_decision_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_core_decision"),
    )
    op.create_index("ix_core_decision_period_key_unit_id", "core_decision", ["period_key", "unit_id"], unique=False)
    op.create_table(
        "core_explanation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(length=32), nullable=False),
        sa.Column("cell_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.String(25), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.String(25), nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["raw_submission.id"], name="fk_core_explanation_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_core_explanation"),
        sa.UniqueConstraint(
            "submission_id", "rule_id", "cell_id", name="uq_core_explanation_submission_id_rule_id_cell_id"
        ),
    )
    op.create_index(
        "ix_core_explanation_unit_id_period_key", "core_explanation", ["unit_id", "period_key"], unique=False
    )
    op.create_table(
        "core_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("rule_id", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("table_id", sa.String(length=16), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("cell", sa.String(length=16), nullable=False),
        sa.Column("cell_id", sa.String(length=32), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["raw_delivery.id"], name="fk_core_finding_delivery_id"),
        sa.ForeignKeyConstraint(["submission_id"], ["raw_submission.id"], name="fk_core_finding_submission_id"),
        sa.PrimaryKeyConstraint("id", name="pk_core_finding"),
    )
    op.create_index("ix_core_finding_delivery_id", "core_finding", ["delivery_id"], unique=False)
    op.create_index("ix_core_finding_submission_id", "core_finding", ["submission_id"], unique=False)
    op.create_table(
        "out_member",
        sa.Column("release_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["release_id"], ["out_release.id"], name="fk_out_member_release_id"),
        sa.ForeignKeyConstraint(["submission_id"], ["raw_submission.id"], name="fk_out_member_submission_id"),
        sa.PrimaryKeyConstraint("release_id", "unit_id", "basis", name="pk_out_member"),
    )
    op.create_table(
        "raw_cells",
        sa.Column("submission_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grid", sa.LargeBinary(), nullable=False),
        sa.Column("reading", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["raw_submission.id"], name="fk_raw_cells_submission_id"),
        sa.PrimaryKeyConstraint("submission_id", name="pk_raw_cells"),
    )


def downgrade() -> None:
    for table in (
        "raw_cells",
        "out_member",
        "core_finding",
        "core_explanation",
        "core_decision",
        "raw_submission",
        "raw_delivery",
        "out_figure",
        "raw_file",
        "out_release",
        "core_fact",
        "core_cell",
        "core_audit",
    ):
        op.drop_table(table)
