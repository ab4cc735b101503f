"""Suggested values that units confirm, and the files that they put beside a finding."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("cell_id", sa.String(length=32), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.String(length=25), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.String(length=25), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("made_submission_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["raw_submission.id"], name="fk_core_proposal_submission_id"),
        sa.ForeignKeyConstraint(
            ["made_submission_id"], ["raw_submission.id"], name="fk_core_proposal_made_submission_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_proposal"),
    )
    op.create_index("ix_core_proposal_unit_id_period_key", "core_proposal", ["unit_id", "period_key"])
    op.create_table(
        "core_evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("period_key", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(length=32), nullable=False),
        sa.Column("cell_id", sa.String(length=32), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=25), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["raw_submission.id"], name="fk_core_evidence_submission_id"),
        sa.ForeignKeyConstraint(["file_id"], ["raw_file.id"], name="fk_core_evidence_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_core_evidence"),
        sa.UniqueConstraint(
            "submission_id", "rule_id", "cell_id", "file_id", name="uq_core_evidence_submission_id_rule_id_cell_id_file_id"
        ),
    )
    op.create_index("ix_core_evidence_unit_id_period_key", "core_evidence", ["unit_id", "period_key"])


def downgrade() -> None:
    for table in ("core_evidence", "core_proposal"):
        op.drop_table(table)
