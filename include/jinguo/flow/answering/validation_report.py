"""The validation report of a stored version, on demand."""

from __future__ import annotations

from typing import Any

from jinguo.errors import Refused
from jinguo.flow.office import Office, open_office
from jinguo.periods import Period
from jinguo.review.validation_report import Checked, validation_report
from jinguo.settings import Settings
from jinguo.warehouse.findings import findings_of
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.submissions import submissions_of


def report_of(settings: Settings, unit_code: str, period: Period) -> list[dict[str, Any]]:
    """The report of the unit's latest version; Refused where there is none."""
    with open_office(settings) as office, office.warehouse.read() as conn:
        unit = office.register.by_code.get(unit_code)
        rows = submissions_of(conn, unit.unit_id, period.key) if unit else []
        if not rows:
            raise Refused(f"--unit {unit_code} --period {period}: no report has come")
        return validation_report(checked_version(office, rows[-1]), findings_of(conn, rows[-1].id))


def checked_version(office: Office, row: SubmissionRow) -> Checked:
    unit, period = office.register.by_id[row.unit_id], Period.of_key(row.period_key)
    return Checked(
        form=office.form(period),
        rulebook=office.rulebook,
        unit_code=unit.code,
        unit_type=unit.unit_type,
        period=period,
        version=row.version,
        checked_at=row.received_at,
    )
