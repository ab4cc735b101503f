"""A report as the clerk sees it: her tables with what stands in each cell, and which cells fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jinguo.forms.model import Form, Table, list_cell_id
from jinguo.periods import Period
from jinguo.reading.model import CellState, Reading, format_number
from jinguo.reading.privacy import masked_text
from jinguo.rules.findings import SEVERITIES, Finding

MARKS = {CellState.NA: "—", CellState.NO_ACTIVITY: "未开展", CellState.ABSENT: "缺", CellState.NOT_DUE: "—"}


@dataclass(frozen=True)
class SheetCell:
    """``kind``: the CellState's name in small letters, or ``text`` in lists. ``severity``: of its gravest finding, ""
    without any. ``raw``: how the clerk wrote it where we read it otherwise."""

    cell_id: str
    text: str
    kind: str
    severity: str = ""
    raw: str = ""


@dataclass(frozen=True)
class SheetRow:
    label: str
    code: str
    unit: str
    indent: int
    cells: tuple[SheetCell, ...]


@dataclass(frozen=True)
class Sheet:
    """``counts``: severity → how many findings are on it."""

    table_id: str
    name: str
    title: str
    form_no: str
    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    is_list: bool
    counts: Mapping[str, int]


def make_sheets(
    reading: Reading, findings: Sequence[Finding], *, form: Form, period: Period, unit_type: str
) -> list[Sheet]:
    """The cover and every table that is due, in the form's order."""
    cells = _Cells(reading, findings, form)
    sheets = [cells.cover()]
    for table in form.tables_due(period, unit_type):
        rows = cells.list_rows(table) if table.kind == "list" else cells.grid_rows(table)
        columns = tuple(column.label for column in table.columns)
        counts = cells.counts(table.id)
        is_list = table.kind == "list"
        sheets.append(Sheet(table.id, table.sheet, table.title, table.form_no, columns, tuple(rows), is_list, counts))
    return sheets


def cell_text(reading: Reading, form: Form, cell_id: str) -> str:
    """What stands in one cell of a grid, as a clerk would write it."""
    cell = form.cell_by_id.get(cell_id)
    if cell is None or reading.numbers is None or reading.states is None:
        return ""
    state = CellState(int(reading.states[cell.index]))
    return MARKS.get(state) or format_number(float(reading.numbers[cell.index]))


def line_text(value: object) -> str:
    """What stands in a cell of a list."""
    return format_number(value) if isinstance(value, int) else masked_text(str(value or ""))


class _Cells:
    """The cells of one reading with the marks of its findings."""

    def __init__(self, reading: Reading, findings: Sequence[Finding], form: Form) -> None:
        self._reading, self._form, self._findings = reading, form, findings
        self._raw = {item.cell_id: item.raw for item in reading.normalisations}
        self._unread = {problem.cell_id: problem.value for problem in reading.problems if problem.cell_id}
        self._severity: dict[str, str] = {}
        for finding in sorted(findings, key=lambda finding: -SEVERITIES.index(finding.severity)):
            self._severity[finding.cell_id] = finding.severity

    def counts(self, table_id: str) -> dict[str, int]:
        here = [finding.severity for finding in self._findings if finding.table == table_id]
        return {severity: here.count(severity) for severity in SEVERITIES if severity in here}

    def cover(self) -> Sheet:
        rows = []
        for field in self._form.cover:
            text = self._reading.cover.get(field.key, "")
            text = _masked_phone(text) if field.kind == "phone" else masked_text(text)
            cell = SheetCell(field.cell_id, text, "text", self._severity.get(field.cell_id, ""))
            rows.append(SheetRow(field.label, "", "", 0, (cell,)))
        counts = self.counts("cover")
        return Sheet("cover", self._form.cover_sheet, "封面", "", ("填写内容",), tuple(rows), False, counts)

    def grid_rows(self, table: Table) -> Iterable[SheetRow]:
        by_row: dict[str, list[SheetCell]] = {}
        for cell in self._form.cells_by_table[table.id]:
            by_row.setdefault(cell.row, []).append(self._grid_cell(cell.id, cell.index))
        for row in table.rows:
            placed = {int(cell.cell_id.rpartition(".c")[2]): cell for cell in by_row.get(row.code, ())}
            blank = [f"{table.id}.r{row.code}.c{column.number}" for column in table.columns]
            cells = (placed.get(n) or SheetCell(blank[n - 1], "—", "na") for n in range(1, len(table.columns) + 1))
            yield SheetRow(row.label, row.code, row.unit, row.indent, tuple(cells))

    def _grid_cell(self, cell_id: str, index: int) -> SheetCell:
        severity, raw = self._severity.get(cell_id, ""), masked_text(self._raw.get(cell_id, ""))
        if self._reading.numbers is None or self._reading.states is None:
            return SheetCell(cell_id, "", "blank", severity)
        state = CellState(int(self._reading.states[index]))
        text = MARKS.get(state) or format_number(float(self._reading.numbers[index]))
        if state == CellState.UNREADABLE:
            text = masked_text(self._unread.get(cell_id, "?"))
        return SheetCell(cell_id, text, state.name.lower(), severity, raw)

    def list_rows(self, table: Table) -> Iterable[SheetRow]:
        for line in self._reading.lists.get(table.id, ()):
            cells = []
            for column in table.columns:
                cell_id, value = list_cell_id(table.id, line.number, column.number), line.values.get(column.number)
                text = line_text(value)
                cells.append(SheetCell(cell_id, text, "text", self._severity.get(cell_id, "")))
            yield SheetRow(str(line.number), "", "", 0, tuple(cells))


def _masked_phone(text: str) -> str:
    return f"{text[:3]}{'*' * (len(text) - 7)}{text[-4:]}" if len(text) > 7 else text
