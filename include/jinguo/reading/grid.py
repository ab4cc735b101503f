"""A workbook as grids of plain values with absolute addresses, bounded before anything large is allocated."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from typing import Any

from jinguo.intake.compound import records
from jinguo.intake.packages import stored_package
from jinguo.reading.markup import (
    Markup,
    is_far,
    scan_sheet,
    sheet_parts,
    with_merges_first,
    without_far_cells,
    without_self_check,
)
from jinguo.templates.layout import column_letters

MAX_CELLS = 2_000_000

_BIFF_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_BOF, _FORMULA, _BOOLERR, _DATE1904, _EOF = 0x0809, 0x0006, 0x0205, 0x0022, 0x000A
_STRING = 0x0207
_TEXT_RESULT, _ERROR_RESULT, _EMPTY_RESULT = 0, 2, 3  # kinds of formula results that are not numbers
_GLOBALS = 5  # the kind of substream that comes before the sheets


class UnreadableError(Exception):
    """No reader can make a workbook of it."""


@dataclass
class Sheet:
    """One sheet. ``rows[r][c]`` counts from A1; a blank is ''. Ragged to the right and below: use ``at``."""

    name: str
    is_visible: bool
    rows: list[list[Any]]
    merges: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    xml: bytes = field(default=b"", repr=False)
    biff_errors: dict[str, str] = field(default_factory=dict)

    @cached_property
    def markup(self) -> Markup:
        """Formulas and errors; looked for when a table asks."""
        return scan_sheet(self.xml) if self.xml else Markup(errors=self.biff_errors)

    def at(self, row: int, column: int) -> Any:
        """The value of a cell, '' outside what the sheet holds."""
        if 0 <= row < len(self.rows):
            values = self.rows[row]
            if 0 <= column < len(values):
                return values[column]
        return ""


@dataclass
class Workbook:
    """Sheets in order. ``far_sheets``: names of those from which far-away cells were left out."""

    sheets: list[Sheet]
    is_1904: bool = False
    far_sheets: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Sheet]:
        return {sheet.name: sheet for sheet in self.sheets}


def read_workbook(data: bytes, parts: Mapping[str, bytes], biff: bytes = b"") -> Workbook:
    """All sheets of a screened .xlsx (``parts``) or .xls (``biff``: its workbook stream); UnreadableError otherwise."""
    try:
        return _read_xlsx(parts) if parts else _read_xls(data, biff)
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(type(error).__name__) from error
    except BaseException as error:
        # A panic inside calamine is a PanicException, which derives from BaseException.
        if type(error).__name__ == "PanicException":
            raise UnreadableError("PanicException") from error
        raise


def _read_xlsx(parts: Mapping[str, bytes]) -> Workbook:
    parts = without_self_check(parts)
    names, is_1904 = sheet_parts(parts)
    far = {name for name in names if name and is_far(parts[name])}
    if far:
        parts = {name: without_far_cells(body) if name in far else body for name, body in parts.items()}
    read = {**parts, **{name: with_merges_first(parts[name]) for name in names if name}}
    sheets, far_sheets = [], []
    for index, (sheet, is_visible, rows) in enumerate(_grids(stored_package(read))):
        part = names[index] if index < len(names) else ""
        xml = parts.get(part, b"")
        if part in far:
            far_sheets.append(sheet.name)
        sheets.append(Sheet(sheet.name, is_visible, rows, sheet.merged_cell_ranges or [], xml))
    return Workbook(sheets, is_1904, tuple(far_sheets))


def _read_xls(data: bytes, biff: bytes) -> Workbook:
    results, is_1904 = _scan_biff(biff)
    sheets = []
    for index, (sheet, is_visible, rows) in enumerate(_grids(data)):
        found = results.get(index, _Results())
        for (row, column), text in found.texts.items():
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = text
        sheets.append(Sheet(sheet.name, is_visible, rows, sheet.merged_cell_ranges or [], biff_errors=found.errors))
    return Workbook(sheets, is_1904)


def _grids(data: bytes) -> Iterator[tuple[Any, bool, list[list[Any]]]]:
    """Each sheet of calamine's with its rows from A1. Dialogue and chart sheets come without rows."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with CalamineWorkbook.from_filelike(BytesIO(data)) as book:  # by content: from_path would trust the extension
        total = 0
        for about in book.sheets_metadata:
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(about.name)
            total += sheet.total_height * sheet.total_width
            if total > MAX_CELLS:
                raise UnreadableError("more cells than any report has")
            # The padding up to A1 is counted in the total above, so that skip_empty_area=False is bounded as well.
            yield sheet, about.visible == SheetVisibleEnum.Visible, sheet.to_python(skip_empty_area=False)


@dataclass
class _Results:
    """What calamine does not give of one BIFF sheet: error cells ('' there) and texts of formulas (0 there)."""

    errors: dict[str, str] = field(default_factory=dict)
    texts: dict[tuple[int, int], str] = field(default_factory=dict)


def _scan_biff(stream: bytes) -> tuple[dict[int, _Results], bool]:
    """Results by sheet number, and the date system."""
    results: dict[int, _Results] = {}
    is_1904, depth, sheet = False, 0, -1
    pending: tuple[int, int] | None = None
    for record, body in records(stream):
        if record == _BOF:
            depth += 1
            if depth == 1 and len(body) >= 4 and body[2] != _GLOBALS:
                sheet += 1
                results[sheet] = _Results()
        elif record == _EOF:
            depth = max(depth - 1, 0)
        elif record == _DATE1904 and len(body) >= 2:
            is_1904 = body[0] == 1
        elif record == _STRING and pending and len(body) >= 3:
            results[sheet].texts[pending], pending = _biff_text(body), None
        elif sheet >= 0 and len(body) >= 8:
            found = results[sheet]
            if record == _BOOLERR and body[7] == 1:
                found.errors[_biff_address(body)] = _BIFF_ERRORS.get(body[6], "#N/A")
            elif record == _FORMULA and body[12:14] == b"\xff\xff":
                pending = _take_result(found, body)
    return results, is_1904


def _take_result(found: _Results, body: bytes) -> tuple[int, int] | None:
    """A formula whose result is no number; the place when its text follows in a record of its own."""
    place: tuple[int, int] = struct.unpack_from("<HH", body)
    if body[6] == _ERROR_RESULT:
        found.errors[_biff_address(body)] = _BIFF_ERRORS.get(body[8], "#N/A")
    elif body[6] == _EMPTY_RESULT:
        found.texts[place] = ""
    return place if body[6] == _TEXT_RESULT else None


def _biff_text(body: bytes) -> str:
    (length,) = struct.unpack_from("<H", body)
    if body[2] & 1:
        return body[3 : 3 + 2 * length].decode("utf-16-le", "replace")
    return body[3 : 3 + length].decode("latin-1")


def _biff_address(body: bytes) -> str:
    row, column = struct.unpack_from("<HH", body)
    return f"{column_letters(column)}{row + 1}"
