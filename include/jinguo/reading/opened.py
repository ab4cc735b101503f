"""One workbook on its way to a Reading: which of its sheets is which table."""

from __future__ import annotations

from dataclasses import dataclass, field

from jinguo.forms.model import IDENTITY_SHEET, Form, Table
from jinguo.reading.anchors import Head, read_head, table_of
from jinguo.reading.answers import ISSUES_SHEET
from jinguo.reading.cover import Cover
from jinguo.reading.grid import Sheet, Workbook
from jinguo.reading.model import Problem
from jinguo.reading.notes import Notes
from jinguo.reading.numbers import written
from jinguo.reading.privacy import masked_text
from jinguo.templates.layout import CHECK_SHEET, WORKINGS_SHEET, column_letters
from jinguo.units.register import Register

_OWN_SHEETS = frozenset((ISSUES_SHEET, CHECK_SHEET, WORKINGS_SHEET, "填报说明", "说明"))


@dataclass
class OpenFile:
    """One workbook on its way to a Reading. ``tables``: table id → the sheet it is read from, with its head."""

    workbook: Workbook
    form: Form
    register: Register
    cover: Cover
    tables: dict[str, tuple[Table, Sheet, Head]] = field(default_factory=dict)
    others: list[Sheet] = field(default_factory=list)
    copies: list[tuple[Table, Sheet, Head]] = field(default_factory=list)  # visible sheets of tables found already
    notes: Notes = field(default_factory=Notes)


def sort_sheets(file: OpenFile) -> None:
    """Which sheet is which table; the sheet that has the table's own name goes before its copies."""
    for sheet in file.workbook.sheets:
        if sheet is file.cover.sheet or sheet.name == IDENTITY_SHEET or sheet.name in _OWN_SHEETS:
            continue
        head = read_head(sheet)
        table = table_of(head, sheet, file.form)
        if table is None:
            file.others.append(sheet)
            continue
        earlier = file.tables.get(table.id)
        beside = (table, sheet, head) if earlier else None
        if earlier is None or _rank(sheet, head, table) > _rank(earlier[1], earlier[2], table):
            file.tables[table.id] = table, sheet, head
            beside = earlier
        if beside is not None:
            file.others.append(beside[1])
            if beside[1].is_visible and beside[2].numbers_row >= 0:
                file.copies.append(beside)


def differing_copy(file: OpenFile) -> Problem | None:
    """Two visible sheets of one table that do not say the same: nobody but the unit knows which one counts."""
    for table, copy, _ in file.copies:
        kept = file.tables[table.id][1]
        for row in range(max(len(kept.rows), len(copy.rows))):
            for column in range(max(len(values) for sheet in (kept, copy) for values in sheet.rows[row : row + 1])):
                here, there = kept.at(row, column), copy.at(row, column)
                if here != there:
                    address = f"{column_letters(column)}{row + 1}"
                    details = {"name": kept.name, "other": copy.name, "table_sheet": table.sheet, "cell": address}
                    details |= {"v": masked_text(written(here)), "w": masked_text(written(there))}
                    return Problem("D79", table.id, kept.name, address, "", details["v"], details)
    return None


def _rank(sheet: Sheet, head: Head, table: Table) -> tuple[bool, bool, bool]:
    return sheet.is_visible, sheet.name == table.sheet, head.numbers_row >= 0
