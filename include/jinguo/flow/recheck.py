"""A report that is accepted may change the verdict on what the unit sent for later periods."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from jinguo.flow.check import judge
from jinguo.flow.office import Office
from jinguo.flow.predecessors import period_context
from jinguo.periods import Period
from jinguo.warehouse.decisions import decisions_of
from jinguo.warehouse.findings import findings_of, replace_findings
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.submissions import accept, later_submissions, load_reading, set_state

_STILL_OPEN = ("returned", "awaiting_explanation")


def recheck_later(office: Office, conn: Connection, accepted: Sequence[SubmissionRow]) -> list[SubmissionRow]:
    """Checks again what the units of ``accepted`` sent for later periods; the rows whose findings changed.

    An open report moves to the state that its findings now give it. What a steward has decided stays decided, and an
    accepted report keeps its state and only shows its new findings. By period, so that a report which is accepted on
    the way counts for the next.
    """
    return [row for row in later_submissions(conn, accepted) if _recheck(office, conn, row)]


def _recheck(office: Office, conn: Connection, row: SubmissionRow) -> bool:
    """Whether anything changed."""
    if row.state not in (*_STILL_OPEN, "accepted"):
        return False
    reading = load_reading(conn, row.id)
    context = period_context(office, conn, Period.of_key(row.period_key), [reading.unit_code])
    if row.state == "accepted":
        context.accepted.pop(row.unit_id, None)  # it is not a second report beside itself
    checked = judge(office, context, [reading], received_at=row.received_at)[0]
    if checked.findings == findings_of(conn, row.id):
        return False
    replace_findings(conn, row.id, checked.findings)
    if row.state in _STILL_OPEN and checked.state != row.state and not _was_decided(conn, row):
        now = office.settings.now()
        if checked.state == "accepted":
            accept(conn, [row.id], at=now)
        else:
            set_state(conn, row.id, checked.state, at=now, reason="上期数据变动后重新审核")
    return True


def _was_decided(conn: Connection, row: SubmissionRow) -> bool:
    decisions = decisions_of(conn, row.period_key, unit_id=row.unit_id)
    return any(decision.submission_id == row.id for decision in decisions)
