"""The tables of the form as sheets: for the whole province (laid out like the form), and by unit."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from jinguo.forms.model import Cell, Table
from jinguo.release.bulk_rows import BulkRows
from jinguo.release.model import Figure, Figures, FigureState, plain_number
from jinguo.release.paper import Paper, lines_needed, merge, number_width, page_breaks, unit_column_widths
from jinguo.templates import layout

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

LABEL_WIDTH, UNIT_WIDTH, CODE_WIDTH, COUNT_WIDTH = 50, 9, 6, 9
UNITS_SCALE = 68  # per cent; two groups of nine columns on an A3 landscape page, letters of 7 points


def write_province_table(paper: Paper, table: Table, name: str) -> None:
    """One grid table of the whole province; every cell stands at the same address as in the unit's own form."""
    figures, form = paper.edition.figures, paper.edition.figures.form
    first, count = layout.CODE_COLUMN + 1, len(table.columns)
    last = first + count
    cells = form.cells_by_table[table.id]
    totals = [figures.total(cell.id).value for cell in cells]
    width = max(12.0, number_width(totals, max(cell.decimals for cell in cells)))
    sheet = paper.add_sheet(name)
    for column, columns_width in enumerate((LABEL_WIDTH, UNIT_WIDTH, CODE_WIDTH)):
        sheet.set_column(column, column, columns_width)
    sheet.set_column(first, last - 1, width)
    sheet.set_column(last, last, COUNT_WIDTH)
    paper.write_title(sheet, layout.TITLE_ROW, last, f"{table.title}（全省汇总）")
    widths = [LABEL_WIDTH, UNIT_WIDTH, CODE_WIDTH, *[width] * count, COUNT_WIDTH]
    _write_header_block(paper, sheet, table, last=last, widths=widths)
    _write_labels(paper, sheet, table, last=last, widths=widths)
    for offset, row in enumerate(table.rows):
        line = [cell for cell in cells if cell.row == row.code]
        _write_province_row(paper, sheet, layout.FIRST_ROW + offset, line, indent=row.indent, unit=row.unit)
    _write_notes(paper, sheet, layout.FIRST_ROW + len(table.rows), table, last, sum(widths))
    sheet.freeze_panes(layout.FIRST_ROW, first)
    sheet.repeat_rows(layout.LABELS_ROW, layout.NUMBERS_ROW)
    sheet.fit_to_pages(1, 1)


def _write_header_block(paper: Paper, sheet: Worksheet, table: Table, *, last: int, widths: list[float]) -> None:
    """Form number and legal lines on the right; who compiles, the month and the coverage on the left."""
    form, period = paper.edition.figures.form, paper.edition.period
    split = max(2, last - 2)
    left = {
        layout.UNIT_ROW: f"{paper.design.compiler}：{form.issuer}    代码：430000",
        layout.PERIOD_ROW: f"{period.chinese}    {paper.edition_label}",
        layout.VALIDITY_ROW: paper.marked_coverage_line,
    }
    right = {
        layout.FORM_NO_ROW: f"表    号：{table.form_no}",
        layout.ISSUER_ROW: f"制定机关：{form.issuer}",
        layout.FILING_BODY_ROW: f"备案机关：{form.filing_body}",
        layout.APPROVAL_ROW: f"备案文号：{form.approval_no}",
        layout.VALIDITY_ROW: f"有效期至：{form.valid_until_print}",
    }
    room = sum(widths[:split])
    for row in range(layout.FORM_NO_ROW, layout.VALIDITY_ROW + 1):
        sheet.set_row(row, 15 * lines_needed(left.get(row, ""), room) + 1)
        merge(sheet, row, 0, split - 1, left.get(row, ""), paper.style(text_wrap=True, align="left"))
        merge(sheet, row, split, last, right[row], paper.style(align="left", indent=1))


