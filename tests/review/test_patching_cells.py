"""For any sheet: exactly the wanted cells change their format, and nothing else changes at all."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinguo.review.patching.cells import SheetCells, column_letters, split_address
from jinguo.review.patching.markup import UnsupportedError

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHIFT = 100  # what the test's restyling adds to a format

places = st.tuples(st.integers(1, 30), st.integers(1, 30))


@st.composite
def sheets(draw) -> tuple[bytes, dict[tuple[int, int], int]]:
    """A sheet's XML and its cells' formats; addresses are left out here and there where they follow by themselves."""
    prefix = draw(st.sampled_from(["", "x:"]))
    cells = draw(st.dictionaries(places, st.integers(0, 9), max_size=25))
    rows, last_row = [], 0
    for row in sorted({row for row, _ in cells}):
        columns, last_column = [], 0
        for column in sorted(column for r, column in cells if r == row):
            may_omit = column == last_column + 1 and draw(st.booleans())
            address = "" if may_omit else f' r="{column_letters(column)}{row}"'
            style = f' s="{cells[row, column]}"' if cells[row, column] or draw(st.booleans()) else ""
            attributes = draw(st.permutations([address, style, ' t="n"']))
            end = draw(st.sampled_from(["/>", f"><{prefix}v>{row}</{prefix}v></{prefix}c>", f"></{prefix}c>"]))
            columns.append(f"<{prefix}c{''.join(attributes)}{end}")
            last_column = column
        may_omit = row == last_row + 1 and draw(st.booleans())
        number = "" if may_omit else f' r="{row}"'
        rows.append(f'<{prefix}row{number} ht="20">{"".join(columns)}</{prefix}row>')
        last_row = row
    name = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    body = f"<{prefix}sheetData>{''.join(rows)}</{prefix}sheetData>" if rows else f"<{prefix}sheetData/>"
    return f'<{prefix}worksheet {name}="{NAMESPACE}">{body}</{prefix}worksheet>'.encode(), cells


def formats_in(data: bytes) -> dict[tuple[int, int], int]:
    """(row, column) → format, addresses worked out as a reader does."""
    found, last_row = {}, 0
    for row in ElementTree.fromstring(data).iter(f"{{{NAMESPACE}}}row"):  # noqa: S314 - our own text
        last_row = int(row.get("r", last_row + 1))
        last_column = 0
        for cell in row:
            place = split_address(cell.get("r")) if cell.get("r") else (last_row, last_column + 1)
            assert place not in found
            assert place[0] == last_row
            assert place[1] > last_column
            last_column = place[1]
            found[place] = int(cell.get("s", 0))
    return found


@settings(max_examples=150, deadline=None)
@given(sheet=sheets(), wanted=st.sets(places, min_size=1, max_size=8))
def test_exactly_the_wanted_cells_change(sheet, wanted):
    data, cells = sheet
    changed = SheetCells(data, "sheet1.xml")
    changed.restyle({f"{column_letters(column)}{row}": lambda base: base + SHIFT for row, column in wanted})
    assert formats_in(changed.to_bytes()) == cells | {place: cells.get(place, 0) + SHIFT for place in wanted}
    assert changed.to_bytes().count(b"v>") == data.count(b"v>")
    assert set(changed.marked({SHIFT, *range(SHIFT, SHIFT + 10)})) == {
        f"{column_letters(column)}{row}" for row, column in wanted
    }


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="3"/><row r="2"/>',
        b'<row r="2"><c r="C2"/><c r="B2" s="1"/></row>',
        b'<row r="2"><c r="A2"/><c r="A2"/></row>',
        b'<row r="0"/>',
        b'<row r="2"><c r="A2"></row>',
        b'<row r="2"><c r="A2"/>',
    ],
    ids=["rows in disorder", "cells in disorder", "a cell twice", "row 0", "an open cell", "an open row"],
)
def test_disorder_is_not_touched(rows):
    data = b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (NAMESPACE.encode(), rows)
    with pytest.raises(UnsupportedError):
        SheetCells(data, "sheet1.xml").restyle({"F2": lambda base: base + SHIFT})
