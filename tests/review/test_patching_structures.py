"""Sheets as different programs write them: prefixes, missing addresses, empty rows, Strict; what is not understood."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from jinguo.review import returns
from jinguo.review.patching.markup import UnsupportedError
from jinguo.review.patching.package import Package

SHEET, STYLES, WORKBOOK = "xl/worksheets/sheet2.xml", "xl/styles.xml", "xl/workbook.xml"
ROW = b'<row r="2"><c r="A2" t="inlineStr"><is><t>x</t></is></c><c r="B2"><v>12</v></c><c r="D2"><v>5</v></c></row>'


def sheet_with(rows: bytes):
    """Replace sheetData as a whole."""
    return lambda data: re.sub(rb"<sheetData\s*/>|<sheetData>.*</sheetData>", lambda _: rows, data, flags=re.DOTALL)


def prefixed(data: bytes) -> bytes:
    """The same part with every element of the main namespace prefixed, as some generators write it."""
    declared = data.replace(b'xmlns="http://schemas.openxml', b'xmlns:x="http://schemas.openxml', 1)
    return re.sub(rb"<(/?)(?=[A-Za-z])", rb"<\1x:", declared).replace(b"<x:?xml", b"<?xml")


@pytest.fixture
def patched_only(monkeypatch):
    """The slow way is closed: what is asserted was done by patching."""

    def closed(source: bytes) -> bytes:
        raise AssertionError("openpyxl was needed")

    monkeypatch.setattr(returns, "_through_openpyxl", closed)


def filled(data: bytes) -> dict[str, object]:
    """Address → value of the red cells of 01表."""
    sheet = openpyxl.load_workbook(io.BytesIO(data))["01表"]
    return {c.coordinate: c.value for row in sheet.iter_rows() for c in row if c.fill.fgColor.rgb == "FFFFB3B8"}


@pytest.mark.usefixtures("patched_only")
@pytest.mark.parametrize(
    ("rows", "address", "value"),
    [
        (b"<sheetData>" + ROW + b"</sheetData>", "B2", 12),
        (b"<sheetData>" + ROW + b"</sheetData>", "C2", None),
        (b"<sheetData>" + ROW + b"</sheetData>", "AA2", None),
        (b"<sheetData>" + ROW + b"</sheetData>", "B1", None),
        (b"<sheetData>" + ROW + b"</sheetData>", "B9", None),
        (b"<sheetData/>", "D12", None),
        (b"<sheetData></sheetData>", "D12", None),
        (b'<sheetData><row r="2"/></sheetData>', "D2", None),
        (b"<sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row><c/><c><v>4</v></c></row></sheetData>", "B2", 4),
        (b"<sheetData><row><c><v>1</v></c><c><v>2</v></c></row></sheetData>", "D1", None),
        (b'<sheetData><row r="2"><c s="0" r="B2"><v>3</v></c></row></sheetData>', "B2", 3),
        (b"<sheetData><row r='2'><c r='B2' s='0'><v>3</v></c></row></sheetData>", "B2", 3),
        (b'<sheetData><row r="2"><c r="B2"/><c r="C2"><f>B2*2</f><v>0</v></c></row></sheetData>', "B2", None),
    ],
    ids=[
        "a cell", "a gap in a row", "behind the row", "above the rows", "below the rows", "no rows", "no rows, open",
        "an empty row", "no addresses", "no addresses, behind the row", "address not first", "single quotes",
        "empty cell",
    ],
)  # fmt: skip
def test_marks_the_cell_and_only_it(clerk, plain_book, edit_parts, finding, rows, address, value):
    source = edit_parts(plain_book, {SHEET: sheet_with(rows)})
    before = values(source)
    returned = clerk.marked(source, [finding("BN-102", address)])
    assert filled(returned) == {address: value}
    assert {place: v for place, v in values(returned).items() if v is not None} == before


def values(data: bytes) -> dict[str, object]:
    sheet = openpyxl.load_workbook(io.BytesIO(data))["01表"]
    return {c.coordinate: c.value for row in sheet.iter_rows() for c in row if c.value is not None}


@pytest.mark.usefixtures("patched_only")
def test_prefixed_elements(clerk, plain_book, edit_parts, finding):
    source = edit_parts(plain_book, {SHEET: prefixed, STYLES: prefixed})
    returned = clerk.marked(source, [finding("BN-102", "B2"), finding("BN-103", "F7")])
    assert filled(returned) == {"B2": 12, "F7": None}
    again = clerk.marked(returned, [finding("BN-103", "F7")])
    assert filled(again) == {"F7": None}


@pytest.mark.usefixtures("patched_only")
def test_an_absent_cell_takes_the_format_of_its_row_or_column(clerk, plain_book, edit_parts, finding):
    book = openpyxl.load_workbook(io.BytesIO(plain_book))
    book["01表"].column_dimensions["F"].number_format = "0.00"
    book["01表"].row_dimensions[9].number_format = "0.0"
    out = io.BytesIO()
    book.save(out)
    returned = clerk.marked(out.getvalue(), [finding("A", "F3"), finding("B", "G9", cell_id="t01.r02.c4")])
    sheet = openpyxl.load_workbook(io.BytesIO(returned))["01表"]
    assert (sheet["F3"].number_format, sheet["G9"].number_format) == ("0.00", "0.0")


@pytest.mark.usefixtures("patched_only")
def test_several_findings_of_one_cell_make_one_mark(clerk, plain_book, finding):
    findings = [finding("KQ-006", "B2", severity="query"), finding("BN-102", "B2"), finding("X", "B2", severity="info")]
    sheet = openpyxl.load_workbook(io.BytesIO(clerk.marked(plain_book, findings)))["01表"]
    assert sheet["B2"].fill.fgColor.rgb == "FFFFB3B8"
    assert re.findall("【(..)】", sheet["B2"].comment.text) == ["强制", "核实", "提示"]


@pytest.mark.usefixtures("patched_only")
def test_strict_workbooks_are_patched_in_their_own_namespace(clerk, plain_book, edit_parts, parts, finding):
    strict = edit_parts(
        plain_book, {name: as_strict for name in parts(plain_book) if name.startswith(("xl/", "_rels"))}
    )
    after = parts(clerk.marked(strict, [finding("BN-102", "B2")]))
    assert b"purl.oclc.org/ooxml/spreadsheetml/main" in after["xl/worksheets/sheet3.xml"]
    assert re.search(rb'<c r="B2"[^>]* s="[1-9]\d*"', after[SHEET])
    assert b"purl.oclc.org/ooxml/officeDocument/relationships/comments" in after["xl/worksheets/_rels/sheet2.xml.rels"]


def as_strict(data: bytes) -> bytes:
    data = data.replace(
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main"
    )
    return data.replace(
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
    )


@pytest.mark.parametrize(
    "change",
    [
        {SHEET: lambda data: data.replace(b"<sheetData>", b"<!-- made by hand --><sheetData>")},
        {SHEET: sheet_with(b'<sheetData><row r="5"/><row r="2"><c s="0" r="B2"><v>1</v></c></row></sheetData>')},
        {STYLES: lambda data: data.replace(b"</styleSheet>", b"<!-- made by hand --></styleSheet>")},
    ],
    ids=["a comment in the XML", "rows in disorder", "a comment in the styles"],
)
def test_what_is_not_understood_goes_the_slow_way_with_the_same_result(clerk, plain_book, edit_parts, finding, change):
    returned = clerk.marked(edit_parts(plain_book, change), [finding("BN-102", "B2")])
    assert list(filled(returned)) == ["B2"]
    assert openpyxl.load_workbook(io.BytesIO(returned)).sheetnames == ["封面", "问题清单", "01表"]


def test_a_file_that_no_tool_understands_gives_at_least_the_list(clerk, finding):
    returned = clerk.marked(b"PK\x03\x04 cut off", [finding("D14", "", severity="error")])
    assert "问题清单" in openpyxl.load_workbook(io.BytesIO(returned)).sheetnames


def test_a_sheet_or_address_that_is_not_there_is_listed_all_the_same(clerk, plain_book, finding):
    findings = [finding("A", "B2", sheet="没有这张表"), finding("B", "B2:D2"), finding("C", "")]
    returned = openpyxl.load_workbook(io.BytesIO(clerk.marked(plain_book, findings)))
    assert [row[2].value for row in returned["问题清单"].iter_rows(min_row=5)] == ["C", "A", "B"]


def test_a_thread_of_comments_is_left_alone(clerk, plain_book, finding):
    from openpyxl.comments import Comment

    book = openpyxl.load_workbook(io.BytesIO(plain_book))
    book["01表"]["B2"].comment = Comment("[线程批注]", "tc={7A6F}")
    out = io.BytesIO()
    book.save(out)
    sheet = openpyxl.load_workbook(io.BytesIO(clerk.marked(out.getvalue(), [finding("BN-102", "B2")])))["01表"]
    assert (sheet["B2"].comment.text, sheet["B2"].fill.fgColor.rgb) == ("[线程批注]", "FFFFB3B8")


@pytest.mark.parametrize("name", ["xl/Styles.xml", "XL/workbook.xml"])
def test_two_parts_of_one_name_are_not_patched(plain_book, edit_parts, name):
    with pytest.raises(UnsupportedError, match="one name"):
        Package(edit_parts(plain_book, {name: b"<x/>"}))
