"""Two versions of a report side by side: which cells differ, and who brought the newer value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from jinguo.flow.office import Office
from jinguo.forms.model import Form, list_cell_id
from jinguo.periods import Period
from jinguo.reading.model import Reading
from jinguo.reading.privacy import masked_text
from jinguo.review.confirmations import HOW, RECOMPUTED
from jinguo.units.register import Unit
from jinguo.warehouse.proposals import amendments_of
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.records import Proposal, SubmissionRow
from jinguo.warehouse.staff import uploader_of
from jinguo.warehouse.submissions import submissions_of
from jinguo.workbench.sheets import cell_text, line_text


@dataclass(frozen=True)
class Difference:
    """One cell that does not say the same. ``by``: how the newer value came."""

    cell_id: str
    table: str
    label: str
    old: str
    new: str
    by: str


@dataclass(frozen=True)
class Comparison:
    unit: Unit
    period: Period
    versions: Sequence[SubmissionRow]
    old: SubmissionRow
    new: SubmissionRow
    origins: Mapping[int, str]
    differences: Sequence[Difference]


def compare_versions(
    office: Office, unit: Unit, period: Period, *, old: int | None = None, new: int | None = None
) -> Comparison | None:
    """Version ``new`` (None: the newest) against ``old`` (None: the one before it); None: there are no such two."""
    form = office.form(period)
    with office.warehouse.read() as conn:
        versions = submissions_of(conn, unit.unit_id, period.key)
        by_number = {row.version: row for row in versions}
        newer = by_number.get(new or max(by_number, default=0))
        older = by_number.get(old or (newer.version - 1 if newer else 0))
        if newer is None or older is None:
            return None
        origins = {row.id: origin_of(conn, row) for row in versions}
        readings = [load_reading(conn, row.id) for row in (older, newer)]
        amendments = {each.cell_id: each for each in amendments_of(conn, newer)}
    differences = list(_differences(form, *readings, amendments, origins[newer.id]))
    return Comparison(unit, period, versions, older, newer, origins, differences)


def origin_of(conn: Connection, row: SubmissionRow) -> str:
    """How a version came: whose file, or whose confirmed proposals."""
    own = [each for each in amendments_of(conn, row) if each.made_submission_id == row.id]
    if own:
        return "；".join(dict.fromkeys(_by(each) for each in own))
    account = uploader_of(conn, row.delivery_id)
    return f"{account} 上传" if account else "来件"


def _by(proposal: Proposal) -> str:
    return f"{proposal.proposed_by} 建议，{proposal.answered_by or '单位（退回工作簿）'} 确认"


def _differences(
    form: Form, old: Reading, new: Reading, amendments: Mapping[str, Proposal], origin: str
) -> Iterator[Difference]:
    notes = {note.cell_id: note.how for note in new.normalisations}
    before = {cell_id: text for cell_id, _, text in _cells(form, old)}
    after = {cell_id: (label, text) for cell_id, label, text in _cells(form, new)}
    labels = {cell_id: label for reading in (old, new) for cell_id, label, _ in _cells(form, reading)}
    for cell_id, label in labels.items():
        was, is_now = before.get(cell_id, ""), after.get(cell_id, ("", ""))[1]
        if was == is_now:
            continue
        how = notes.get(cell_id, "")
        by = _by(amendments[cell_id]) if how == HOW and cell_id in amendments else origin
        table = form.table_by_id.get(cell_id.partition(".")[0])
        sheet = table.sheet if table else form.cover_sheet
        yield Difference(cell_id, sheet, label, was, is_now, RECOMPUTED if how == RECOMPUTED else by)


def _cells(form: Form, reading: Reading) -> Iterator[tuple[str, str, str]]:
    """(cell id, label, text) of everything that a reading holds, in the form's order."""
    if reading.numbers is not None and not np.isnan(reading.numbers).all():
        for cell in form.cells:
            column = form.table_by_id[cell.table].column(cell.column).label
            yield cell.id, f"{cell.row}行 {cell.label} · {column}", cell_text(reading, form, cell.id)
    for table_id, lines in reading.lists.items():
        table = form.table_by_id[table_id]
        for line in lines:
            for column in table.columns:
                text = line_text(line.values.get(column.number))
                yield list_cell_id(table_id, line.number, column.number), f"第{line.number}条 · {column.label}", text
    for field in form.cover:
        if field.kind not in ("person", "phone"):
            yield field.cell_id, field.label, masked_text(reading.cover.get(field.key, ""))
