"""Rows written past XlsxWriter: the cells that it would have written, and nobody's text a formula."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from jinguo.release.bulk_rows import BulkRows, Look, fill_in

NUMBER, MARK, EMPTY = range(3)
ROWS = 150  # more than are made at a time
NAMES = ["=1+1", "a & b <c>", " 前后有空格 ", "100%", "%s"]


@pytest.fixture(scope="module")
def filled() -> SimpleNamespace:
    """A sheet with a heading and 150 rows of three chosen columns, and another sheet behind it."""
    skeleton, target = io.BytesIO(), io.BytesIO()
    workbook = xlsxwriter.Workbook(skeleton, {"constant_memory": True})
    styles = SimpleNamespace(
        label=workbook.add_format({"indent": 1}),
        number=workbook.add_format({"num_format": "#,##0.0"}),
        mark=workbook.add_format({"bold": True}),
    )
    looks = [Look(styles.number, is_number=True), Look(styles.mark, text="50% & —"), Look(styles.mark)]
    numbers = np.arange(ROWS * 4).reshape(ROWS, 4) * 500 - 1000
    kinds = np.array([[NUMBER, NUMBER, EMPTY, NUMBER], [MARK, NUMBER, NUMBER, EMPTY]] * (ROWS // 2))
    rows = BulkRows(
        first=2,
        height=24,
        labels=[(NAMES[row % len(NAMES)],) for row in range(ROWS)],
        label_styles=(styles.label,),
        numbers=numbers,
        kinds=kinds,
        columns=[3, 0, 2],
        looks=[looks] * 3,
    )
    sheet = workbook.add_worksheet("数")
    sheet.write_string(0, 0, "标题")
    sheet.freeze_panes(2, 1)
    rows.mark(sheet)
    workbook.add_worksheet("后").write_string(0, 0, "后面的表")
    workbook.close()
    fill_in(skeleton, target, {"xl/worksheets/sheet1.xml": rows})
    return SimpleNamespace(skeleton=skeleton, rows=rows, kinds=kinds, numbers=numbers, data=target.getvalue())


def test_every_cell_is_there_in_its_place_and_kind(filled):
    sheet = openpyxl.load_workbook(io.BytesIO(filled.data))["数"]
    assert sheet.dimensions == f"A1:D{2 + ROWS}"
    shown = {NUMBER: lambda number: number / 1000, MARK: lambda _: "50% & —", EMPTY: lambda _: None}
    for row in range(ROWS):
        name, *cells = [cell.value for cell in sheet[3 + row]]
        assert name == NAMES[row % len(NAMES)]
        expected = [shown[filled.kinds[row, at]](filled.numbers[row, at]) for at in (3, 0, 2)]
        assert cells == expected, row


def test_cells_keep_their_formats_and_rows_their_height(filled):
    sheet = openpyxl.load_workbook(io.BytesIO(filled.data))["数"]
    assert (sheet["A3"].alignment.indent, sheet["B3"].number_format, sheet["C4"].font.bold) == (1, "#,##0.0", True)
    assert {sheet.row_dimensions[row].height for row in (3, 2 + ROWS)} == {24}
    assert not [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_the_rest_of_the_workbook_stays(filled):
    book = openpyxl.load_workbook(io.BytesIO(filled.data))
    assert (book["数"]["A1"].value, book["数"].freeze_panes, book["后"]["A1"].value) == ("标题", "B3", "后面的表")


def test_the_same_rows_give_the_same_bytes(filled):
    again = io.BytesIO()
    fill_in(filled.skeleton, again, {"xl/worksheets/sheet1.xml": filled.rows})
    assert again.getvalue() == filled.data
