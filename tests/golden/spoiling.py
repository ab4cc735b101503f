"""One workbook for each defect of schemas' list: a report without a fault, and one fault put into it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

PHOTO = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000")
MACRO_TYPE = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
PLAIN_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MADE_UP_ID = "430102198803150028"  # the check character is not the right one


@dataclass(frozen=True)
class Golden:
    """``spoil`` gets the bytes of the sound report. ``expected``: (rule id, severity, cell) of what must be found.

    ``state``: of the file. ``receipt``: parts of the (cell, raw, value, how) of an interpretation. ``says``: a part of
    the message. ``is_alone``: nothing else is found.
    """

    defect: str
    spoil: Callable[[bytes], bytes]
    state: str
    expected: tuple[tuple[str, str, str], ...] = ()
    receipt: tuple[str, str, str, str] | None = None
    says: str = ""
    name: str = "报表.xlsx"
    is_alone: bool = True


def edited(change: Callable[[openpyxl.Workbook], Any]) -> Callable[[bytes], bytes]:
    """``change`` is made with openpyxl, as other software would."""

    def spoil(data: bytes) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(data))
        change(book)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return spoil


def typed(sheet: str, cells: Mapping[str, object]) -> Callable[[bytes], bytes]:
    """Cells of one sheet typed over."""

    def change(book: openpyxl.Workbook) -> None:
        for address, value in cells.items():
            book[sheet][address] = value
            if isinstance(value, str) and value.startswith("="):
                book[sheet][address].data_type = "s" if value[1:2].isdigit() else "f"

    return edited(change)


def repacked(change: Callable[[dict[str, bytes]], Any]) -> Callable[[bytes], bytes]:
    """``change`` is made to the parts of the package."""

    def spoil(data: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = {name: package.read(name) for name in package.namelist()}
        change(parts)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
            for name, body in parts.items():
                package.writestr(name, body)
        return out.getvalue()

    return spoil


def document(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, body in parts.items():
            package.writestr(name, body)
    return out.getvalue()


def add_macros(parts: dict[str, bytes]) -> None:
    parts["xl/vbaProject.bin"] = b"\xd0\xcf\x11\xe0"
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(PLAIN_TYPE, MACRO_TYPE)


def add_picture(parts: dict[str, bytes]) -> None:
    parts["xl/media/image1.png"] = PHOTO


def link_outside(parts: dict[str, bytes]) -> None:
    parts["xl/externalLinks/externalLink1.xml"] = b"<externalLink/>"


def insert_row(sheet: str, at: int, count: int = 1) -> Callable[[bytes], bytes]:
    """Rows put in as a spreadsheet does; formulas, which openpyxl does not move, as figures."""

    def change(book: openpyxl.Workbook) -> None:
        page = book[sheet]
        for merged in list(page.merged_cells.ranges):
            page.unmerge_cells(str(merged))
        page.insert_rows(at, count)
        for row in page.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    cell.value = shifted(cell.value, at, count)

    return edited(change)


def shifted(formula: str, at: int, count: int) -> str:
    """A formula of the same sheet after ``count`` rows were put in at row ``at``."""

    def move(match: re.Match[str]) -> str:
        row = int(match[2])
        return match[1] + str(row + count if row >= at else row)

    return re.sub(r"(?<![A-Za-z_!])(\$?[A-Z]{1,2}\$?)(\d+)", move, formula) if "!" not in formula else formula


def swap_columns(sheet: str, first: int, second: int) -> Callable[[bytes], bytes]:
    def change(book: openpyxl.Workbook) -> None:
        for row in range(7, book[sheet].max_row + 1):
            one, two = book[sheet].cell(row, first), book[sheet].cell(row, second)
            if not isinstance(one, openpyxl.cell.cell.MergedCell) and not isinstance(
                two, openpyxl.cell.cell.MergedCell
            ):
                one.value, two.value = two.value, one.value

    return edited(change)


def add_sheet(name: str, rows: list[list[object]], state: str = "visible") -> Callable[[bytes], bytes]:
    def change(book: openpyxl.Workbook) -> None:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = state

    return edited(change)


def copy_of(sheet: str, title: str, cells: Mapping[str, object]) -> Callable[[bytes], bytes]:
    def change(book: openpyxl.Workbook) -> None:
        copy = book.copy_worksheet(book[sheet])
        copy.title = title
        for address, value in cells.items():
            copy[address] = value

    return edited(change)


def count_from_1904(book: openpyxl.Workbook) -> None:
    book.epoch = CALENDAR_MAC_1904


def anonymous(unit: str, code: str = "") -> Callable[[bytes], bytes]:
    """Without the hidden block and the heads: only the cover says whose report it is."""

    def change(book: openpyxl.Workbook) -> None:
        del book["_jinguo"]
        book["封面"]["C5"], book["封面"]["C6"], book["封面"]["C7"] = unit, code, None
        for sheet in book.worksheets[1:]:
            for row in sheet.iter_rows(max_row=6):
                for cell in row:
                    if str(cell.value or "").startswith(("填报单位", "代码")):
                        cell.value = None

    return edited(change)


def displayed(number_format: str, value: float | None = None, at: str = "E10") -> Callable[[bytes], bytes]:
    """A figure of 01表, its own unless another is given, that the screen shows as something else."""

    def change(book: openpyxl.Workbook) -> None:
        cell = book["01表"][at]
        cell.number_format = number_format
        if value is not None:
            cell.value = value

    return edited(change)


def retyped(how: Callable[[int], object]) -> Callable[[bytes], bytes]:
    """E10 of 01表 with its own figure written in another way."""

    def change(book: openpyxl.Workbook) -> None:
        cell = book["01表"]["E10"]
        cell.value = how(int(cell.value))

    return edited(change)


def encrypted(data: bytes) -> bytes:
    from msoffcrypto.format.ooxml import OOXMLFile

    out = io.BytesIO()
    OOXMLFile(io.BytesIO(data)).encrypt("123", out)
    return out.getvalue()
