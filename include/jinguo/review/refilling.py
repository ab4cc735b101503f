"""Our template refilled with the values of a file that cannot be sent back itself (.xls and the like)."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from jinguo.forms.model import Form, list_cell_id
from jinguo.periods import Period
from jinguo.reading.model import CellState, Normalisation, Reading
from jinguo.rules.findings import Finding
from jinguo.templates.layout import layout_for
from jinguo.units.register import Unit

_FAILED_FORMULA = "D31"
Placed = TypeVar("Placed", Finding, Normalisation)


def refilled_template(
    reading: Reading,
    *,
    form: Form,
    unit: Unit,
    period: Period,
    rulebook: Any,
    prev: np.ndarray | None,
    template_args: Mapping[str, Any],
) -> bytes:
    """The template of this unit and period with what the file said, as the clerk wrote it where it is no number."""
    from jinguo.templates.workbook import write_template

    layout = layout_for(form, period, unit.unit_type)
    out = io.BytesIO()
    write_template(
        out,
        form=form,
        unit=unit,
        period=period,
        rulebook=rulebook,
        prev=prev,
        values={cell_id: value for cell_id, value in _values(reading, form) if layout.has(cell_id)},
        ticks=[tick for tick in _ticks(reading) if layout.has(tick)],
        **template_args,
    )
    return out.getvalue()


def _values(reading: Reading, form: Form) -> Iterator[tuple[str, object]]:
    raw = {problem.cell_id: problem.value for problem in reading.problems if problem.cell_id and problem.value}
    failed = {problem.cell_id for problem in reading.problems if problem.rule_id == _FAILED_FORMULA}
    for cell in form.cells:
        state = reading.states[cell.index]
        if state == CellState.NUMBER:
            yield cell.id, int(reading.numbers[cell.index])
        elif state == CellState.UNREADABLE and cell.fills and (cell.id in failed or cell.id not in raw):
            continue  # nothing was typed there: our formula stays in its place
        elif state == CellState.UNREADABLE:
            yield cell.id, raw.get(cell.id)
        elif state == CellState.BLANK:
            yield cell.id, None
    for table_id, lines in reading.lists.items():
        table = form.table_by_id[table_id]
        for line in lines:
            for number, value in line.values.items():
                is_date = table.column(number).kind == "date"
                yield list_cell_id(table_id, line.number, number), _date(value) if is_date else value
    for field in form.cover:
        text = reading.cover.get(field.key)
        if field.fill == "input" and text:
            yield field.cell_id, _date(text) if field.kind == "date" else text


def _date(value: object) -> object:
    """A date where the text is one; what is not, stays as it was written."""
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return value


def _ticks(reading: Reading) -> Iterator[str]:
    for table in reading.tables.values():
        if table.is_ticked:
            yield table.table
        for row in table.ticked_rows:
            yield f"{table.table}.r{row}"


def readdress(findings: Sequence[Placed], *, form: Form, period: Period, unit: Unit) -> list[Placed]:
    """The findings, or the interpretations, with the addresses that their cells have in our template."""
    layout = layout_for(form, period, unit.unit_type)
    moved = []
    for finding in findings:
        sheet, address = "", ""
        if finding.cell_id and layout.has(finding.cell_id):
            place = layout.place(finding.cell_id)
            sheet, address = place.sheet, place.address
        elif getattr(finding, "table", "") in layout.by_table:
            sheet = layout.by_table[finding.table].sheet
        moved.append(replace(finding, sheet=sheet, cell=address))
    return moved