def _write_labels(paper: Paper, sheet: Worksheet, table: Table, *, last: int, widths: list[float]) -> None:
    labels = ["指标名称", "计量单位", "代码"]
    for column in table.columns:
        noted = any(c.aggregation == "sum_noted" for c in _column_cells(paper, table, column.number))
        all_noted = noted and all(c.aggregation == "sum_noted" for c in _column_cells(paper, table, column.number))
        unit = f"\n（{column.unit}）" if column.unit else ""
        labels.append(column.label + unit + (paper.design.marks["noted"] if all_noted else ""))
    labels.append("已汇总\n单位数")
    lines = max(lines_needed(label, width - 1) for label, width in zip(labels, widths, strict=True))
    sheet.set_row(layout.LABELS_ROW, 14 * lines + 6)
    for column, label in enumerate(labels):
        sheet.write_string(layout.LABELS_ROW, column, label, paper.heading())
    numbers = paper.heading(font_name=paper.design.fonts["body"], font_size=9)
    for column, letter in enumerate("甲乙丙"):
        sheet.write_string(layout.NUMBERS_ROW, column, letter, numbers)
    for column in table.columns:
        sheet.write_number(layout.NUMBERS_ROW, layout.CODE_COLUMN + column.number, column.number, numbers)
    sheet.write_blank(layout.NUMBERS_ROW, last, None, numbers)


def _column_cells(paper: Paper, table: Table, number: int) -> list[Cell]:
    return [cell for cell in paper.edition.figures.form.cells_by_table[table.id] if cell.column == number]


def _write_province_row(paper: Paper, sheet: Worksheet, row: int, cells: list[Cell], *, indent: int, unit: str) -> None:
    figures = [paper.edition.figures.total(cell.id) for cell in cells]
    look = {"bold": True, "bg_color": paper.colour("total_fill")} if indent == 0 and cells[0].row == "01" else {}
    columns_noted = {c.column for c in cells if c.aggregation == "sum_noted"}
    row_noted = columns_noted == {cell.column for cell in cells}
    label = cells[0].label + (paper.design.marks["noted"] if row_noted else "")
    sheet.set_row(row, 15 * lines_needed(label, LABEL_WIDTH - 2 - 1.3 * indent) + 3)
    sheet.write_string(row, 0, label, paper.boxed(indent=indent + 1, text_wrap=True, **look))
    sheet.write_string(row, 1, unit or "—", paper.boxed(align="center", **look))
    sheet.write_string(row, 2, cells[0].row, paper.boxed(align="center", **look))
    for cell, figure in zip(cells, figures, strict=True):
        paper.write_figure(sheet, row, layout.CODE_COLUMN + cell.column, figure, decimals=cell.decimals, **look)
    sheet.write_string(row, 3 + len(cells), coverage_count(figures), paper.boxed(align="center", **look))


def coverage_count(figures: list[Figure]) -> str:
    """``15/16``: how many of the units to which a row applies are in it (its least covered cell)."""
    applicable = [figure for figure in figures if figure.expected]
    if not applicable:
        return "—"
    least = min(applicable, key=lambda figure: figure.counted - figure.expected)
    return f"{least.counted}/{least.expected}"


def _write_notes(paper: Paper, sheet: Worksheet, row: int, table: Table, last: int, width: float) -> None:
    lines = []
    cells = paper.edition.figures.form.cells_by_table[table.id]
    if any(cell.aggregation == "sum_noted" for cell in cells):
        lines.append(paper.design.noted)
    lines.append(paper.legend)
    lines += table.notes
    for offset, text in enumerate(lines):
        paper.write_paragraph(sheet, row + offset, last, text, width=width, font_size=9)


def write_unit_table(paper: Paper, table: Table, name: str) -> None:
    """One grid table by unit: the province and the units as rows, the form's rows as groups of columns.

    Cells that are “—” for everybody are left out. Pages break between groups; names and header repeat on each.
    """
    figures = paper.edition.figures
    cells = [cell for cell in figures.form.cells_by_table[table.id] if figures.total(cell.id).expected]
    widths = _unit_widths(figures, cells)
    sheet = paper.add_sheet(name, title=f"{table.title}（分单位）", is_wide=True)
    fixed = unit_column_widths(figures.reports)
    for column, width in enumerate([*fixed, *widths]):
        sheet.set_column(column, column, width)
    groups = [list(group) for _, group in groupby(range(len(cells)), key=lambda index: cells[index].row)]
    breaks = page_breaks(
        [[widths[index] for index in group] for group in groups],
        fixed=fixed,
        scale=UNITS_SCALE,
    )
    _write_unit_heading(paper, sheet, table, _first_page(groups, breaks, widths))
    _write_groups(paper, sheet, table, cells, groups, widths)
    _write_total_row(paper, sheet, 6, cells)
    _write_unit_rows(paper, sheet, 7, cells)
    sheet.freeze_panes(7, 2)
    sheet.repeat_rows(3, 5)
    sheet.repeat_columns(0, 1)
    sheet.set_print_scale(UNITS_SCALE)
    sheet.set_v_pagebreaks([2 + groups[index][0] for index in breaks])
    sheet.print_area(0, 0, 6 + len(figures.reports), 1 + len(cells))


