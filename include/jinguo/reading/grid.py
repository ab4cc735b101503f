"""A screened file as a workbook of grids, by the reader of its format; bounded before anything large is allocated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from jinguo.intake.packages import stored_package
from jinguo.reading.comments import comments_of, has_comments
from jinguo.reading.crossed import crossed_of
from jinguo.reading.formats import displays_of
from jinguo.reading.markup import Markup, is_far, sheet_parts, with_merges_first, without_far_cells, without_self_check
from jinguo.reading.sheets import MAX_CELLS, Sheet, TooLargeError, UnreadableError, Workbook

if TYPE_CHECKING:
    from jinguo.intake.screening import Screened


def read_workbook(data: bytes, screened: Screened, *, is_suspect: bool = False) -> Workbook:
    """All sheets of a screened file; UnreadableError when no reader can make them out.

    ``is_suspect``: it has ended a reader process before, so that what is usually believed is looked at.
    """
    try:
        return _read(data, screened, is_suspect)
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(type(error).__name__) from error
    except BaseException as error:
        if _is_panic(error):
            raise UnreadableError("PanicException") from error
        raise


def _read(data: bytes, screened: Screened, is_suspect: bool) -> Workbook:
    if screened.format in ("xlsx", "xlsm"):
        return _read_xlsx(screened.parts, is_suspect)
    if screened.format == "xls":
        return _read_xls(data, screened.workbook)
    if screened.format == "xlsb":
        return _read_xlsb(screened.parts)
    if screened.format == "ods":
        from jinguo.reading.opendocument import read_opendocument

        return read_opendocument(screened.parts["content.xml"])
    from jinguo.reading.delimited import read_delimited

    return read_delimited(screened.text, screened.delimiter)


def _read_xlsx(parts: Mapping[str, bytes], is_suspect: bool) -> Workbook:
    parts = without_self_check(parts)
    names, is_1904 = sheet_parts(parts)
    far = {name for name in names if name and is_far(parts[name], is_suspect=is_suspect)}
    if far:
        parts = {name: without_far_cells(body) if name in far else body for name, body in parts.items()}
    read = {**parts, **{name: with_merges_first(parts[name]) for name in names if name}}
    try:
        sheets = _calamine_sheets(read, parts, names)
    except TooLargeError:
        raise
    except BaseException as error:
        if not (isinstance(error, Exception) or _is_panic(error)):
            raise
        from jinguo.reading.second_reader import read_again

        again = None if is_suspect else read_again(parts)
        if again is None:
            raise
        return Workbook(again, is_1904, is_read_again=True)
    far_sheets = [sheet.name for sheet, part in sheets if part in far]
    return Workbook([sheet for sheet, _ in sheets], is_1904, tuple(far_sheets))


def _calamine_sheets(
    read: Mapping[str, bytes], parts: Mapping[str, bytes], names: Sequence[str]
) -> list[tuple[Sheet, str]]:
    """Each sheet of an .xlsx with its part."""
    grids = list(_grids(stored_package(read)))  # first: patterns are for XML that a parser has gone through
    displays, crossed, is_commented = displays_of(parts), crossed_of(parts), has_comments(parts)
    sheets = []
    for index, sheet, is_visible, rows in grids:
        part = names[index] if index < len(names) else ""
        comments = comments_of(parts, part) if is_commented and part else {}
        merges, xml = sheet.merged_cell_ranges or [], parts.get(part, b"")
        found = Sheet(sheet.name, is_visible, rows, merges, xml, comments=comments, displays=displays, crossed=crossed)
        sheets.append((found, part))
    return sheets


def _is_panic(error: BaseException) -> bool:
    """A panic inside calamine is a PanicException, which derives from BaseException."""
    return type(error).__name__ == "PanicException"


def _read_xls(data: bytes, stream: bytes) -> Workbook:
    from jinguo.reading.biff import BiffSheet, scan_biff

    results, is_1904 = scan_biff(stream)
    sheets = []
    for index, sheet, is_visible, rows in _grids(data):
        found = results.get(index, BiffSheet())
        for (row, column), text in found.texts.items():
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = text
        name = found.name or sheet.name
        sheets.append(Sheet(name, is_visible, rows, sheet.merged_cell_ranges or [], found=found.markup))
    return Workbook(sheets, is_1904)


def _read_xlsb(parts: Mapping[str, bytes]) -> Workbook:
    from jinguo.reading.xlsb import scan_xlsb

    found, is_1904 = scan_xlsb(parts)
    sheets = []
    for index, sheet, is_visible, rows in _grids(stored_package(parts)):
        markup = found[index] if index < len(found) else Markup()
        sheets.append(Sheet(sheet.name, is_visible, rows, sheet.merged_cell_ranges or [], found=markup))
    return Workbook(sheets, is_1904)


def _grids(data: bytes) -> Iterator[tuple[int, Any, bool, list[list[Any]]]]:
    """Each sheet of calamine's: its number in the workbook, its rows from A1. Chart and macro sheets are left out."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with CalamineWorkbook.from_filelike(BytesIO(data)) as book:  # by content: from_path would trust the extension
        total = 0
        for index, about in enumerate(book.sheets_metadata):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(about.name)
            total += sheet.total_height * sheet.total_width
            if total > MAX_CELLS:
                raise TooLargeError
            # The padding up to A1 is counted in the total above, so that skip_empty_area=False is bounded as well.
            yield index, sheet, about.visible == SheetVisibleEnum.Visible, sheet.to_python(skip_empty_area=False)
