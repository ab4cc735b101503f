"""Every format that is read gives the same figures, formulas and errors as the .xlsx it was made from."""

from __future__ import annotations

import io
import re
import shutil
import struct
import subprocess
import zipfile

import numpy as np
import openpyxl
import pytest
from jinguo.intake.screening import screen
from jinguo.reading.delimited import read_delimited
from jinguo.reading.formulas import linear_form
from jinguo.reading.grid import read_workbook
from jinguo.reading.model import CellState
from jinguo.reading.opendocument import plain_formula
from jinguo.reading.sheets import UnreadableError
from jinguo.reading.tokens import Dialect, formula_text

from .builders import biff5_of, ods_of, xls_of, xlsb_of
from .conftest import place, problems

G10 = "D10+E10-F10"


def number(reading, form, cell_id):
    return reading.numbers[form.cell_by_id[cell_id].index]


def open_sheets(name, data):
    return read_workbook(data, screen(name, data))


def is_same(one, other):
    return np.array_equal(one.numbers, other.numbers, equal_nan=True) and np.array_equal(one.states, other.states)


@pytest.mark.parametrize("name", ["长沙.xls", "长沙.et", "长沙.xlsb", "长沙.ods", "长沙.xlsx"])
@pytest.mark.parametrize("builder", [xls_of, xlsb_of, ods_of], ids=lambda builder: builder.__name__)
def test_the_same_report_whatever_format_and_name(city, read, builder, name):
    ours, theirs = read(city), read(builder(city), name)
    assert is_same(theirs, ours)
    assert theirs.cover == ours.cover
    assert theirs.unit_code == "430100"
    assert {problem.rule_id for problem in theirs.problems} <= {"D01", "D02"}


@pytest.mark.parametrize("pretty", [False, True])
def test_an_ods_is_read_however_it_is_printed(city, read, pretty):
    assert is_same(read(ods_of(city, pretty=pretty), "a.ods"), read(city))


def reference(row, column, wide):
    return b"\x44" + struct.pack("<IH" if wide else "<HH", row, column | 0xC000)


def difference_tokens(*, wide):
    """G10 of 01表 as the template has it."""
    cells = (reference(9, column, wide) for column in (3, 4, 5))
    return b"".join((next(cells), next(cells), b"\x03", next(cells), b"\x04"))


def test_formulas_around_a_written_number_are_recomputed(city, read, edit, form):
    """A program computes a total around “56支” without it; the total in the file is not what was typed."""
    plain = read(edit(city, {("01表", "E10"): 56}))
    written = edit(city, {("01表", "E10"): "56支"})
    stale = {("01表", "G10"): (99.0, difference_tokens(wide=True))}
    unsaved = {("01表", "G10"): G10}
    for name, data in {
        "a.xls": xls_of(written, unsaved),
        "a.xlsb": xlsb_of(written, stale),
        "a.ods": ods_of(written, formulas={("01表", "G10"): "of:=[.D10]+[.E10]-[.F10]"}),
    }.items():
        reading = read(data, name)
        assert number(reading, form, "t01.r02.c2") == 56_000, name
        assert number(reading, form, "t01.r02.c4") == number(plain, form, "t01.r02.c4"), name


def test_a_stale_result_in_an_xlsb_is_said(city, read):
    reading = read(xlsb_of(city, {("01表", "G10"): (99.0, difference_tokens(wide=True))}), "a.xlsb")
    (problem,) = [problem for problem in reading.problems if problem.rule_id == "D29"]
    assert (problem.cell, problem.value, problem.details["how"]) == ("G10", "99", "未重新计算")


