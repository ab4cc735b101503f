"""Merged areas are put before the cells for calamine's sake: it must find the same areas and the same values."""

from __future__ import annotations

import io
import zipfile

import pytest
from jinguo.intake.packages import stored_package
from jinguo.reading.markup import with_merges_first
from python_calamine import CalamineWorkbook

SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CELLS = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="3"><c r="C3"><v>2</v></c></row></sheetData>'
MERGES = '<mergeCells count="1"><mergeCell ref="A1:B2"/></mergeCells>'
FOUND = [((0, 0), (1, 1))]


@pytest.fixture(scope="module")
def parts(city):
    with zipfile.ZipFile(io.BytesIO(city)) as package:
        return {name: package.read(name) for name in package.namelist()}


def sheet(body, *, prefix=""):
    attribute = f"xmlns:{prefix}" if prefix else "xmlns"
    name = f"{prefix}:worksheet" if prefix else "worksheet"
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} {attribute}="{MAIN}">{body}</{name}>'.encode()


def areas_and_rows(parts, xml):
    book = CalamineWorkbook.from_filelike(io.BytesIO(stored_package({**parts, SHEET: xml})))
    found = book.get_sheet_by_index(0)
    return found.merged_cell_ranges, found.to_python(skip_empty_area=False)


@pytest.mark.parametrize(
    ("body", "prefix", "found"),
    [
        (CELLS + MERGES, "", FOUND),
        (CELLS, "", []),
        (CELLS + '<mergeCells count="0"/>', "", []),
        (CELLS + "<autoFilter ref='A1:C3'/>" + MERGES + '<pageMargins left="1"/>', "", FOUND),
        ((CELLS + MERGES).replace("<", "<x:").replace("<x:/", "</x:"), "x", FOUND),
        (MERGES + CELLS, "", FOUND),
        (CELLS + "<!-- <mergeCells></mergeCells> -->" + MERGES, "", FOUND),
        ("<sheetData/>" + MERGES, "", FOUND),
    ],
    ids=["usual", "none", "empty", "others around", "prefixed", "before", "after a comment", "without cells"],
)
def test_the_same_areas_and_values_are_found(parts, body, prefix, found):
    xml = sheet(body, prefix=prefix)
    assert areas_and_rows(parts, with_merges_first(xml)) == areas_and_rows(parts, xml)
    assert areas_and_rows(parts, xml)[0] == found


def test_the_sheets_of_a_template(parts):
    sheets = [xml for name, xml in parts.items() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) > 5
    for xml in sheets:
        assert with_merges_first(xml) != xml
        assert areas_and_rows(parts, with_merges_first(xml)) == areas_and_rows(parts, xml)