def _unit_widths(figures: Figures, cells: list[Cell]) -> list[float]:
    alone = {row for row, group in groupby(cells, key=lambda cell: cell.row) if len(list(group)) == 1}
    return [
        max(
            13.0 if cell.row in alone else 8.5,
            number_width([figures.province[cell.id].value], cell.decimals),
        )
        for cell in cells
    ]


def _first_page(groups: list[list[int]], breaks: list[int], widths: list[float]) -> tuple[int, float]:
    """Last column of the first printed page, and the width in characters of the columns before it that do not repeat:
    titles stand over these, so that no later page shows a piece of them."""
    last = (groups[breaks[0]][0] if breaks else len(widths)) - 1
    return 2 + last, sum(widths[: last + 1])


def _write_unit_heading(paper: Paper, sheet: Worksheet, table: Table, first_page: tuple[int, float]) -> None:
    last, width = first_page
    place = {"first": 2, "width": width}
    paper.write_title(sheet, 0, last, f"{table.title}（分单位）", first=2)
    paper.write_paragraph(sheet, 1, last, f"{paper.edition.period.chinese}  {paper.marked_coverage_line}", **place)
    noted = any(c.aggregation == "sum_noted" for c in paper.edition.figures.form.cells_by_table[table.id])
    legend = f"{paper.legend}{paper.design.noted if noted else ''}"
    paper.write_paragraph(sheet, 2, last, legend, font_size=9, **place)


def _write_groups(
    paper: Paper, sheet: Worksheet, table: Table, cells: list[Cell], groups: list[list[int]], widths: list[float]
) -> None:
    """Three header rows: the form's row, its column, and both numbers (17·4 is row 17, column 4)."""
    labels = []
    for group in groups:
        cell = cells[group[0]]
        row_unit = next(row.unit for row in table.rows if row.code == cell.row)
        noted = all(cells[index].aggregation == "sum_noted" for index in group)
        labels.append(
            cell.label + (f"\n（{row_unit}）" if row_unit else "") + (paper.design.marks["noted"] if noted else "")
        )
    group_lines = max(lines_needed(text, sum(widths[i] for i in g) - 2) for text, g in zip(labels, groups, strict=True))
    column_labels = [_column_label(paper, table, cell) for cell in cells]
    lines = max(lines_needed(text, width - 1) for text, width in zip(column_labels, widths, strict=True))
    for row, height in ((3, 14 * group_lines + 4), (4, 14 * lines + 4), (5, 15)):
        sheet.set_row(row, height)
        for column, text in enumerate(("单位", "代码")):
            top, bottom = int(row == 3), int(row == 5)
            sheet.write_string(row, column, text if row == 4 else "", paper.heading(top=top, bottom=bottom))
        if row == 3:
            for text, group in zip(labels, groups, strict=True):
                merge(sheet, 3, 2 + group[0], 2 + group[-1], text, paper.heading())
            continue
        for column, cell in enumerate(cells):
            text = column_labels[column] if row == 4 else f"{cell.row}·{cell.column}"
            sheet.write_string(row, 2 + column, text, paper.heading(font_name=paper.design.fonts["body"], font_size=9))


def _column_label(paper: Paper, table: Table, cell: Cell) -> str:
    column = table.column(cell.column)
    column_noted = all(c.aggregation == "sum_noted" for c in _column_cells(paper, table, cell.column))
    unit = f"\n（{column.unit}）" if column.unit else ""
    return column.label + unit + (paper.design.marks["noted"] if column_noted else "")


