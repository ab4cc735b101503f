"""Who is in and who is not: each expected unit's standing at a moment, and its report as frozen, from the warehouse."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jinguo.errors import Refused
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import ListLine
from jinguo.release.absence import absence_reason
from jinguo.release.definitions import Definitions
from jinguo.release.model import ACCEPTED, ReportStatistics, UnitReport, Waived
from jinguo.review.settlements import WAIVER
from jinguo.review.states import UNSETTLED
from jinguo.rules.findings import Finding
from jinguo.units.deadlines import deadline
from jinguo.units.register import PROVINCE_CODE, Register, Unit
from jinguo.warehouse.decisions import PROVISIONAL, decisions_of, used_provisionally
from jinguo.warehouse.explanations import explanations_of_period
from jinguo.warehouse.findings import count_findings, findings_of_many, findings_settled_by
from jinguo.warehouse.readings import load_readings, values_of
from jinguo.warehouse.records import Decision, Explanation, Member, SubmissionRow, Waiver
from jinguo.warehouse.submissions import accepted_submissions, latest_submissions, submissions_by_id, versions_of_period
from jinguo.warehouse.waivers import waivers_by_id

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NO_REPORT = frozenset({"rejected"})  # a file that could not be read as a report is none


def present_members(
    conn: Connection,
    period: Period,
    *,
    form: Form,
    register: Register,
    rule_fingerprint: str = "",
    figures_by: Sequence[object] = (),
    compared_with: Sequence[tuple[str, str]] = (),
) -> tuple[list[Member], str]:
    """One member per report that is owed to the province (the version in force, else the one that the office uses
    provisionally, else the state of what came; ``missing``: nothing), and the hash that names the set: versions and
    their bytes, which of them are provisional, who is named as left out, the form, the rules, what else the figures are
    computed by, and the earlier months that it is ``compared_with`` (each with its own hash)."""
    accepted = accepted_submissions(conn, period.key)
    latest = latest_submissions(conn, period.key)
    provisional = _provisional(conn, period)
    members: list[Member] = []
    versions, unsettled, left_out = [], [], []
    for obligation in register.obligations(period, reports_to=PROVINCE_CODE):
        unit_id = register.by_code[obligation.unit_code].unit_id
        row, came, used = accepted.get(unit_id), latest.get(unit_id), provisional.get(unit_id)
        if row is not None:
            members.append(Member(unit_id, obligation.basis, ACCEPTED, row.id))
            versions.append([unit_id, obligation.basis, row.id, row.version, row.sha256])
        elif used is not None:
            members.append(Member(unit_id, obligation.basis, PROVISIONAL, used.id))
            unsettled.append([unit_id, obligation.basis, used.id, used.version, used.sha256])
        else:
            state = came.state if came else "missing"
            members.append(Member(unit_id, obligation.basis, state))
            left_out.append([unit_id, obligation.basis, state])
    facts = {
        "form": [form.id, form.version],
        "rules": rule_fingerprint,
        "members": versions,
        "left_out": left_out,
    }
    if unsettled:
        facts["provisional"] = unsettled
    if figures_by:
        facts["figures_by"] = list(figures_by)
    if compared_with:
        facts["compared_with"] = list(compared_with)
    return members, hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def has_accepted(members: Sequence[Member]) -> bool:
    """Whether any unit is in with a settled report: of provisional ones alone nothing is released."""
    return any(member.state == ACCEPTED for member in members)


def _provisional(conn: Connection, period: Period) -> dict[int, SubmissionRow]:
    """Unit id → the version that the office uses provisionally. A newer one that is not settled takes nothing away."""
    used = used_provisionally(conn, period.key)
    rows = submissions_by_id(conn, list(used.values()))
    return {unit_id: rows[row_id] for unit_id, row_id in used.items() if rows[row_id].state in UNSETTLED}


@dataclass(frozen=True)
class _Records:
    """The period's records of reporting, read once. ``versions``: of each unit, oldest first; ``findings``: of first
    versions with errors, latest versions with queries, and those that are not settled."""

    as_of: dt.datetime
    due: dt.datetime
    explained_by: dt.datetime
    versions: Mapping[int, Sequence[SubmissionRow]]
    counts: Mapping[int, Mapping[str, int]]
    findings: Mapping[int, Sequence[Finding]]
    explanations: Mapping[int, Sequence[Explanation]]
    decisions: Mapping[int, Decision]
    completeness_rules: str


def load_reports(
    conn: Connection,
    members: Sequence[Member],
    *,
    period: Period,
    form: Form,
    register: Register,
    definitions: Definitions,
    as_of: dt.datetime,
) -> list[UnitReport]:
    """The reports of ``members``, with the record of their reporting as it was at ``as_of``."""
    ids = [member.submission_id for member in members if member.submission_id]
    values = values_of(conn, ids, form)
    records = _records(conn, [member.unit_id for member in members], period, register, definitions, as_of)
    waived = _waived(conn, ids)
    lists = _lists(conn, ids, {total.table for total in definitions.lists if _list_due(form, period, total.table)})
    reports, then = [], register.at(period)
    for member in members:
        unit = then.by_id[member.unit_id]
        versions = records.versions.get(unit.unit_id, ())
        statistics = _statistics(unit, versions, records)
        if member.submission_id is None:
            reports.append(UnitReport(unit, member.state, statistics, note=_note(unit, versions, records)))
            continue
        row = next((row for row in versions if row.id == member.submission_id), None)
        if row is None:
            raise Refused(
                f"{period}: at {as_of:%Y-%m-%d %H:%M} the report of {unit.code} had not come yet (JINGUO_NOW?)"
            )
        report = _member_report(unit, row, statistics, values[row.id], lists.get(row.id, _Lists()))
        note = _note(unit, versions, records) if member.state == PROVISIONAL else ""
        standing = {"state": member.state, "is_provisional": member.state == PROVISIONAL, "note": note}
        reports.append(replace(report, **standing, waived=waived.get(row.id, ())))
    return reports


def _list_due(form: Form, period: Period, table: str) -> bool:
    return form.table_by_id[table].frequency == "monthly" or period.is_quarter_end


@dataclass(frozen=True)
class _Lists:
    """The list lines of one report that figures are made of, and the tables that it ticked as 本月未开展."""

    lines: Mapping[str, Sequence[ListLine]] = field(default_factory=dict)
    ticked_tables: frozenset[str] = frozenset()


def _lists(conn: Connection, submission_ids: Sequence[int], tables: set[str]) -> dict[int, _Lists]:
    if not tables:
        return {}
    return {
        submission_id: _Lists(
            {table: lines for table, lines in reading.lists.items() if table in tables},
            frozenset(table.table for table in reading.tables.values() if table.is_ticked),
        )
        for submission_id, reading in load_readings(conn, submission_ids)
    }


def _member_report(
    unit: Unit, row: SubmissionRow, statistics: ReportStatistics, values: tuple, lists: _Lists
) -> UnitReport:
    return UnitReport(
        unit=unit,
        state=ACCEPTED,
        statistics=statistics,
        submission_id=row.id,
        version=row.version,
        sha256=row.sha256,
        file_name=row.file_name,
        correction_reason=row.correction_reason,
        numbers=values[0],
        states=values[1],
        lists=lists.lines,
        ticked_tables=lists.ticked_tables,
    )


def _waived(conn: Connection, submission_ids: Sequence[int]) -> dict[int, tuple[Waived, ...]]:
    """Submission id → the waivers that settled findings of it."""
    found = findings_settled_by(conn, submission_ids, WAIVER)
    named = {finding.settled_by for findings in found.values() for finding in findings}
    known = {f"{WAIVER} {key}": waiver for key, waiver in waivers_by_id(conn, [_number(n) for n in named]).items()}
    return {
        submission_id: tuple(
            _waived_by(known[name], [finding for finding in findings if finding.settled_by == name])
            for name in sorted({finding.settled_by for finding in findings}, key=_number)
        )
        for submission_id, findings in found.items()
    }


def _waived_by(waiver: Waiver, findings: Sequence[Finding]) -> Waived:
    places = tuple(f"{f.sheet}{' ' if f.cell else ''}{f.cell}（{f.rule_id}）" for f in findings)
    return Waived(waiver.id or 0, places, waiver.reason, waiver.approver, waiver.ends_on)


def _number(settled_by: str) -> int:
    return int(settled_by.split()[1])


def _records(
    conn: Connection,
    unit_ids: Sequence[int],
    period: Period,
    register: Register,
    definitions: Definitions,
    as_of: dt.datetime,
) -> _Records:
    quality = definitions.quality
    grace = dt.timedelta(days=quality.explanation_grace_days)
    versions = {
        unit_id: [row for row in rows if row.received_at <= as_of]
        for unit_id, rows in versions_of_period(conn, period.key, unit_ids=unit_ids).items()
    }
    counts = count_findings(conn, period.key)
    due = deadline(register.schemas, period).due
    return _Records(
        as_of=as_of,
        due=due,
        explained_by=min(as_of, due + grace),
        versions=versions,
        counts=counts,
        findings=findings_of_many(conn, _to_look_at(versions.values(), counts)),
        explanations=explanations_of_period(conn, period.key),
        decisions={d.unit_id: d for d in decisions_of(conn, period.key) if d.at <= as_of},
        completeness_rules=quality.completeness_rules,
    )


def _to_look_at(versions: Iterable[Sequence[SubmissionRow]], counts: Mapping[int, Mapping[str, int]]) -> list[int]:
    """The first reports with an error, the latest ones with a query or not settled; most are neither."""
    both = [(reports[0], reports[-1]) for reports in map(_reports_of, versions) if reports]
    with_error = {first.id for first, _ in both if "error" in counts.get(first.id, ())}
    unsettled = {latest.id for _, latest in both if latest.state in UNSETTLED}
    return sorted(with_error | unsettled | {latest.id for _, latest in both if "query" in counts.get(latest.id, ())})


def _reports_of(versions: Sequence[SubmissionRow]) -> list[SubmissionRow]:
    return [row for row in versions if row.state not in _NO_REPORT]


def _statistics(unit: Unit, versions: Sequence[SubmissionRow], records: _Records) -> ReportStatistics:
    reports = _reports_of(versions)
    if not reports:
        return ReportStatistics()
    first, latest = reports[0], reports[-1]
    first_errors = records.counts.get(first.id, {}).get("error", 0)
    latest_counts = records.counts.get(latest.id, {})
    return ReportStatistics(
        versions=len(reports),
        first_received=first.delivered_at,
        is_on_time=first.is_on_time,
        errors=latest_counts.get("error", 0),
        queries=latest_counts.get("query", 0),
        is_first_pass=first_errors == 0 and first.state not in ("held", "quarantined"),
        is_complete=first_errors == 0 or _is_complete(first.id, records),
        is_explained=not latest_counts.get("query") or _is_explained(unit, latest.id, records),
    )


def _is_complete(submission_id: int, records: _Records) -> bool:
    found = records.findings[submission_id]
    return not any(f.severity == "error" and f.rule_id.startswith(records.completeness_rules) for f in found)


def _is_explained(unit: Unit, submission_id: int, records: _Records) -> bool:
    given = records.explanations.get(unit.unit_id, ())
    answered = {(e.rule_id, e.cell_id) for e in given if e.given_at <= records.explained_by}
    queries = {(f.rule_id, f.cell_id) for f in records.findings[submission_id] if f.severity == "query"}
    return queries <= answered


def _note(unit: Unit, versions: Sequence[SubmissionRow], records: _Records) -> str:
    """Why the unit is not in, or only provisionally: what somebody gave as the reason, else what is known."""
    decision = records.decisions.get(unit.unit_id)
    if decision is not None and decision.action != "accept":
        return decision.reason
    latest = versions[-1] if versions else None
    if latest is not None and latest.reason:
        return latest.reason
    found, counts = (records.findings.get(latest.id, ()), records.counts.get(latest.id, {})) if latest else ((), {})
    return absence_reason(latest, found, counts, due=records.due, as_of=records.as_of)
