"""Stored reports checked again: after an earlier month was accepted, after a waiver was granted or revoked."""

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
from jinguo.warehouse.submissions import (
    accept,
    later_submissions,
    load_reading,
    mark_outputs_pending,
    set_state,
    submission,
)

_STILL_OPEN = ("returned", "awaiting_explanation")
_EARLIER_CHANGED = "上期数据变动后重新审核"


def recheck_later(office: Office, conn: Connection, accepted: Sequence[SubmissionRow]) -> list[SubmissionRow]:
    """Checks again what the units of ``accepted`` sent for later periods; the rows whose findings changed.

    An open report moves to the state that its findings now give it. What a steward has decided stays decided, and an
    accepted report keeps its state and only shows its new findings. By period, so that a report which is accepted on
    the way counts for the next.
    """
    return [row for row in later_submissions(conn, accepted) if _recheck(office, conn, row, _EARLIER_CHANGED)]


def recheck_open(office: Office, conn: Connection, rows: Sequence[SubmissionRow], *, reason: str) -> None:
    """Checks again those of ``rows`` that wait for their units; what is accepted by it counts for later periods."""
    for row in rows:
        if row.state in _STILL_OPEN and _recheck(office, conn, row, reason):
            changed = submission(conn, row.id)
            if changed.state == "accepted":
                recheck_later(office, conn, [changed])


def _recheck(office: Office, conn: Connection, row: SubmissionRow, reason: str) -> bool:
    """Whether anything changed."""
    if row.state not in (*_STILL_OPEN, "accepted"):
        return False
    reading = load_reading(conn, row.id)
    before = findings_of(conn, row.id)
    as_of = row.state_at if row.state == "accepted" else None
    context = period_context(office, conn, Period.of_key(row.period_key), [reading.unit_code], as_of=as_of)
    if row.state == "accepted":
        context.accepted.pop(row.unit_id, None)  # it is not a second report beside itself
        context.settlements = context.settlements.only({finding.settled_by for finding in before})
    checked = judge(office, context, [reading], received_at=row.received_at)[0]
    if checked.findings == before:
        return False
    replace_findings(conn, row.id, checked.findings)
    if row.state in _STILL_OPEN:
        mark_outputs_pending(conn, [row.id])
    if row.state in _STILL_OPEN and checked.state != row.state and not _was_decided(conn, row):
        now = office.settings.now()
        if checked.state == "accepted":
            accept(conn, [row.id], at=now)
        else:
            set_state(conn, row.id, checked.state, at=now, reason=reason)
    return True


def _was_decided(conn: Connection, row: SubmissionRow) -> bool:
    decisions = decisions_of(conn, row.period_key, unit_id=row.unit_id)
    return any(decision.submission_id == row.id for decision in decisions)