def test_an_xls_of_excel_95_has_chinese_texts_and_formulas():
    tokens = b"\x44" + struct.pack("<HB", 0xC000, 0) + b"\x44" + struct.pack("<HB", 0xC001, 0) + b"\x03"
    area = b"\x25" + struct.pack("<HHBB", 0, 1, 0, 0) + b"\x42\x01\x04\x00"
    cells = {(0, 0): 3.0, (1, 0): 4.0, (2, 0): (7.0, tokens), (3, 0): (7.0, area), (0, 1): "浏阳市妇联"}
    book = open_sheets("旧.xls", biff5_of({"01表": cells, "02表": {(0, 0): "第二张"}}))
    assert [sheet.name for sheet in book.sheets] == ["01表", "02表"]
    first = book.sheets[0]
    assert (first.at(0, 1), first.at(2, 0)) == ("浏阳市妇联", 7.0)
    assert {address: formula.text for address, formula in first.markup.formulas.items()} == {
        "A3": "A1+A2",
        "A4": "SUM(A1:A2)",
    }


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (b"\x1e\x05\x00\x1e\x03\x00\x05", "5*3"),
        (reference(9, 3, False) + b"\x19\x10\x00\x00", "SUM(D10)"),
        (b"\x25" + struct.pack("<HHHH", 8, 9, 0xC003, 0xC004) + b"\x42\x01\x04\x00", "SUM(D9:E10)"),
        (b"\x5a" + struct.pack("<HHH", 1, 1, 1), "'_jinguo'!B2"),
        (b"\x4c" + struct.pack("<HH", 0xFFFF, 0xC0FF), "A1"),
        (b"\x42\x01\x01\x00", None),
        (b"\x1e\x05", None),
        (b"\x03", None),
        (b"\x17\x01\x00a", None),
    ],
    ids=["product", "autosum", "area", "other sheet", "shared", "IF", "cut off", "no operands", "text"],
)
def test_compiled_formulas(tokens, text):
    assert formula_text(tokens, Dialect(sheets=("", "_jinguo")), 1, 1) == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("of:=SUM([.E10:.E11])", "SUM(E10:E11)"),
        ("of:=[.D9]+[.E9]-[.F9]", "D9+E9-F9"),
        ("of:=[$_jinguo.$B$12]+[.E9]", "'_jinguo'!$B$12+E9"),
        ("of:=SUM([.E10];[.E11])", "SUM(E10,E11)"),
        ("oooc:=[.A1]", "A1"),
    ],
)
def test_formulas_of_an_ods(written, text):
    assert plain_formula(written) == text
    assert linear_form(text) is not None


ERRORS = {"A1": "#N/A", "A2": "#DIV/0!", "A3": "#VALUE!", "A4": "#REF!"}


def ods_with_errors():
    cells = "".join(
        '<table:table-row><table:table-cell table:formula="of:=1" office:value-type="string" '
        f'calcext:value-type="error"><text:p>{error}</text:p></table:table-cell></table:table-row>'
        for error in ERRORS.values()
    )
    extended = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    source = zipfile.ZipFile(io.BytesIO(ods_of(one_cell())))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            if name == "content.xml":
                body = body.replace(b"<table:table-row>", cells.encode() + b"<table:table-row>", 1)
                body = body.replace(b"<office:document-content", f"<office:document-content {extended}".encode(), 1)
            target.writestr(name, body)
    return buffer.getvalue()


def one_cell():
    book = openpyxl.Workbook()
    book.active["A1"] = 1
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_errors_in_an_ods_are_errors_not_blanks():
    (sheet,) = open_sheets("a.ods", ods_with_errors()).sheets
    assert sheet.markup.errors == ERRORS
    assert [sheet.at(row, 0) for row in range(5)] == ["", "", "", "", 1.0]


def test_a_strict_workbook_and_one_with_dates_from_1904(city, read):
    def rewritten(change):
        buffer = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(city)) as source, zipfile.ZipFile(buffer, "w") as target:
            for name in source.namelist():
                body = source.read(name)
                target.writestr(name, change(name, body.decode()) if name.endswith((".xml", ".rels")) else body)
        return buffer.getvalue()

    def strict(name, text):
        text = text.replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"
        )
        return text.replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        )

    def from_1904(name, text):
        return re.sub(r"<workbookPr ", '<workbookPr date1904="1" ', text) if name == "xl/workbook.xml" else text

    assert is_same(read(rewritten(strict)), read(city))
    assert read(rewritten(strict)).problems == []
    later = read(rewritten(from_1904))
    assert later.cover["sent_date"] == "2030-10-04"
    assert place(later, "D39") == [("", "")]


def test_hidden_rows_columns_and_sheets_are_said(city, read, edit):
    def hide(book):
        book["01表"].row_dimensions[10].hidden = True
        book["02表"].column_dimensions["D"].hidden = True
        book["03表"].sheet_state = "hidden"

    assert place(read(edit(city, change=hide)), "D37") == [("01表", ""), ("02表", ""), ("03表", "")]


