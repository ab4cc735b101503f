"""A workbook as a colleague with Excel 97 sends it on: .xls, the same sheets and cells, values instead of formulas."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

_VERY_HIDDEN, _HIDDEN = 2, 1
_WIDTH_UNITS = 256  # .xls counts column widths in 1/256 of a character


def save_as_xls(source: Path, target: Path) -> None:
    """Writes ``source`` (.xlsx) to ``target`` (.xls): texts, numbers, dates, merged cells, widths and hidden sheets."""
    import openpyxl
    import xlwt

    book = openpyxl.load_workbook(source, data_only=True)
    old = xlwt.Workbook(encoding="utf-8")
    date_style = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for sheet in book.worksheets:
        page = old.add_sheet(sheet.title)
        page.visibility = {"veryHidden": _VERY_HIDDEN, "hidden": _HIDDEN}.get(sheet.sheet_state, 0)
        _copy_cells(sheet, page, date_style)
        for area in sheet.merged_cells.ranges:
            page.merge(area.min_row - 1, area.max_row - 1, area.min_col - 1, area.max_col - 1)
        for letter, dimension in sheet.column_dimensions.items():
            column = openpyxl.utils.column_index_from_string(letter)
            page.col(column - 1).width = round((dimension.width or 9) * _WIDTH_UNITS)
    old.save(str(target))


def _copy_cells(sheet: Any, page: Any, date_style: Any) -> None:
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, dt.date):
                page.write(cell.row - 1, cell.column - 1, cell.value, date_style)
            elif cell.value is not None and cell.value != "":
                page.write(cell.row - 1, cell.column - 1, cell.value)
