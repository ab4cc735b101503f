"""确认单: the one page that is printed, signed and stamped, and that names its version by hashes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.reading.model import Normalisation, Reading, format_number
from jinguo.review.confirmations import HOW, RECOMPUTED
from jinguo.units.register import Unit
from jinguo.warehouse.proposals import amendments_of
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.records import Proposal, SubmissionRow
from jinguo.warehouse.submissions import accepted_submissions


@dataclass(frozen=True)
class ConfirmationSheet:
    """``fingerprint``: over unit, period, version, file and every figure, so that it is of this version alone.

    ``amended``: what the unit confirmed since the file came; ``totals``: table, how many figures it holds.
    """

    unit: Unit
    period: Period
    row: SubmissionRow
    fingerprint: str
    amended: Sequence[Normalisation]
    amendments: Sequence[Proposal]
    totals: Sequence[tuple[str, int]]
    printed_at: dt.datetime


def make_confirmation(office: Office, unit: Unit, period: Period) -> ConfirmationSheet | None:
    """The sheet of the version in force; None: none is."""
    with office.warehouse.read() as conn:
        row = accepted_submissions(conn, period.key, unit_ids=[unit.unit_id]).get(unit.unit_id)
        if row is None:
            return None
        reading, amendments = load_reading(conn, row.id), amendments_of(conn, row)
    form = office.form(period)
    totals = [
        (table.sheet, sum(reading.states[cell.index] == 1 for cell in form.cells_by_table[table.id]))
        for table in form.tables_due(period, unit.unit_type)
        if table.kind == "grid"
    ]
    return ConfirmationSheet(
        unit=unit,
        period=period,
        row=row,
        fingerprint=fingerprint_of(row, reading, unit, form_cells=[cell.id for cell in form.cells]),
        amended=[note for note in reading.normalisations if note.how in (HOW, RECOMPUTED)],
        amendments=amendments,
        totals=totals,
        printed_at=office.settings.now(),
    )


def fingerprint_of(row: SubmissionRow, reading: Reading, unit: Unit, *, form_cells: Sequence[str]) -> str:
    """sha256 of a version: its file and every figure in it. The same version always has the same."""
    figures = {
        cell_id: [format_number(float(number)), int(state)]
        for cell_id, number, state in zip(form_cells, reading.numbers, reading.states, strict=True)
    }
    lists = {
        table: [[line.number, {str(n): v for n, v in line.values.items()}] for line in lines]
        for table, lines in reading.lists.items()
    }
    told = {
        "unit": unit.code,
        "period": row.period_key,
        "version": row.version,
        "sha256": row.sha256,
        "figures": figures,
        "lists": lists,
    }
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