def _write_total_row(paper: Paper, sheet: Worksheet, line: int, cells: list[Cell]) -> None:
    look = {"bold": True, "bg_color": paper.colour("total_fill")}
    sheet.set_row(line, 26)
    sheet.write_string(line, 0, "全省合计", paper.boxed(indent=1, **look))
    sheet.write_string(line, 1, "430000", paper.boxed(align="center", **look))
    for column, cell in enumerate(cells, start=2):
        paper.write_figure(sheet, line, column, paper.edition.figures.province[cell.id], decimals=cell.decimals, **look)


def _write_unit_rows(paper: Paper, sheet: Worksheet, first_line: int, cells: list[Cell]) -> None:
    """One line per report, straight from the matrices: a province may have thousands of lines of six hundred cells."""
    figures = paper.edition.figures
    looks = {
        decimals: [
            paper.figure_look(state, decimals, has_value=state.has_number, is_provisional=is_marked)
            for is_marked in (False, True)
            for state in FigureState
        ]
        for decimals in {cell.decimals for cell in cells}
    }
    kinds = figures.states.copy()
    unsettled = paper.provisional_kinds([cell.id for cell in cells])
    kinds[:, [cell.index for cell in cells]] += np.where(unsettled, np.uint8(len(FigureState)), np.uint8(0))
    rows = BulkRows(
        first=first_line,
        height=26,
        labels=[(paper.name_of(report), report.unit.code) for report in figures.reports],
        label_styles=(paper.boxed(indent=1), paper.boxed(align="center")),
        numbers=figures.numbers,
        kinds=kinds,
        columns=[cell.index for cell in cells],
        looks=[looks[cell.decimals] for cell in cells],
    )
    paper.write_in_bulk(sheet, rows)


def write_list_table(paper: Paper, table: Table, name: str) -> None:
    """The lines of a list table of all units that are in, each with its unit; all text as text."""
    figures = paper.edition.figures
    last = len(table.columns) + 1
    widths = [5.0, 18.0, *[24.0 if c.kind == "text" else 16.0 if c.kind == "code12" else 11.0 for c in table.columns]]
    sheet = paper.add_sheet(name)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    paper.write_title(sheet, 0, last, f"{table.title}（全省汇总）")
    subtitle = f"表号：{table.form_no}    {figures.period.chinese}    {paper.marked_coverage_line}"
    paper.write_paragraph(sheet, 1, last, subtitle, width=sum(widths))
    sheet.set_row(2, 44)
    for column, label in enumerate(["序号", "单位", *(_list_label(c.label, c.unit) for c in table.columns)]):
        sheet.write_string(2, column, label, paper.heading())
    line = 3
    for report in figures.reports:
        for item in report.lists.get(table.id, ()):
            sheet.write_number(line, 0, line - 2, paper.boxed(align="center"))
            sheet.write_string(line, 1, paper.name_of(report), paper.boxed(indent=1))
            for column in table.columns:
                _write_list_value(paper, sheet, line, column.number + 1, item.values.get(column.number), column.choices)
            line += 1
    if line == 3:
        merge(sheet, line, 0, last, "已汇总单位均未填报本表。", paper.boxed(align="center"))
    sheet.freeze_panes(3, 2)
    sheet.repeat_rows(2)
    sheet.fit_to_pages(1, 0)


def _list_label(label: str, unit: str) -> str:
    return f"{label}\n（{unit}）" if unit else label


def _write_list_value(
    paper: Paper, sheet: Worksheet, line: int, column: int, value: object, choices: dict[str, str]
) -> None:
    if value is None:
        sheet.write_blank(line, column, None, paper.boxed())
    elif isinstance(value, int | float) and not choices:
        whole = round(value)
        number_format = "#,##0" if whole % 1000 == 0 else "#,##0.0##"
        sheet.write_number(line, column, plain_number(whole), paper.boxed(num_format=number_format + "_ "))
    else:
        text = str(round(value) // 1000) if isinstance(value, int | float) else str(value)
        sheet.write_string(line, column, choices.get(text, text), paper.boxed(text_wrap=True, indent=1))
