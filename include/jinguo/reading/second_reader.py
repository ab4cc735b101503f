"""A second reader for an .xlsx that calamine refuses: slower, and less particular about numbers, sizes and sheets."""

from __future__ import annotations

import datetime as dt
import io
import warnings
from collections.abc import Mapping
from typing import Any

from jinguo.intake.packages import stored_package
from jinguo.reading.markup import named_parts
from jinguo.reading.sheets import MAX_CELLS, Sheet, TooLargeError

_MOST_BYTES = 8 << 20  # of XML: openpyxl takes a second for each megabyte
_LARGEST, _LONGEST = 1e300, 40  # NaN is not below it either
_ASIDE = ("xl/worksheets/_rels/", "xl/drawings/", "xl/charts/", "xl/pivot", "xl/externallinks/")  # where it is strict


def read_again(parts: Mapping[str, bytes]) -> list[Sheet] | None:
    """The sheets as openpyxl reads them, formulas by their saved results; None when it is too much or refused too."""
    if sum(map(len, parts.values())) > _MOST_BYTES:
        return None
    import openpyxl

    read = {name: body for name, body in parts.items() if not name.lower().startswith(_ASIDE)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(stored_package(read)), data_only=True, keep_links=False)
    except Exception:  # it raises anything on files that are not to its taste
        return None
    xml = named_parts(parts)
    sheets, total = [], 0
    for sheet in book.worksheets:
        total += sheet.max_row * sheet.max_column
        if total > MAX_CELLS:
            raise TooLargeError
        merges = [((m.min_row - 1, m.min_col - 1), (m.max_row - 1, m.max_col - 1)) for m in sheet.merged_cells.ranges]
        rows = [[_value(cell) for cell in row] for row in sheet.iter_rows(min_row=1, min_col=1)]
        is_visible = sheet.sheet_state == "visible"
        sheets.append(Sheet(sheet.title, is_visible, rows, merges, parts.get(xml.get(sheet.title, ""), b"")))
    return sheets or None


def _value(cell: Any) -> Any:
    """As calamine gives it: numbers as floats, a blank and an error as ''. What is no finite number stays a text."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if type(value) is int or type(value) is float:
        return float(value) if abs(value) < _LARGEST else str(value)[:_LONGEST]
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date()
    return value
