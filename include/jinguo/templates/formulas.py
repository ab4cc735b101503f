"""The fills of the form as Excel formulas."""

from __future__ import annotations

from jinguo.forms.derivation import Derivation
from jinguo.forms.model import Cell, Table
from jinguo.templates.content import Content
from jinguo.templates.identity import figure_reference
from jinguo.templates.layout import SheetLayout, column_letters

_LINE_NUMBER = 1  # the column of a list in which every line that holds something has its number


def cell_formula(content: Content, cell: Cell) -> str:
    """The formula of a ``formula`` or ``running`` cell; cells that do not apply to the unit type are left out."""
    fill = content.fills[cell.id]
    if fill.kind == "ledger":
        place = content.layout.by_table[fill.source]
        return ledger_formula(fill.derivation, place, last=last_line(content, place))
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


def last_line(content: Content, place: SheetLayout) -> int:
    count = content.line_count(content.form.table_by_id[place.table])
    return max(place.last_row, place.first_row + count - 1)


def ledger_formula(
    derivation: Derivation, place: SheetLayout, *, last: int, owner: tuple[int, str] | None = None
) -> str:
    """What the lines of a list come to; nothing while there are none. ``owner``: a column of the sheet and the code of
    the unit whose lines alone are meant."""

    def area(column: int) -> str:
        return area_at(place.column(column))

    def area_at(at: int) -> str:
        letters = column_letters(at)
        return f"'{place.sheet}'!${letters}${place.first_row + 1}:${letters}${last + 1}"

    conditions = [f'{area(column)},"{code}"' for column, code in derivation.equals]
    conditions += [f"{area(column)},1" for column in derivation.flags]
    conditions += [f'{area(column)},"<>"' for column in derivation.named]
    whose = f'{area_at(owner[0])},"{owner[1]}"' if owner else ""
    conditions += [whose] if whose else []
    listed = ",".join(conditions)
    told = f"SUMIFS({area(derivation.adds)},{listed})" if derivation.adds else f"COUNTIFS({listed})"
    kept = f"COUNTIF({whose})" if whose else f"COUNT({area(_LINE_NUMBER)})"
    is_known = f"{kept}>0"
    for column, _ in derivation.equals:  # every line says in which group it belongs
        grouped = f'COUNTIFS({whose},{area(column)},"?*")' if whose else f"COUNTA({area(column)})"
        is_known = f"AND({is_known},{grouped}>={kept})"  # more: somebody has typed over a line's number
    if derivation.adds:  # every line that counts has a figure there
        is_known = f'AND({is_known},COUNTIFS({listed},{area(derivation.adds)},">-1E9")=COUNTIFS({listed}))'
    return f'=IF({is_known},{told},"")'


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
