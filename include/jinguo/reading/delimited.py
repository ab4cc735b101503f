"""A table written as text (.csv) as a workbook of one sheet."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from jinguo.reading.markup import MAX_COLUMNS, MAX_ROWS
from jinguo.reading.sheets import MAX_CELLS, Sheet, TooLargeError, UnreadableError, Workbook

TEXT_SHEET = "文本表格"  # a text has no sheets, and so no name of one
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")  # what a spreadsheet would have written there itself
_LONGEST_FIELD = 32_767  # what a cell can hold


def read_delimited(text: str, delimiter: str) -> Workbook:
    """The rows as they stand, figures as numbers; UnreadableError for what no spreadsheet could have written."""
    csv.field_size_limit(_LONGEST_FIELD)
    rows: list[list[Any]] = []
    cells, is_far = 0, False
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            is_far |= len(rows) >= MAX_ROWS or len(record) > MAX_COLUMNS
            if len(rows) >= MAX_ROWS:
                break
            values = [_value(field) for field in record[:MAX_COLUMNS]]
            cells += len(values)
            if cells > MAX_CELLS:
                raise TooLargeError
            rows.append(values)
    except csv.Error as error:
        raise UnreadableError(type(error).__name__) from error
    return Workbook([Sheet(TEXT_SHEET, True, rows)], far_sheets=(TEXT_SHEET,) if is_far else ())


def _value(field: str) -> Any:
    return float(field) if _NUMBER.fullmatch(field) else field
