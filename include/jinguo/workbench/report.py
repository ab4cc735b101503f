"""The page of one unit's report: tables, findings, versions, and one cell looked at closely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from jinguo.flow.answering.answers import answered_before, histories_of, proposals_for
from jinguo.flow.expected.dues import known_dues
from jinguo.flow.office import Office
from jinguo.flow.predecessors import period_context
from jinguo.flow.register.staff import staff_within
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import Reading, format_number
from jinguo.reading.privacy import masked_text
from jinguo.review.decisions import what_stands
from jinguo.review.explanations import judge_answers
from jinguo.review.issues import PROPOSED, History, Issue, list_issues
from jinguo.review.proposals import finding_of, is_proposable
from jinguo.review.states import UNSETTLED, can_move, state_name
from jinguo.rules.catalogue import as_json
from jinguo.rules.findings import Finding
from jinguo.units.register import PROVINCE_CODE, Unit
from jinguo.warehouse.decisions import PROVISIONAL, decisions_of
from jinguo.warehouse.deliveries import delivery
from jinguo.warehouse.fetches import is_mailbox
from jinguo.warehouse.findings import findings_of
from jinguo.warehouse.proposals import amendments_of, proposals_of
from jinguo.warehouse.readings import load_reading, values_of
from jinguo.warehouse.records import Decision, Proposal, SubmissionRow
from jinguo.warehouse.staff import uploader_of
from jinguo.warehouse.submissions import accepted_submissions, submissions_of
from jinguo.workbench.board import absent_state
from jinguo.workbench.compare import origin_of
from jinguo.workbench.sheets import Sheet, cell_text, make_sheets


@dataclass(frozen=True)
class Report:
    """``shown``: the version on the page, None where nothing came. ``seen``: what a decision made from this page is
    about (``review.decisions.what_stands``). ``absent``: what the unit is called without a report. ``fresh``: findings
    to act on, what a steward proposes among them; ``settled``: put right. ``is_own``: no account of
    another unit handed it in (代传). ``sender``: of a mail, whose contact's address it came from, "" of other files.
    ``proposals``: all of the period; ``amendments``: those that this version has. ``is_provincial``: the unit reports
    to the province, so that its figures may be used provisionally."""

    unit: Unit
    period: Period
    due: str
    versions: Sequence[SubmissionRow]
    seen: str
    absent: str
    shown: SubmissionRow | None = None
    uploader: str = ""
    sender: str = ""
    is_own: bool = True
    proposals: Sequence[Proposal] = ()
    amendments: Sequence[Proposal] = ()
    reading: Reading | None = None
    sheets: Sequence[Sheet] = ()
    fresh: Sequence[Issue] = ()
    settled: Sequence[Issue] = ()
    decisions: Sequence[Decision] = ()
    has_return: bool = False
    has_receipt: bool = False
    is_provincial: bool = False
    form: Form | None = None

    @property
    def fresh_by_rule(self) -> list[tuple[str, list[Issue]]]:
        """``fresh`` by rule, in the list's order: one cause may show in hundreds of cells."""
        found: dict[str, list[Issue]] = {}
        for issue in self.fresh:
            found.setdefault(issue.finding.rule_id, []).append(issue)
        return list(found.items())

    @property
    def is_unread(self) -> bool:
        """Whether a file is there of which no cell was taken as this period's."""
        cells = (cell for sheet in self.sheets for line in sheet.rows for cell in line.cells)
        return self.shown is not None and not any(cell.text.strip("— ") for cell in cells)

    def label_of(self, cell_id: str) -> str:
        """What people call a cell; its id where the form does not have it."""
        return (self.form and _label(self.form, cell_id)) or cell_id

    @property
    def may_be_provisional(self) -> bool:
        states = {row.state for row in self.versions}
        return self.is_provincial and "accepted" not in states and bool(states & UNSETTLED)

    @property
    def used_provisionally(self) -> tuple[SubmissionRow, str] | None:
        """The version that counts by the office's decision though it is not settled, and why."""
        last = self.decisions[-1] if self.decisions else None
        if last is None or last.action != PROVISIONAL or not self.may_be_provisional:
            return None
        return next(((row, last.reason) for row in self.versions if row.id == last.submission_id), None)

    @property
    def state(self) -> str:
        return self.shown.state if self.shown else self.absent

    @property
    def first_cell(self) -> str:
        """The cell to look at first, "" where nothing fails."""
        return next((issue.finding.cell_id for issue in self.fresh if issue.finding.cell_id), "")

    @property
    def errors(self) -> int:
        return sum(issue.finding.severity == "error" for issue in self.fresh)

    @property
    def queries(self) -> int:
        return sum(issue.finding.severity == "query" for issue in self.fresh)


