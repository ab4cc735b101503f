"""From a consolidated report down to the reports that it sums, level by level, as they stood when it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jinguo.errors import JinguoError
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import CellState, Reading, format_number
from jinguo.release.model import plain_number
from jinguo.rules.frame import Applicability
from jinguo.units.register import Register, Unit
from jinguo.warehouse.inputs import inputs_of
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.submissions import accepted_submissions, submissions_by_id

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jinguo.warehouse.engine import Warehouse

Item = dict[str, Any]
_NUMBERS = (CellState.NUMBER, CellState.NO_ACTIVITY)


def inputs_below(
    conn: Connection, submission_ids: Sequence[int], cell_id: str, *, form: Form, register: Register
) -> Iterator[Item]:
    """The cell in every report that those of ``submission_ids`` sum, and in those that these sum, down to the last; one
    object each, with ``reports_to``. A unit to which the cell does not apply is left out."""
    summed = inputs_of(conn, submission_ids)
    rows = submissions_by_id(conn, sorted({part for parts in summed.values() for part in parts} | set(summed)))
    for whole, parts in summed.items():
        receiver = register.by_id[rows[whole].unit_id]
        for part in sorted(parts, key=lambda part: rows[part].unit_id):
            found = _input(rows[part], load_reading(conn, part), cell_id, form=form, register=register)
            if found:
                yield {"unit_code": found["unit_code"], "reports_to": receiver.code, **found}
        yield from inputs_below(conn, parts, cell_id, form=form, register=register)


def gaps_below(inputs: Sequence[Item], below: Sequence[Item]) -> list[Item]:
    """The reports whose figure is not the sum of those that they were held against: value, sum and difference."""
    sums: dict[str, list[int | float]] = {}
    for item in below:
        sums.setdefault(item["reports_to"], []).append(item["value"])
    found = []
    for item in (*inputs, *below):
        values = sums.get(item["unit_code"])
        if values is not None and item["value"] is not None:
            difference = round(item["value"] - sum(values), 3)
            if difference:
                told = {"unit_code": item["unit_code"], "value": item["value"], "below": round(sum(values), 3)}
                found.append({**told, "difference": difference})
    return found


def trace_lower_unit(
    warehouse: Warehouse, period: Period, cell_id: str, unit: Unit, *, form: Form, register: Register
) -> Item:
    """The object that ``trace --json`` prints, of a unit that reports to a level below the province: its accepted
    report of now. JinguoError where it has none, or the form has no such cell."""
    if cell_id not in form.cell_by_id:
        raise JinguoError(f"{cell_id}: no cell of the form; figures that are none are made at the province's level")
    with warehouse.read() as conn:
        row = accepted_submissions(conn, period.key, unit_ids=[unit.unit_id]).get(unit.unit_id)
        if row is None:
            raise JinguoError(f"{cell_id}: no report of {unit.code} is accepted for {period}")
        own = _input(row, load_reading(conn, row.id), cell_id, form=form, register=register)
        below = list(inputs_below(conn, [row.id], cell_id, form=form, register=register))
    inputs = [own] if own else []
    return {
        "cell_id": cell_id,
        "period": str(period),
        "level": unit.unit_type,
        "unit_code": unit.code,
        "edition": None,
        "edition_state": "current",
        "aggregation": form.cell_by_id[cell_id].aggregation,
        "value": own["value"] if own else None,
        "state": "reported" if own else "na",
        "inputs": inputs,
        "below": below,
        "gaps": gaps_below(inputs, below),
    }


def _input(row: SubmissionRow, reading: Reading, cell_id: str, *, form: Form, register: Register) -> Item | None:
    """One report's cell as the contract's ``inputs`` have it; None where it does not apply or has no number."""
    unit, cell = register.by_id[row.unit_id], form.cell_by_id[cell_id]
    if Applicability(form, unit.unit_type, Period.of_key(row.period_key)).is_na(cell):
        return None
    if reading.states is None or reading.states[cell.index] not in _NUMBERS:
        return None
    number = reading.numbers[cell.index]
    sheet, address = reading.place(cell_id)
    raws = {item.cell_id: item.raw for item in reading.normalisations}
    is_zero = reading.states[cell.index] == CellState.NO_ACTIVITY
    return {
        "unit_code": unit.code,
        "cell_id": cell_id,
        "value": None if np.isnan(number) else plain_number(round(number)),
        "sha256": row.sha256,
        "file": row.file_name,
        "sheet": sheet,
        "address": address,
        "raw": raws.get(cell_id, "" if is_zero else format_number(number)),
        "version": row.version,
        **from_other_file(reading, cell_id),
    }


def from_other_file(reading: Reading, cell_id: str) -> Item:
    """Of a cell whose table was not sent again with the others: the file that it stands in, and whose version that is
    (``source_version``)."""
    source = reading.origin(cell_id)
    return {"sha256": source.sha256, "file": source.file, "source_version": source.version} if source else {}
