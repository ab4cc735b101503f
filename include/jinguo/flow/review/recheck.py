"""Stored reports checked again: after an earlier month was accepted, after a waiver was granted or revoked, after the
rules were changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from jinguo.consolidation.parts import accepted_below
from jinguo.flow.intake.check import Checked, judge
from jinguo.flow.office import Office, open_office
from jinguo.flow.predecessors import period_context, settlements_on_record
from jinguo.flow.stored import answered_readings
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.review.matching import finding_key
from jinguo.rules.findings import Finding
from jinguo.settings import Settings
from jinguo.units.register import PROVINCE_CODE
from jinguo.warehouse import audit
from jinguo.warehouse.decisions import decisions_of
from jinguo.warehouse.deliveries import deliveries_by_id
from jinguo.warehouse.findings import findings_of_many, replace_findings
from jinguo.warehouse.inputs import replace_inputs
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.submissions import (
    accept,
    accepted_submissions,
    later_submissions,
    latest_submissions,
    mark_outputs_pending,
    set_state,
    submission,
    submissions_of,
)

_STILL_OPEN = ("returned", "awaiting_explanation")
_ASKED = "awaiting_confirmation"  # findings may change, the state is the unit's answer to a proposal
_LOOKED_AT = (*_STILL_OPEN, _ASKED, "accepted")
_AT_A_TIME = 100  # reports of a period that are in memory at once
_EARLIER_CHANGED, _BELOW_CHANGED = "上期数据变动后重新审核", "下级报表变动后重新审核"


def recheck_later(office: Office, conn: Connection, accepted: Sequence[SubmissionRow]) -> list[SubmissionRow]:
    """Checks again what the units of ``accepted`` sent for later periods; the rows whose findings changed.

    An open report moves to the state that its findings now give it. What a steward has decided stays decided, and an
    accepted report keeps its state and only shows its new findings. By period, so that a report which is accepted on
    the way counts for the next.
    """
    return [row for row in later_submissions(conn, accepted) if _recheck(office, conn, row, _EARLIER_CHANGED)]


def recheck_above(office: Office, conn: Connection, below: Sequence[SubmissionRow]) -> None:
    """Checks again the open reports of the units to which those of ``below`` report: their sums may hold now.

    A report in force keeps its findings; that it has been overtaken is said by consolidation/staleness.py.
    """
    receivers = set()
    for row in below:
        period = Period.of_key(row.period_key)
        obligation = office.register.obligation_of(office.register.by_id[row.unit_id].code, period, row.form)
        if obligation and obligation.reports_to != PROVINCE_CODE:
            receivers.add((row.period_key, office.register.by_code[obligation.reports_to].unit_id))
    for period_key, unit_id in sorted(receivers):
        code, period = office.register.by_id[unit_id].code, Period.of_key(period_key)
        for row in submissions_of(conn, unit_id, period_key)[-1:]:
            if row.state in _STILL_OPEN:
                replace_inputs(conn, row.id, accepted_below(conn, office.register, code, period))
                recheck_open(office, conn, [row], reason=_BELOW_CHANGED)


def recheck_open(office: Office, conn: Connection, rows: Sequence[SubmissionRow], *, reason: str) -> None:
    """Checks again those of ``rows`` that wait for their units; what is accepted by it counts for later periods."""
    for row in rows:
        if row.state in (*_STILL_OPEN, _ASKED) and _recheck(office, conn, row, reason):
            changed = submission(conn, row.id)
            if changed.state == "accepted":
                recheck_later(office, conn, [changed])
                recheck_above(office, conn, [changed])


def _recheck(office: Office, conn: Connection, row: SubmissionRow, reason: str) -> bool:
    """Whether anything changed."""
    if row.state not in _LOOKED_AT:
        return False
    [(before, checked)] = _judged_again(office, conn, Period.of_key(row.period_key), [row])
    if checked.findings == before:
        return False
    replace_findings(conn, row.id, checked.findings)
    if row.state != "accepted":
        mark_outputs_pending(conn, [row.id])
    if row.state in _STILL_OPEN and checked.state != row.state and not _was_decided(conn, row):
        now = office.settings.now()
        if checked.state == "accepted":
            accept(conn, [row.id], at=now)
        else:
            set_state(conn, row.id, checked.state, at=now, reason=reason)
    return True


def _judged_again(
    office: Office, conn: Connection, period: Period, rows: Sequence[SubmissionRow]
) -> list[tuple[list[Finding], Checked]]:
    """The findings of a period's stored reports as they stand, and what each would get today.

    What settled the findings of an accepted report goes on settling them, whatever has ended or come since.
    """
    readings = answered_readings(conn, period, rows)
    stored = findings_of_many(conn, [row.id for row in rows])
    arrivals = deliveries_by_id(conn, [row.delivery_id for row in rows])
    before = {row.id: stored.get(row.id, []) for row in rows}
    known = period_context(office, conn, period, [reading.unit_code for reading in readings.values()])
    accepted = [row for row in rows if row.state == "accepted"]
    others = {unit_id: row for unit_id, row in known.accepted.items() if row not in accepted}
    settled = settlements_on_record(office, conn, period, {row.unit_id: before[row.id] for row in accepted})
    in_force = replace(known, accepted=others, settlements=settled)  # no report is a second one beside itself
    checked: dict[int, Checked] = {}
    for context, chosen in ((known, [row for row in rows if row not in accepted]), (in_force, accepted)):
        received = [row.received_at for row in chosen]
        senders = [arrivals[row.delivery_id].sender_unit_id for row in chosen]
        found = judge(office, context, [readings[row.id] for row in chosen], received_at=received, senders=senders)
        checked |= zip((row.id for row in chosen), found, strict=True)
    return [(before[row.id], checked[row.id]) for row in rows]


def recheck_period(settings: Settings, period: Period) -> list[dict[str, Any]]:
    """What the rules in force now say otherwise of a period's latest reports; one entry for each that it concerns.

    No state changes and no finding is replaced (docs/adr/0008): a steward decides. What was found is put on record
    once, by rule and cell.
    """
    with open_office(settings) as office, home_lock(settings.home):
        with office.warehouse.read() as conn:
            latest = {**latest_submissions(conn, period.key), **accepted_submissions(conn, period.key)}
            rows = [latest[unit_id] for unit_id in sorted(latest) if latest[unit_id].state in _LOOKED_AT]
            changes = [
                change
                for first in range(0, len(rows), _AT_A_TIME)
                for change in _changes(office, conn, period, rows[first : first + _AT_A_TIME])
            ]
        if changes:
            with office.warehouse.write() as conn:
                _put_on_record(conn, office, period, changes)
    return changes


def _changes(
    office: Office, conn: Connection, period: Period, rows: Sequence[SubmissionRow]
) -> Iterator[dict[str, Any]]:
    for row, (before, checked) in zip(rows, _judged_again(office, conn, period, rows), strict=True):
        change = _change(office, row, before, checked)
        if change:
            yield change


def _change(office: Office, row: SubmissionRow, before: list[Finding], checked: Checked) -> dict[str, Any] | None:
    known, now = ({finding_key(finding) for finding in found} for found in (before, checked.findings))
    gained = [finding for finding in checked.findings if finding_key(finding) not in known]
    lost = [finding for finding in before if finding_key(finding) not in now]
    if not gained and not lost:
        return None
    unit = office.register.by_id[row.unit_id]
    return {
        "unit_code": unit.code,
        "unit_name": unit.org_short or unit.name,
        "version": row.version,
        "status": row.state,
        "would_be": checked.state,
        "gained": [finding.as_json() for finding in gained],
        "lost": [finding.as_json() for finding in lost],
    }


def _put_on_record(conn: Connection, office: Office, period: Period, changes: Sequence[Mapping[str, Any]]) -> None:
    """Rules and cells only: no text out of a report goes into the log. The same result again is one line."""
    places = {
        kind: [
            [change["unit_code"], change["version"], found["rule_id"], found["cell_id"]]
            for change in changes
            for found in change[kind]
        ]
        for kind in ("gained", "lost")
    }
    details = {"rules": office.rulebook.fingerprint(), **places}
    subject = f"period {period}"
    recorded = [entry for entry in audit.entries(conn, subject=subject) if entry.action == "recheck_period"]
    if not recorded or recorded[-1].details != details:
        now = office.settings.now()
        audit.append(conn, at=now, actor=audit.SYSTEM, action="recheck_period", subject=subject, details=details)


def _was_decided(conn: Connection, row: SubmissionRow) -> bool:
    decisions = decisions_of(conn, row.period_key, unit_id=row.unit_id)
    return any(decision.submission_id == row.id for decision in decisions)
