"""Blank templates for a period, pre-filled from what is known."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

from jinguo.errors import Refused
from jinguo.files import write_whole
from jinguo.flow.office import Office, open_office
from jinguo.flow.predecessors import PeriodContext, period_context
from jinguo.periods import Period
from jinguo.settings import Settings
from jinguo.templates.by_unit import Part, write_by_unit
from jinguo.templates.cellmap import cell_map
from jinguo.templates.workbook import write_template
from jinguo.units.deadlines import deadline_of
from jinguo.units.register import PROVINCE_CODE, Unit
from jinguo.warehouse.submissions import latest_submissions

MAP_COLUMNS = ("unit_code", "file", "table", "sheet", "cell_id", "address", "input")


def issue_templates(
    settings: Settings,
    period: Period,
    *,
    out: Path | None = None,
    unit_codes: Sequence[str] = (),
    map_file: Path | None = None,
    on_file: Callable[[Path], None] = lambda path: None,
) -> list[Path]:
    """One workbook for each unit that owes a report (or those named); the paths, in the register's order.

    Writing the same template again replaces it. ``map_file``: also a CSV with one row for each cell of each workbook.
    Refused when a code is no unit of that period.
    """
    folder = out or settings.outbox / "templates" / str(period)
    folder.mkdir(parents=True, exist_ok=True)
    with open_office(settings) as office:
        units = _units_to_issue(office, period, unit_codes)
        with office.warehouse.read() as conn:
            context = period_context(office, conn, period, [unit.code for unit in units], for_checks=False)
            versions = {unit_id: row.version + 1 for unit_id, row in latest_submissions(conn, period.key).items()}
        issued_at = settings.now()  # once: workbooks of one call differ in their unit only
        paths, map_rows = [], []
        for unit in units:
            version = versions.get(unit.unit_id, 1)
            path = folder / template_name(unit, period, version)
            _write(office, context, unit, path, version=version, issued_at=issued_at)
            if map_file:
                map_rows += _map_rows(office, context, unit, path)
            paths.append(path)
            on_file(path)
    if map_file:
        _write_map(map_file, map_rows)
    return paths


def issue_by_unit(settings: Settings, period: Period, sender: str, *, out: Path | None = None) -> Path:
    """分县表 of ``sender``: one workbook with a line for each unit that reports to it.

    Refused where nobody reports to it in that period.
    """
    with open_office(settings) as office:
        if not office.register.at(period).reporters(sender, period):
            raise Refused(f"--by-unit {sender}: {period.chinese}没有单位向它报送（见 obligations.csv）")
        return _write_by_unit(office, period, sender, out)


def issue_every_by_unit(settings: Settings, period: Period) -> list[Path]:
    """分县表 of each unit that others report to; of the province none: its units hand in their own."""
    with open_office(settings) as office:
        senders = dict.fromkeys(row.reports_to for row in office.register.at(period).obligations(period))
        return [_write_by_unit(office, period, sender) for sender in senders if sender != PROVINCE_CODE]


def _write_by_unit(office: Office, period: Period, sender: str, out: Path | None = None) -> Path:
    folder = out or office.settings.outbox / "templates" / str(period)
    folder.mkdir(parents=True, exist_ok=True)
    register = office.register.at(period)
    units = register.reporters(sender, period)
    with office.warehouse.read() as conn:
        context = period_context(office, conn, period, [unit.code for unit in units], for_checks=False)
    path = folder / by_unit_name(register.by_code[sender], period)
    known = {
        "form": office.form(period),
        "sender": register.by_code[sender],
        "period": period,
        "parts": [_part(office, context, unit) for unit in units],
        "issued_at": office.settings.now(),
        "due": min(deadline_of(office.register, unit.code, period).due for unit in units),
    }
    return write_whole(path, lambda partial: write_by_unit(partial, **known))


def _part(office: Office, context: PeriodContext, unit: Unit) -> Part:
    opening = context.openings.get(unit.code)
    numbers, stamp = (opening.numbers, opening.stamp) if opening else (None, "")
    return Part(unit, numbers, stamp, office.register.denominators(unit.code))


def by_unit_name(sender: Unit, period: Period) -> str:
    """The file name of its 分县表."""
    return f"{sender.code}_{sender.short_name}_湘妇志分县表_{period.key}.xlsx"


def template_name(unit: Unit, period: Period, version: int) -> str:
    """The file name that WZ-017 asks for."""
    return f"{unit.code}_{unit.short_name}_湘妇志_{period.key}_v{version}.xlsx"


def basis_of(office: Office, unit: Unit, period: Period) -> str:
    """The basis of the unit's obligation; a unit without one reports on the form's basis for its type."""
    obligation = office.register.obligation_of(unit.code, period)
    if obligation is not None:
        return obligation.basis
    return office.form(period).basis.get(unit.unit_type, "own")


def _units_to_issue(office: Office, period: Period, codes: Sequence[str]) -> list[Unit]:
    register = office.register.at(period)
    by_code = register.by_code
    if not codes:
        return [by_code[row.unit_code] for row in register.obligations(period)]
    for code in codes:
        if code not in by_code or not by_code[code].is_valid(period) or by_code[code].unit_type == "province":
            raise Refused(f"--unit {code}: not a reporting unit in {period} (codes are in schemas/units/units.csv)")
    return [by_code[code] for code in codes]


def _write(
    office: Office, context: PeriodContext, unit: Unit, path: Path, *, version: int, issued_at: dt.datetime
) -> None:
    opening = context.openings.get(unit.code)
    known = {
        "form": office.form(context.period),
        "unit": unit,
        "period": context.period,
        "basis": basis_of(office, unit, context.period),
        "prev": opening.numbers if opening else None,
        "stamp": opening.stamp if opening else "",
        "measures": office.register.denominators(unit.code),
        "rulebook": office.rulebook,
        "issued_at": issued_at,
        "version": version,
        "due": deadline_of(office.register, unit.code, context.period).due,
    }
    write_whole(path, lambda partial: write_template(partial, **known))


def _map_rows(office: Office, context: PeriodContext, unit: Unit, path: Path) -> list[dict[str, str]]:
    opening = context.openings.get(unit.code)
    return list(
        cell_map(
            office.form(context.period),
            unit,
            context.period,
            has_prev=opening is not None,
            prev=opening.numbers if opening else None,
            measures=office.register.denominators(unit.code),
            file=path.name,
        )
    )


def _write_map(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, MAP_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
