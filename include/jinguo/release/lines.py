"""From a cell of a list, such as ``t05.n001.c6``, to the line of the file that it stands in. Each unit has its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinguo.errors import JinguoError
from jinguo.forms.model import Form
from jinguo.reading.model import ListLine, Reading, format_number
from jinguo.release.below import from_other_file
from jinguo.release.model import Edition, UnitReport, plain_number
from jinguo.units.register import PROVINCE_CODE
from jinguo.warehouse.readings import load_reading

if TYPE_CHECKING:
    from jinguo.warehouse.engine import Warehouse

_CELL = re.compile(r"(\w+)\.n(\d+)\.c(\d+)")


def is_line_cell(form: Form, cell_id: str) -> bool:
    """Whether the id is that of a cell in a list table of the form."""
    match = _CELL.fullmatch(cell_id)
    table = form.table_by_id.get(match[1]) if match else None
    return table is not None and table.kind == "list" and 1 <= int(match[3]) <= len(table.columns)


def trace_line_cell(warehouse: Warehouse, edition: Edition, cell_id: str, *, unit_code: str | None) -> dict[str, Any]:
    """The object that ``trace --json`` prints, with one input; ``value`` is a number or a text.

    JinguoError, with what to ask instead, where no unit is named, or its accepted report has no such line.
    """
    table, number, column = (part for part in _CELL.fullmatch(cell_id).groups())
    report = _report(edition, cell_id, unit_code)
    with warehouse.read() as conn:
        reading = load_reading(conn, report.submission_id)
    value = _line(reading, table, int(number), cell_id, report).values.get(int(column))
    sheet, address = reading.place(cell_id)
    raws = {item.cell_id: item.raw for item in reading.normalisations}
    is_number = isinstance(value, int | float)
    shown = plain_number(value) if is_number else value
    source = {
        "unit_code": report.unit.code,
        "cell_id": cell_id,
        "value": shown,
        "sha256": report.sha256,
        "file": report.file_name,
        "sheet": sheet,
        "address": address,
        "raw": raws.get(cell_id, format_number(value) if is_number else value or ""),
        "version": report.version,
        **from_other_file(reading, cell_id),
    }
    return {
        "cell_id": cell_id,
        "period": str(edition.period),
        "level": report.unit.unit_type,
        "unit_code": report.unit.code,
        "edition": edition.number,
        "edition_state": edition.state,
        "aggregation": "none",
        "value": shown,
        "state": "blank" if value is None else "provisional" if report.is_provisional else "reported",
        "inputs": [] if value is None else [source],
    }


def _report(edition: Edition, cell_id: str, unit_code: str | None) -> UnitReport:
    if unit_code is None or unit_code == PROVINCE_CODE:
        raise JinguoError(f"{cell_id} is a line of a list, and each unit has a list of its own: name one with --unit")
    row = edition.figures.row_by_code.get(unit_code)
    if row is None:
        raise JinguoError(f"{unit_code} owes the province no report for {edition.period}")
    report = edition.figures.reports[row]
    if report.submission_id is None:
        raise JinguoError(f"{cell_id}: no report of {unit_code} is accepted for {edition.period} ({report.state})")
    return report


def _line(reading: Reading, table: str, number: int, cell_id: str, report: UnitReport) -> ListLine:
    lines = reading.lists.get(table, [])
    for line in lines:
        if line.number == number:
            return line
    raise JinguoError(f"{cell_id}: the list {table} of {report.unit.code} has {len(lines)} lines in {report.file_name}")
