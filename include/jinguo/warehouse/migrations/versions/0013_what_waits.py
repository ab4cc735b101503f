"""Indexes for what waits: reports by state, and the rules that each fails, without a look into either table. And why and
when the last run of each DAG was started."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_WAITING = ["state", "period_key", "unit_id", "form", "basis", "version", "state_at"]


def upgrade() -> None:
    op.create_index("ix_raw_submission_state", "raw_submission", _WAITING)
    op.create_index("ix_core_finding_submission_id_rule", "core_finding", ["submission_id", "severity", "rule_id"])
    op.drop_index("ix_core_finding_submission_id", "core_finding")
    op.add_column("core_run", sa.Column("kind", sa.String(length=32), nullable=True))
    op.add_column("core_run", sa.Column("started_at", sa.String(length=25), nullable=True))


def downgrade() -> None:
    op.drop_column("core_run", "started_at")
    op.drop_column("core_run", "kind")
    op.create_index("ix_core_finding_submission_id", "core_finding", ["submission_id"])
    op.drop_index("ix_core_finding_submission_id_rule", "core_finding")
    op.drop_index("ix_raw_submission_state", "raw_submission")
