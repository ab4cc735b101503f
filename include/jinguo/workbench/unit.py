"""A unit's own page: what is open, what it has sent, and the files of each version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound

from jinguo.errors import NotYours
from jinguo.flow.answering.answers import answered_before
from jinguo.flow.answering.validation_report import checked_version
from jinguo.flow.expected.dues import Dues, known_dues
from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.review.states import state_name
from jinguo.review.validation_report import report_bytes, validation_report
from jinguo.rules.findings import SEVERITY_NAMES, Finding
from jinguo.staff.roles import Staff
from jinguo.units.register import Unit
from jinguo.warehouse.deliveries import delivery
from jinguo.warehouse.findings import findings_of, findings_of_delivery
from jinguo.warehouse.records import DeliveryRow, SubmissionRow
from jinguo.warehouse.staff import uploader_of
from jinguo.warehouse.standings import Standing, periods_seen, standings_of_unit
from jinguo.warehouse.submissions import submission
from jinguo.workbench.board import absent_state

PERIODS_SHOWN = 12


@dataclass(frozen=True)
class UnitPeriod:
    """One period of a unit. ``state`` as of a board's square; ``is_open``: its month is being collected."""

    period: Period
    due: str
    state: str
    standing: Standing | None
    is_open: bool


@dataclass(frozen=True)
class UnitPage:
    periods: Sequence[UnitPeriod]
    below: Sequence[Unit]
    may_hand_in: bool


@dataclass(frozen=True)
class Verdict:
    """What became of one file that was handed in. ``row``: the version it became or repeats, None without one."""

    arrival: DeliveryRow
    state: str
    findings: Sequence[Finding]
    row: SubmissionRow | None = None
    unit: Unit | None = None
    period: Period | None = None
    has_return: bool = False
    has_receipt: bool = False

    @property
    def state_name(self) -> str:
        return state_name(self.state) if self.state != "waiting" else "已收到，等待处理"


def make_unit_page(office: Office, staff: Staff, unit: Unit) -> UnitPage:
    """The unit's last periods, newest first, from the present month on."""
    present = Period.of_date(office.settings.now().date())
    with office.warehouse.read() as conn:
        known, seen = standings_of_unit(conn, unit.unit_id), periods_seen(conn)
        months = [present.plus(-back) for back in range(PERIODS_SHOWN)]
        dues = known_dues(office, conn, months)
    start = min(Period.of_key(seen[0]) if seen else present, present.previous)
    periods = [_period(office, dues, unit, each, known) for each in months if each >= start]
    below = [each for each in office.register.units if each.parent_code == unit.code and each.is_valid(present)]
    return UnitPage(periods, below, staff.may_hand_in(unit))


def verdicts(office: Office, staff: Staff, delivery_ids: Sequence[int]) -> list[Verdict]:
    """What became of files, for the account that handed them in or one that may see their unit.

    Others are left out: nobody learns from a number what somebody else sent.
    """
    found = []
    with office.warehouse.read() as conn:
        for delivery_id in delivery_ids:
            verdict = _verdict(office, conn, delivery_id)
            is_own = verdict and uploader_of(conn, delivery_id) == staff.account
            if verdict and (is_own or (verdict.unit and staff.may_see(verdict.unit))):
                found.append(verdict)
    return found


def unit_of_submission(office: Office, submission_id: int) -> Unit | None:
    """Whose version it is; None: there is none of that number."""
    row = _row(office, submission_id)
    return office.register.by_id[row.unit_id] if row else None


def find_original(office: Office, submission_id: int) -> tuple[str, bytes] | None:
    """Name and bytes of the file as it came. NotYours where personal data may be in it."""
    row = _row(office, submission_id)
    if row is None:
        return None
    if row.state == "quarantined":
        raise NotYours("这个文件疑有个人信息，已隔离保管，不能下载。")
    return row.file_name, office.archive.read(row.sha256)


def find_return(office: Office, submission_id: int) -> tuple[str, bytes] | None:
    row = _row(office, submission_id)
    return _read(answered_before(office, row).return_workbook) if row else None


def find_receipt(office: Office, submission_id: int) -> tuple[str, bytes] | None:
    row = _row(office, submission_id)
    return _read(answered_before(office, row).receipt) if row else None


def find_report(office: Office, submission_id: int) -> tuple[str, bytes] | None:
    """The validation report of a version as JSON."""
    row = _row(office, submission_id)
    if row is None:
        return None
    with office.warehouse.read() as conn:
        findings = findings_of(conn, submission_id)
    checked = checked_version(office, row)
    return f"{checked.stem}_审核报告.json", report_bytes(validation_report(checked, findings))


def find_receipt_page(office: Office, submission_id: int) -> tuple[str, bytes] | None:
    """The receipt as a page to print, made as it is asked for."""
    from jinguo.review.receipt_pages import receipt_page

    found = find_receipt(office, submission_id)
    return (f"{Path(found[0]).stem}.pdf", receipt_page(found[1].decode("utf-8", "replace"))) if found else None


def _read(path: Path | None) -> tuple[str, bytes] | None:
    return (path.name, path.read_bytes()) if path else None


def _row(office: Office, submission_id: int) -> SubmissionRow | None:
    try:
        with office.warehouse.read() as conn:
            return submission(conn, submission_id)
    except NoResultFound:
        return None


def _period(office: Office, dues: Dues, unit: Unit, period: Period, known: dict[int, Standing]) -> UnitPeriod:
    due, now = dues.of(unit, period), office.settings.now()
    standing = known.get(period.key)
    state = standing.state if standing else absent_state(office, dues, unit, period)
    return UnitPeriod(period, f"{due:%Y-%m-%d}", state, standing, now <= due or period.plus(2).first_day > now.date())


def _verdict(office: Office, conn: Connection, delivery_id: int) -> Verdict | None:
    try:
        arrival = delivery(conn, delivery_id)
    except NoResultFound:
        return None
    if arrival.outcome in ("unpacked", "divided"):  # its members have verdicts of their own
        return None
    if arrival.submission_id is None:
        return Verdict(arrival, arrival.outcome or "waiting", findings_of_delivery(conn, delivery_id))
    row = submission(conn, arrival.submission_id)
    answered = answered_before(office, row)
    state = "duplicate" if arrival.outcome == "duplicate" else row.state
    findings = [*findings_of_delivery(conn, delivery_id), *findings_of(conn, row.id)]
    findings.sort(key=lambda finding: list(SEVERITY_NAMES).index(finding.severity))  # what has to be done first
    unit, period = office.register.by_id[row.unit_id], Period.of_key(row.period_key)
    has_return, has_receipt = answered.return_workbook is not None, answered.receipt is not None
    return Verdict(arrival, state, findings, row, unit, period, has_return, has_receipt)
