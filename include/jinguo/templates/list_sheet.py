"""The sheet of a list table: one line per thing, as many lines as are needed."""

from __future__ import annotations

from typing import Any

from jinguo.forms.model import SCALE, Column, Table, list_cell_id
from jinguo.templates.content import Content, as_number
from jinguo.templates.formats import FORMULA, Formats, line_count, number_format
from jinguo.templates.formulas import line_number_formula, product_formula
from jinguo.templates.grid_sheet import write_constant
from jinguo.templates.layout import SheetLayout, printed_label
from jinguo.templates.paper import finish_sheet, set_up_page, write_foot, write_head
from jinguo.templates.validation import add_validation, column_rule, formula_rule

_WIDTHS = {"text": 20, "code12": 16, "code6": 11, "date": 12, "choice": 12, "flag": 9, "integer": 10, "decimal": 10}
_NUMBER_WIDTH, _OPTIONAL_TEXT_WIDTH, _LINE_HEIGHT = 7, 12, 16.5
_STYLES = {"text": "text", "code12": "centred_text", "code6": "centred_text", "choice": "centred_text", "date": "date"}


def write_list_sheet(book: Any, formats: Formats, content: Content, table: Table) -> None:
    """One list table of the form with its blank lines, or with the lines that ``content`` gives."""
    place = content.layout.by_table[table.id]
    sheet = book.add_worksheet(table.sheet)
    set_up_page(sheet, pages_tall=0)
    widths = [_width(column) for column in table.columns]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    write_head(sheet, formats, content, table, place, widths)
    labels = [printed_label(column) for column in table.columns]
    lines = max(line_count(label, width - 1) for label, width in zip(labels, widths, strict=True))
    sheet.set_row(place.labels_row, 6 + 15 * lines)
    sheet.set_row(place.numbers_row, 16)
    for column in table.columns:
        at = place.column(column.number)
        sheet.write_string(place.labels_row, at, printed_label(column), formats.get("heading"))
        sheet.write_number(place.numbers_row, at, column.number, formats.get("numbering"))
    last = max(place.last_row, place.first_row + content.line_count(table) - 1)
    _write_lines(sheet, formats, content, table, last=last)
    write_foot(sheet, formats, content, table, row=last + 1, last=place.last_column, widths=widths)
    texts = [place.column(column.number) for column in table.columns if not column.is_numeric]
    frozen = (place.tick_label_column or 0) + 1
    finish_sheet(sheet, place, frozen_columns=frozen, text_columns=texts, last_row=last)


def _width(column: Column) -> float:
    if column.computed == "row_number":
        return _NUMBER_WIDTH
    return _OPTIONAL_TEXT_WIDTH if column.kind == "text" and not column.required else _WIDTHS[column.kind]


def _write_lines(sheet: Any, formats: Formats, content: Content, table: Table, *, last: int) -> None:
    place = content.layout.by_table[table.id]
    for row in range(place.first_row, last + 1):
        sheet.set_row(row, _LINE_HEIGHT)
    for column in table.columns:
        at = place.column(column.number)
        decimals = _decimals(content, column)
        style = _style(formats, column, decimals)
        for row in range(place.first_row, last + 1):
            number = row - place.first_row + 1
            if column.computed:
                _write_computed(sheet, style, content, table, column, row=row, decimals=decimals)
            else:
                write_constant(sheet, (row, at), content.list_value(table, number, column), style)
        latest = content.period.last_day
        rule = formula_rule() if column.computed else column_rule(column, decimals=decimals, latest=latest)
        if rule:
            add_validation(sheet, [(place.first_row, at, last, at)], rule)


def _decimals(content: Content, column: Column) -> int:
    """The decimals that the unit of measure takes: the same unit stands in the grid tables."""
    if column.kind != "decimal":
        return 0
    return next((cell.decimals for cell in content.form.cells if cell.unit == column.unit), 1)


def _style(formats: Formats, column: Column, decimals: int) -> Any:
    tint = {"bg_color": FORMULA} if column.computed else {}
    name = _STYLES.get(column.kind)
    if name:
        return formats.get(name, **tint)
    align = {"align": "center"} if column.kind == "flag" or column.computed == "row_number" else {}
    return formats.get("number", num_format=number_format(decimals), **tint, **align)


def _write_computed(
    sheet: Any, style: Any, content: Content, table: Table, column: Column, *, row: int, decimals: int
) -> None:
    """A computed cell of a line: our formula, or the different value that the clerk wrote over it."""
    place: SheetLayout = content.layout.by_table[table.id]
    number = row - place.first_row + 1
    at = (row, place.column(column.number))
    if column.computed == "row_number":
        formula = line_number_formula(table, place, row)
        result = number * SCALE if _has_values(content, table, number) else None
    else:
        first, second = column.computed["product"]
        formula = product_formula(place, row, (first, second), decimals=decimals)
        result = _product(content, table, number, (first, second), decimals=decimals)
    try:
        given = content.given(list_cell_id(table.id, number, column.number))
    except KeyError:
        given = result
    if given == result:
        sheet.write_formula(*at, formula, style, "" if result is None else as_number(result))
    else:
        write_constant(sheet, at, given, style)


def _has_values(content: Content, table: Table, number: int) -> bool:
    return any(
        content.list_value(table, number, column) not in (None, "") for column in table.columns if not column.computed
    )


def _product(content: Content, table: Table, number: int, factors: tuple[int, int], *, decimals: int) -> int | None:
    """Thousandths, rounded half up to ``decimals`` as the formula does; None unless both factors are numbers."""
    first, second = (content.list_value(table, number, table.column(factor)) for factor in factors)
    if not (isinstance(first, int) and isinstance(second, int)):
        return None
    step = SCALE * SCALE // 10**decimals
    return (first * second + step // 2) // step * (SCALE // 10**decimals)