@dataclass(frozen=True)
class CellView:
    """One cell: where it is, what stands in it and stood there before, and what is wrong with it.

    ``history``: (version, state name, value, how the version came). ``proposable``: a value may be proposed for it.
    ``rules``: id, printed relation and expression of each failing rule.
    """

    cell_id: str
    label: str
    place: str
    value: str
    raw: str
    how: str
    previous: str
    same_month_last_year: str
    history: Sequence[tuple[int, str, str, str]]
    issues: Sequence[Issue]
    rules: Sequence[tuple[str, str]]
    related: Sequence[str]
    proposable: bool = False


def make_report(office: Office, unit: Unit, period: Period, *, version: int | None = None) -> Report | None:
    """The report's page for one version, without a number the newest; None: no such version."""
    with office.warehouse.read() as conn:
        dues = known_dues(office, conn, [period])
        obligation = office.register.at(period).obligation_of(unit.code, period)
        due, absent = f"{dues.of(unit, period):%Y-%m-%d %H:%M}", absent_state(office, dues, unit, period)
        versions = submissions_of(conn, unit.unit_id, period.key)
        decisions = decisions_of(conn, period.key, unit_id=unit.unit_id)
        if version is None and not versions:
            return Report(unit, period, due, (), what_stands(()), absent, decisions=decisions)
        shown = next((row for row in reversed(versions) if version in (None, row.version)), None)
        if shown is None:
            return None
        reading = load_reading(conn, shown.id)
        proposals = proposals_of(conn, unit.unit_id, period.key)
        asked = proposals_for(conn, [shown]).get(shown.id, ()) if shown is versions[-1] else ()
        findings = [*findings_of(conn, shown.id), *(finding_of(each, reading) for each in asked)]
        issues = _issues(office, conn, shown, reading, findings)
        uploader = uploader_of(conn, shown.delivery_id)
        sender = _sender(office, conn, shown.delivery_id)
        amendments = amendments_of(conn, shown)
        is_own = uploader == "" or _is_of_unit(office, conn, uploader, unit)
    answered = answered_before(office, shown)
    return Report(
        unit=unit,
        period=period,
        due=due,
        versions=versions,
        seen=what_stands(versions),
        absent=absent,
        shown=shown,
        uploader=uploader,
        sender=sender,
        is_own=is_own,
        proposals=proposals,
        amendments=amendments,
        reading=reading,
        sheets=make_sheets(reading, findings, form=office.form(period), period=period, unit_type=unit.unit_type),
        form=office.form(period),
        fresh=[issue for issue in issues if not issue.is_fixed],
        settled=[issue for issue in issues if issue.is_fixed],
        decisions=decisions,
        has_return=answered.return_workbook is not None,
        has_receipt=answered.receipt is not None,
        is_provincial=obligation is not None and obligation.reports_to == PROVINCE_CODE,
    )


def look_at_cell(office: Office, report: Report, cell_id: str) -> CellView | None:
    """One cell of the version on the page; None when the form has no such cell."""
    reading, form = report.reading, office.form(report.period)
    cell = form.cell_by_id.get(cell_id)
    issues = [issue for issue in report.fresh if issue.finding.cell_id == cell_id or cell_id in issue.finding.cells]
    if reading is None or (cell is None and not issues):
        return None
    with office.warehouse.read() as conn:
        before, year_before = (
            _accepted_value(conn, report.unit, report.period.plus(-back), form, cell_id) for back in (1, 12)
        )
        history = _through_versions(conn, report.versions, form, cell_id)
    note = next((item for item in reading.normalisations if item.cell_id == cell_id), None)
    own = [issue for issue in issues if issue.finding.cell_id == cell_id]
    label = _label(form, cell_id) or (own[0].label if own else cell_id)
    rules = dict.fromkeys(issue.finding.rule_id for issue in issues)
    return CellView(
        cell_id=cell_id,
        label=label,
        place=_place(reading, cell_id),
        value=cell_text(reading, form, cell_id) or (own[0].finding.value if own else ""),
        raw=note.raw if note else "",
        how=note.how if note else "",
        previous=before,
        same_month_last_year=year_before,
        history=history,
        issues=issues,
        rules=[(rule_id, _rule_text(office, rule_id)) for rule_id in rules],
        related=sorted({each for issue in issues for each in issue.finding.cells} - {cell_id}),
        proposable=_is_proposable(report, cell_id, form),
    )


