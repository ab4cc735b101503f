"""The fills of the form as Excel formulas."""

from __future__ import annotations

from jinguo.forms.model import Cell, Table
from jinguo.templates.content import Content
from jinguo.templates.identity import count_reference, figure_reference
from jinguo.templates.layout import SheetLayout, column_letters
from jinguo.templates.ledger import last_line, ledger_formula


def cell_formula(content: Content, cell: Cell) -> str:
    """The formula of a ``formula`` or ``running`` cell; cells that do not apply to the unit type are left out."""
    fill = content.fills[cell.id]
    if fill.kind == "ledger":
        place = content.layout.by_table[fill.source]
        count = count_reference(content, fill.source)
        return ledger_formula(fill.derivation, place, last=last_line(content, place), count=count)
    if fill.kind == "running":
        month = content.layout.place(fill.source).address
        if cell.id not in content.carried:
            return f"={month}"
        follows = content.fills.get(fill.source)
        carried = figure_reference(content, cell.id)
        # What follows from an empty ledger is an empty text, to which only SUM can add.
        return f"=SUM({month},{carried})" if follows and follows.kind == "ledger" else f"={month}+{carried}"
    addends = []
    for term in fill.terms:
        ids = [name for name in term.cell_ids if content.unit.unit_type not in content.form.cell_by_id[name].na_for]
        if ids:
            addends.append(("-" if term.sign < 0 else "+") + _sum_of(content, ids))
    return "=" + ("".join(addends).removeprefix("+") or "0")


def _sum_of(content: Content, cell_ids: list[str]) -> str:
    """``D9``, or ``SUM(D9:D12,D15)`` for several cells of one column or one row, and for one that may be an empty text:
    that is what follows from an empty ledger."""
    places = [content.layout.place(cell_id) for cell_id in cell_ids]
    follows = content.fills.get(cell_ids[0])
    if len(places) == 1 and (follows is None or follows.kind != "ledger"):
        return places[0].address
    ranges: list[list[str]] = []
    before = None
    for place in places:
        if before and (place.row - before.row, place.column - before.column) in ((1, 0), (0, 1)):
            ranges[-1][1] = place.address
        else:
            ranges.append([place.address, place.address])
        before = place
    return f"SUM({','.join(first if first == last else f'{first}:{last}' for first, last in ranges)})"


def line_number_formula(table: Table, sheet: SheetLayout, row: int) -> str:
    """序号 of a line: nothing while the line is empty."""
    typed = [column.number for column in table.columns if not column.computed]
    runs: list[list[int]] = []
    for number in typed:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    cells = ",".join(f"{_letters(sheet, first)}{row + 1}:{_letters(sheet, last)}{row + 1}" for first, last in runs)
    return f'=IF(COUNTA({cells})=0,"",ROW()-{sheet.first_row})'


def product_formula(sheet: SheetLayout, row: int, factors: tuple[int, int], *, decimals: int) -> str:
    """The product of two columns of a line: nothing until both are numbers."""
    first, second = (f"{_letters(sheet, number)}{row + 1}" for number in factors)
    return f'=IF(COUNT({first},{second})=2,ROUND({first}*{second},{decimals}),"")'


def _letters(sheet: SheetLayout, number: int) -> str:
    return column_letters(sheet.column(number))
