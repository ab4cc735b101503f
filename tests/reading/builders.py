"""Workbooks in formats that no library here writes, made from the cells of an .xlsx."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl
import xlwt
from openpyxl.utils import range_boundaries
from xlwt.CompoundDoc import XlsDoc

_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_EPOCH = dt.date(1899, 12, 30)


def xls_of(data: bytes, formulas: Mapping[tuple[str, str], str] | None = None) -> bytes:
    """A BIFF8 .xls: results of formulas, except for ``formulas``, which are written without a result."""
    source = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    book = xlwt.Workbook()
    date = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for sheet in source.worksheets:
        target = book.add_sheet(sheet.title)
        target.visibility = 2 if sheet.sheet_state == "veryHidden" else 0
        for row in sheet.iter_rows():
            for cell in row:
                value = cell.value
                if formula := (formulas or {}).get((sheet.title, cell.coordinate)):
                    value = xlwt.Formula(formula)
                if value not in (None, ""):
                    target.write(cell.row - 1, cell.column - 1, value, *([date] if cell.is_date else []))
        for merged in sheet.merged_cells.ranges:
            left, top, right, bottom = range_boundaries(str(merged))
            target.merge(top - 1, bottom - 1, left - 1, right - 1)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def biff5_of(sheets: Mapping[str, Mapping[tuple[int, int], Any]]) -> bytes:
    """An .xls of Excel 95 in code page 936. A value is a number, a text, or (result, tokens) of a formula."""
    streams = {name: _biff5_sheet(cells) for name, cells in sheets.items()}
    lengths = sum(4 + 7 + len(name.encode("gb18030")) for name in streams)
    position = 8 + 4 + 6 + lengths + 4  # BOF, CODEPAGE, the list of sheets, EOF
    body = _biff(0x0809, struct.pack("<HHI", 0x0500, 5, 0)) + _biff(0x42, struct.pack("<H", 936))
    for name, stream in streams.items():
        raw = name.encode("gb18030")
        body += _biff(0x85, struct.pack("<IBBB", position, 0, 0, len(raw)) + raw)
        position += len(stream)
    body += _biff(0x0A, b"") + b"".join(streams.values())
    buffer = io.BytesIO()
    XlsDoc().save(buffer, body)
    old = "Workbook".encode("utf-16-le") + bytes(48) + struct.pack("<H", 18)
    return buffer.getvalue().replace(old, "Book".encode("utf-16-le") + bytes(56) + struct.pack("<H", 10))


def _biff5_sheet(cells: Mapping[tuple[int, int], Any]) -> bytes:
    body = _biff(0x0809, struct.pack("<HHI", 0x0500, 0x10, 0))
    for (row, column), value in sorted(cells.items()):
        place = struct.pack("<HHH", row, column, 0)
        if isinstance(value, str):
            raw = value.encode("gb18030")
            body += _biff(0x0204, place + struct.pack("<H", len(raw)) + raw)
        elif isinstance(value, tuple):
            result, tokens = value
            body += _biff(0x0006, place + struct.pack("<dHIH", result, 0, 0, len(tokens)) + tokens)
        else:
            body += _biff(0x0203, place + struct.pack("<d", value))
    return body + _biff(0x0A, b"")


def _biff(record: int, body: bytes) -> bytes:
    return struct.pack("<HH", record, len(body)) + body


def ods_of(data: bytes, *, pretty: bool = True, formulas: Mapping[tuple[str, str], str] | None = None) -> bytes:
    """An .ods; ``pretty`` puts white space between all elements. ``formulas`` stand there without a result."""
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    gap = "\n   " if pretty else ""
    tables = gap.join(_ods_table(sheet, gap, formulas or {}) for sheet in book.worksheets)
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    hidden = '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/>'
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}>{gap}'
        f"<office:automatic-styles>{hidden}</style:style></office:automatic-styles>{gap}<office:body><office:spreadsheet>{gap}{tables}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return _zip(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content.encode(),
            "META-INF/manifest.xml": b"<manifest/>",
        }
    )


def _ods_table(sheet: Any, gap: str, formulas: Mapping[tuple[str, str], str]) -> str:
    style = ' table:style-name="h"' if sheet.sheet_state != "visible" else ""
    spans = {}
    for merged in sheet.merged_cells.ranges:
        left, top, right, bottom = range_boundaries(str(merged))
        rows, columns = bottom - top + 1, right - left + 1
        spans[top, left] = f' table:number-rows-spanned="{rows}" table:number-columns-spanned="{columns}"'
    rows = []
    for row in sheet.iter_rows():
        cells = [_ods_cell(sheet, cell, spans, formulas) for cell in row]
        rows.append(f"<table:table-row>{gap}{gap.join(cells)}{gap}</table:table-row>")
    padding = '<table:table-row table:number-rows-repeated="1000000"><table:table-cell/></table:table-row>'
    return f"<table:table table:name={quoteattr(sheet.title)}{style}>{gap}{gap.join(rows)}{gap}{padding}</table:table>"


def _ods_cell(sheet: Any, cell: Any, spans: Mapping[Any, str], formulas: Mapping[tuple[str, str], str]) -> str:
    span = spans.get((cell.row, cell.column), "")
    if formula := formulas.get((sheet.title, cell.coordinate)):
        return f"<table:table-cell{span} table:formula={quoteattr(formula)}/>"
    value = cell.value
    if value is None or value == "":
        return f"<table:table-cell{span}/>"
    if isinstance(value, int | float):
        kind, text = f'office:value-type="float" office:value="{value!r}"', str(value)
    elif isinstance(value, dt.date):
        kind, text = f'office:value-type="date" office:date-value="{value:%Y-%m-%d}"', str(value)
    else:
        kind, text = 'office:value-type="string"', str(value)
    paragraphs = "".join(f"<text:p>{escape(line)}</text:p>" for line in text.split("\n"))
    return f"<table:table-cell{span} {kind}>{paragraphs}</table:table-cell>"


def xlsb_of(data: bytes, formulas: Mapping[tuple[str, str], tuple[float, bytes]] | None = None) -> bytes:
    """An .xlsb; ``formulas``: result and tokens."""
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    entries, sheets, relations = {}, b"", []
    for number, sheet in enumerate(book.worksheets, start=1):
        state = 0 if sheet.sheet_state == "visible" else 2
        key = f"rId{number}"
        sheets += _bin(156, struct.pack("<II", state, number) + _wide(key) + _wide(sheet.title))
        relations.append((key, "worksheet", f"worksheets/sheet{number}.bin"))
        entries[f"xl/worksheets/sheet{number}.bin"] = _xlsb_sheet(sheet, formulas or {})
    relations.append(("rIdS", "styles", "styles.bin"))
    links = _bin(353, b"") + _bin(357, b"") + _bin(362, struct.pack("<Iiii", 1, 0, 0, 0)) + _bin(354, b"")
    entries["xl/workbook.bin"] = (
        _bin(131, b"") + _bin(153, bytes(8)) + _bin(143, b"") + sheets + _bin(144, b"") + links + _bin(132, b"")
    )
    date_style = bytes(2) + struct.pack("<H", 14) + bytes(12)
    entries["xl/styles.bin"] = (
        _bin(278, b"") + _bin(617, struct.pack("<I", 2)) + _bin(47, bytes(16)) + _bin(47, date_style) + _bin(618, b"")
    )
    entries["xl/_rels/workbook.bin.rels"] = _relations(relations)
    entries["_rels/.rels"] = _relations([("rId1", "officeDocument", "xl/workbook.bin")])
    entries["[Content_Types].xml"] = b"<Types/>"
    return _zip(entries)


def _xlsb_sheet(sheet: Any, formulas: Mapping[tuple[str, str], tuple[float, bytes]]) -> bytes:
    body = (
        _bin(129, b"") + _bin(148, struct.pack("<IIII", 0, sheet.max_row - 1, 0, sheet.max_column - 1)) + _bin(145, b"")
    )
    for row in sheet.iter_rows():
        body += _bin(0, struct.pack("<IIHBBB", row[0].row - 1, 0, 300, 0, 0, 0) + struct.pack("<I", 0))
        for cell in row:
            body += _xlsb_cell(cell, formulas.get((sheet.title, cell.coordinate)))
    return body + _bin(146, b"") + _merges(sheet) + _bin(130, b"")


def _xlsb_cell(cell: Any, formula: tuple[float, bytes] | None) -> bytes:
    value = cell.value
    style = 1 if isinstance(value, dt.date) else 0
    place = struct.pack("<II", cell.column - 1, style)
    if formula:
        result, tokens = formula
        return _bin(9, place + struct.pack("<dHI", result, 0, len(tokens)) + tokens + bytes(4))
    if value is None or value == "":
        return b""
    if isinstance(value, str):
        return _bin(6, place + _wide(value))
    if isinstance(value, dt.date):
        value = value.toordinal() - _EPOCH.toordinal()
    return _bin(5, place + struct.pack("<d", value))


def _merges(sheet: Any) -> bytes:
    merges = b""
    for merged in sheet.merged_cells.ranges:
        left, top, right, bottom = range_boundaries(str(merged))
        merges += _bin(176, struct.pack("<IIII", top - 1, bottom - 1, left - 1, right - 1))
    return _bin(177, struct.pack("<I", len(sheet.merged_cells.ranges))) + merges + _bin(178, b"") if merges else b""


def _bin(record: int, body: bytes) -> bytes:
    return bytes(_seven_bits(record)) + bytes(_seven_bits(len(body))) + body


def _seven_bits(number: int) -> Iterator[int]:
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number


def _wide(text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return struct.pack("<I", len(raw) // 2) + raw


def _relations(relations: Iterable[tuple[str, str, str]]) -> bytes:
    lines = "".join(
        f'<Relationship Id="{key}" Type="{_RELATIONS}/{kind}" Target="{to}"/>' for key, kind, to in relations
    )
    return f'<Relationships xmlns="{_PACKAGE_RELATIONS}">{lines}</Relationships>'.encode()


def _zip(entries: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)
    return buffer.getvalue()