@pytest.fixture(scope="module")
def converted(city, edit, tmp_path_factory):
    """The city's report with a written number, as LibreOffice saves it: by extension."""
    soffice = shutil.which("soffice")
    assert soffice, "LibreOffice is needed: apt-get install libreoffice-calc"
    folder = tmp_path_factory.mktemp("soffice")
    (folder / "report.xlsx").write_bytes(edit(city, {("01表", "E10"): "56支", ("01表", "E11"): "=1/0"}))
    made = {}
    for filter_ in ("xls", "ods", "fods", "html"):
        command = [soffice, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", filter_]
        subprocess.run([*command, "--outdir", folder, folder / "report.xlsx"], check=True, capture_output=True)
        made[filter_] = (folder / f"report.{filter_}").read_bytes()
    return made


@pytest.mark.slow
@pytest.mark.parametrize("extension", ["xls", "ods"])
def test_a_report_saved_by_libreoffice(city, converted, read, edit, form, extension):
    plain = read(edit(city, {("01表", "E10"): 56, ("01表", "E11"): "不是数"}))
    reading = read(converted[extension], f"长沙.{extension}")
    assert number(reading, form, "t01.r02.c4") == number(plain, form, "t01.r02.c4")
    assert is_same(reading, plain)
    assert place(reading, "D31") == [("01表", "E11")]
    shown = {problem.details["how"] for problem in reading.problems if problem.rule_id == "D29"}
    assert shown == {"未重新计算"}


@pytest.mark.slow
def test_tables_that_look_like_workbooks_are_named(converted, read):
    for extension, kind in {"fods": "单文件OpenDocument表格(.fods)", "html": "网页格式的表格"}.items():
        reading = read(converted[extension], "长沙.xls")
        assert [(p.rule_id, p.details["kind"]) for p in reading.problems] == [("D19", kind)]


def test_a_csv_is_one_table_of_a_unit(city, read, form):
    sheet = open_sheets("a.xlsx", city).by_name["01表"]
    rows = [[f"{value:g}" if type(value) is float else str(value) for value in row] for row in sheet.rows]
    text = "".join("\t".join(f'"{value}"' for value in row) + "\r\n" for row in rows)
    reading = read(text.encode("gb18030"), "01表.csv")
    assert (reading.status, reading.unit_code, reading.period) == ("read", "430100", "2026-09")
    for cell in form.cells:
        if cell.table == "t01":
            expected = read(city).numbers[cell.index]
            assert np.array_equal(reading.numbers[cell.index], expected, equal_nan=True), cell.id
    assert [problem.rule_id for problem in reading.problems][:3] == ["D02", "D06", "D07"]
    missing = [problem.value for problem in reading.problems if problem.rule_id == "WZ-004"]
    assert missing == ["02表、03表、04表、05表、06表、07表"]
    assert reading.states[form.cell_by_id["t02.r01.c1"].index] == CellState.ABSENT


def test_figures_in_a_csv_are_numbers_and_codes_are_texts():
    (sheet,) = read_delimited("1,-2.5,007,430102199001011234,１２\n", ",").sheets
    assert sheet.rows == [[1.0, -2.5, "007", "430102199001011234", "１２"]]


def test_a_csv_that_no_spreadsheet_wrote_is_unreadable():
    with pytest.raises(UnreadableError):
        read_delimited("a," + "9" * 40_000 + "\n", ",")


def test_a_figure_filled_to_the_end_of_an_ods_sheet_is_left_out(read):
    def fill(name, body):
        return (
            body.replace(
                b'repeated="1000000"><table:table-cell/>',
                b'repeated="1000000"><table:table-cell office:value-type="float" office:value="1"/>',
            )
            if name == "content.xml"
            else body
        )

    source = zipfile.ZipFile(io.BytesIO(ods_of(one_cell())))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            target.writestr(name, fill(name, source.read(name)))
    book = open_sheets("a.ods", buffer.getvalue())
    assert len(book.sheets[0].rows) == 10_000
    assert problems(read(buffer.getvalue(), "a.ods")) == [("", "WZ-003")]
