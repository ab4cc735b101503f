"""The sheet of a grid table: fixed rows and columns, one figure in each cell."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jinguo.forms.model import Cell, Row, Table
from jinguo.templates.content import Content, as_number
from jinguo.templates.formats import FORMULA, PREFILLED, Formats, display_width, line_count, number_format
from jinguo.templates.formulas import cell_formula
from jinguo.templates.layout import (
    CODE_COLUMN,
    LABEL_COLUMN,
    NA_MARK,
    ROW_TICK_LABEL,
    UNIT_COLUMN,
    SheetLayout,
    printed_label,
)
from jinguo.templates.paper import finish_sheet, set_up_page, write_foot, write_head, write_tick
from jinguo.templates.prefill import input_kind
from jinguo.templates.validation import (
    add_validation,
    formula_rule,
    number_rule,
    prefilled_rule,
    tick_rule,
    vertical_areas,
)

_SHEET_WIDTH = 150  # characters; with the height of some 27 rows and notes this fills an A4 page lying down
_LABEL_WIDTH, _UNIT_WIDTH, _CODE_WIDTH, _TICK_WIDTH = 44, 9, 7, 11
_INDENT_WIDTH = 3  # characters of one step of indent
_TINTS = {"formula": {"bg_color": FORMULA}, "prefilled": {"bg_color": PREFILLED}, "input": {}}


def write_grid_sheet(book: Any, formats: Formats, content: Content, table: Table) -> None:
    """One table of the form, laid out as ``Layout`` says."""
    place = content.layout.by_table[table.id]
    sheet = book.add_worksheet(table.sheet)
    set_up_page(sheet, pages_tall=1)
    widths = _widths(place)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    write_head(sheet, formats, content, table, place, widths)
    _write_column_heads(sheet, formats, table, place, widths)
    _write_rows(sheet, formats, content, table)
    write_foot(sheet, formats, content, table, row=place.last_row + 1, last=place.last_column, widths=widths)
    finish_sheet(sheet, place, frozen_columns=CODE_COLUMN + 1, text_columns=[CODE_COLUMN], last_row=place.last_row)


def _widths(place: SheetLayout) -> list[float]:
    tick = [] if place.tick_column is None else [_TICK_WIDTH]
    fixed = _UNIT_WIDTH + _CODE_WIDTH + sum(tick)
    data = min(30, max(12.5, (_SHEET_WIDTH - fixed - _LABEL_WIDTH) / place.column_count))
    label = max(_LABEL_WIDTH, _SHEET_WIDTH - fixed - data * place.column_count)
    return [label, _UNIT_WIDTH, _CODE_WIDTH, *[data] * place.column_count, *tick]


def _write_column_heads(sheet: Any, formats: Formats, table: Table, place: SheetLayout, widths: list[float]) -> None:
    labels = ["指标名称", "计量单位", "代码", *(printed_label(column) for column in table.columns)]
    numbers: list[str | int] = ["甲", "乙", "丙", *(column.number for column in table.columns)]
    if place.tick_column is not None:
        labels.append(ROW_TICK_LABEL)
        numbers.append("丁")
    lines = max(line_count(label, width - 1) for label, width in zip(labels, widths, strict=True))
    sheet.set_row(place.labels_row, 6 + 15 * lines)
    sheet.set_row(place.numbers_row, 16)
    for column, (label, number) in enumerate(zip(labels, numbers, strict=True)):
        sheet.write_string(place.labels_row, column, label, formats.get("heading"))
        if isinstance(number, int):
            sheet.write_number(place.numbers_row, column, number, formats.get("numbering"))
        else:
            sheet.write_string(place.numbers_row, column, number, formats.get("numbering"))


def _write_rows(sheet: Any, formats: Formats, content: Content, table: Table) -> None:
    place = content.layout.by_table[table.id]
    cells = iter(content.form.cells_by_table[table.id])
    areas: dict[tuple[str, str, int], list[tuple[int, int]]] = {}
    ticks = []
    for row, indent in zip(table.rows, _indents(table), strict=True):
        line = place.rows[row.code]
        sheet.set_row(line, 17.5)
        sheet.write_string(line, LABEL_COLUMN, row.label, formats.get("label", indent=indent))
        sheet.write_string(line, UNIT_COLUMN, row.unit or NA_MARK, formats.get("unit"))
        sheet.write_string(line, CODE_COLUMN, row.code, formats.get("code"))
        applies = False
        for column in table.columns:
            cell = next(cells)
            kind = input_kind(cell, content.unit.unit_type, content.fills.get(cell.id))
            at = (line, place.column(column.number))
            _write_cell(sheet, formats, content, cell, kind=kind, at=at)
            if kind != "na":
                applies = True
                fill = content.fills.get(cell.id)
                typed = "input" if fill and fill.kind == "ledger" else kind  # by whoever keeps no ledger
                areas.setdefault((typed, cell.unit, cell.decimals), []).append(at)
        if place.tick_column is not None:
            _write_row_tick(sheet, formats, content, table, row, at=(line, place.tick_column), applies=applies)
            ticks += [(line, place.tick_column)] if applies else []
    _validate(sheet, areas, ticks)


def _indents(table: Table) -> list[int]:
    """How far each label is indented: members of a group stand under the first one, after ``按年龄：``."""
    indents, group_indent, shift = [], 0, 0
    for row in table.rows:
        heading, colon, _ = row.label.partition("：")
        if row.indent < group_indent or (colon and row.indent == group_indent):
            shift = 0
        indents.append(row.indent + shift)
        if colon and heading.startswith("按"):
            group_indent, shift = row.indent, round(display_width(heading + colon) / _INDENT_WIDTH)
    return indents


def _write_row_tick(
    sheet: Any, formats: Formats, content: Content, table: Table, row: Row, *, at: tuple[int, int], applies: bool
) -> None:
    if applies:
        write_tick(sheet, formats, content, f"{table.id}.r{row.code}", at)
    else:
        sheet.write_string(*at, NA_MARK, formats.get("na"))


def _write_cell(sheet: Any, formats: Formats, content: Content, cell: Cell, *, kind: str, at: tuple[int, int]) -> None:
    if kind == "na":
        value = content.values.get(cell.id, NA_MARK) if content.values is not None else NA_MARK
        write_constant(sheet, at, value, formats.get("na"))
        return
    style = formats.get("number", num_format=number_format(cell.decimals), **_TINTS[kind])
    if content.is_formula(cell):
        result = content.result(cell.id)
        cached = "" if result is None else as_number(result)
        sheet.write_formula(*at, cell_formula(content, cell), style, cached)
    else:
        write_constant(sheet, at, content.cell_value(cell) if kind != "formula" else content.given(cell.id), style)


def write_constant(sheet: Any, at: tuple[int, int], value: Any, style: Any) -> None:
    """Thousandths, a date, text (never a formula) or nothing into a cell."""
    if value is None or value == "":
        sheet.write_blank(*at, None, style)
    elif isinstance(value, int):
        sheet.write_number(*at, as_number(value), style)
    elif isinstance(value, dt.date):
        sheet.write_datetime(*at, value, style)
    else:
        sheet.write_string(*at, str(value), style)


def _validate(
    sheet: Any, areas: dict[tuple[str, str, int], list[tuple[int, int]]], ticks: list[tuple[int, int]]
) -> None:
    formulas = [at for (kind, _, _), cells in areas.items() if kind == "formula" for at in cells]
    for (kind, unit, decimals), cells in areas.items():
        if kind != "formula":
            rule = number_rule if kind == "input" else prefilled_rule
            add_validation(sheet, vertical_areas(cells), rule(unit, decimals))
    if formulas:
        add_validation(sheet, vertical_areas(formulas), formula_rule())
    if ticks:
        add_validation(sheet, vertical_areas(ticks), tick_rule())
