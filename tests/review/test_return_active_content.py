"""Macros and links to other files are not sent back; the values that the links had last are."""

from __future__ import annotations

import io

import openpyxl
import pytest
from openpyxl.workbook.external_link import ExternalLink
from openpyxl.workbook.external_link.external import ExternalBook

MACRO = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
PLAIN = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
VBA_RELATION = (
    b'<Relationship Id="rId99" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" '
    b'Target="vbaProject.bin"/></Relationships>'
)


@pytest.fixture
def macro_book(plain_book, edit_parts) -> bytes:
    types = b'<Override PartName="/xl/vbaProject.bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
    return edit_parts(
        plain_book,
        {
            "xl/vbaProject.bin": b"Sub Auto_Open()",
            "xl/_rels/workbook.xml.rels": lambda data: data.replace(b"</Relationships>", VBA_RELATION),
            "[Content_Types].xml": lambda data: data.replace(PLAIN, MACRO).replace(b"</Types>", types),
        },
    )


def test_a_workbook_with_macros_comes_back_without(clerk, macro_book, parts, finding):
    after = parts(clerk.marked(macro_book, [finding("BN-102", "B2")], file_format="xlsm"))
    assert not any("vba" in name.lower() for name in after)
    assert b"vba" not in after["[Content_Types].xml"].lower()
    assert b"vba" not in after["xl/_rels/workbook.xml.rels"].lower()
    assert (MACRO in after["[Content_Types].xml"], PLAIN in after["[Content_Types].xml"]) == (False, True)


@pytest.fixture
def linked_book(plain_book, edit_parts) -> bytes:
    """B3 and C3 look into another file (C3 through a shared formula), D3 adds two cells of its own sheet."""
    from openpyxl.packaging.relationship import Relationship

    book = openpyxl.load_workbook(io.BytesIO(plain_book))
    link = ExternalLink(externalBook=ExternalBook(id="rId1"))
    link.file_link = Relationship(type="externalLinkPath", Target="file:///上月.xlsx", TargetMode="External")
    book._external_links.append(link)
    out = io.BytesIO()
    book.save(out)
    cells = (
        b'<c r="B3"><f t="shared" ref="B3:C3" si="0">[1]Sheet1!B5</f><v>41</v></c>'
        b'<c r="C3"><f t="shared" si="0"/><v>42</v></c><c r="D3"><f>B3+C3</f><v>83</v></c></row>'
    )

    def with_formulas(data: bytes) -> bytes:
        start = data.index(b'<c r="C3"')
        return data[:start] + cells + data[data.index(b"</row>", start) + len(b"</row>") :]

    return edit_parts(out.getvalue(), {"xl/worksheets/sheet2.xml": with_formulas})


def test_links_to_other_files_become_their_last_values(clerk, linked_book, parts, finding):
    returned = clerk.marked(linked_book, [finding("BN-102", "B2")])
    after = parts(returned)
    assert not any("externalLink" in name for name in after)
    assert b"externalReference" not in after["xl/workbook.xml"]
    sheet = openpyxl.load_workbook(io.BytesIO(returned))["01表"]
    assert [sheet[place].value for place in ("B3", "C3", "D3")] == [41, 42, "=B3+C3"]