def _place(reading: Reading, cell_id: str) -> str:
    """Sheet and address, and the file where it is not the version's own."""
    source, place = reading.origin(cell_id), " ".join(reading.place(cell_id))
    return f"{place}（第{source.version}版“{masked_text(source.file)}”）" if source else place


def _sender(office: Office, conn: Connection, delivery_id: int) -> str:
    """An address supports whose report it is and proves nothing; the address itself is not kept."""
    arrival = delivery(conn, delivery_id)
    if arrival.sender_unit_id is not None:
        return f"邮件发件地址登记在{office.register.by_id[arrival.sender_unit_id].name}名下"
    return "邮件发件地址没有登记" if is_mailbox(conn, arrival.channel) else ""


def _is_of_unit(office: Office, conn: Connection, account: str, unit: Unit) -> bool:
    staff = staff_within(office, conn, account)
    return staff is not None and staff.unit.code == unit.code


def _is_proposable(report: Report, cell_id: str, form: Form) -> bool:
    """Whether a steward could propose a value for the cell: of the newest version, as the states allow it."""
    row, reading = report.shown, report.reading
    if row is None or reading is None or row.id != report.versions[-1].id:
        return False
    waits = any(
        issue.finding.rule_id.startswith(PROPOSED) for issue in report.fresh if issue.finding.cell_id == cell_id
    )
    may_move = row.state == "awaiting_confirmation" or can_move(row.state, "awaiting_confirmation")
    return may_move and not waits and is_proposable(cell_id, reading=reading, form=form)


def _issues(
    office: Office, conn: Connection, row: SubmissionRow, reading: Reading, findings: Sequence[Finding]
) -> list[Issue]:
    """The findings in the order and the words of the return workbook."""
    unit, period = office.register.by_id[row.unit_id], Period.of_key(row.period_key)
    opening = period_context(office, conn, period, [unit.code], for_checks=False).openings.get(unit.code)
    return list_issues(
        findings,
        form=office.form(period),
        rulebook=office.rulebook,
        prev=opening.numbers if opening else None,
        explained=judge_answers(reading.answers),
        history=histories_of(conn, {row: findings}).get(row.id, History()),
    )


def _accepted_value(conn: Connection, unit: Unit, period: Period, form: Form, cell_id: str) -> str:
    row = accepted_submissions(conn, period.key, unit_ids=[unit.unit_id]).get(unit.unit_id)
    if row is None or cell_id not in form.cell_by_id:
        return ""
    values = values_of(conn, [row.id], form).get(row.id)
    return format_number(float(values[0][form.cell_by_id[cell_id].index])) if values else ""


def _through_versions(
    conn: Connection, versions: Sequence[SubmissionRow], form: Form, cell_id: str
) -> list[tuple[int, str, str, str]]:
    cell = form.cell_by_id.get(cell_id)
    if cell is None:
        return []
    values: dict[int, tuple[np.ndarray, np.ndarray]] = values_of(conn, [row.id for row in versions], form)
    return [
        (row.version, state_name(row.state), format_number(float(values[row.id][0][cell.index])), origin_of(conn, row))
        for row in versions
        if row.id in values
    ]


def _label(form: Form, cell_id: str) -> str:
    cell = form.cell_by_id.get(cell_id)
    if cell is None:
        return ""
    table = form.table_by_id[cell.table]
    return f"{table.sheet} {cell.row}行 {cell.label} · {table.column(cell.column).label}"


def _rule_text(office: Office, rule_id: str) -> str:
    rule = office.rulebook.by_id.get(rule_id)
    return as_json(rule)["text"] if rule else ""
