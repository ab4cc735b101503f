"""A rich workbook comes back with everything in it: only the parts that must change do change."""

from __future__ import annotations

import base64
import io
import re

import openpyxl
import pytest
import xlsxwriter

# openpyxl tells that it would drop sparklines; it only reads here
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def rich_book() -> bytes:
    """Cover, 01表 with every kind of thing on it, a hidden sheet and 附表."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    cover, sheet = book.add_worksheet("封面"), book.add_worksheet("01表")
    hidden, other = book.add_worksheet("底稿"), book.add_worksheet("附表")
    number = book.add_format({"num_format": "#,##0", "border": 1, "bg_color": "#E2EFDA", "bold": True})
    cover.write("B2", "封面")
    cover.activate()
    sheet.set_column("C:C", 23.5)
    sheet.set_row(9, 31)
    for row in range(3, 12):
        sheet.write_number(row, 2, row * 10, number)
    sheet.write_formula("C13", "=SUM(C4:C12)", number, 630)
    sheet.write_rich_string("A1", book.add_format({"bold": True}), "粗", "细")
    sheet.merge_range("A2:D2", "合并", book.add_format({"align": "center"}))
    sheet.write_comment("C5", "本月新增见台账", {"author": "王芳"})
    sheet.write_comment("C8", "电话里核实过", {"author": "王芳"})
    sheet.conditional_format("C4:C12", {"type": "data_bar"})
    sheet.data_validation("D4:D12", {"validate": "list", "source": ["√"]})
    sheet.insert_image("F2", "seal.png", {"image_data": io.BytesIO(PIXEL)})
    sheet.insert_textbox("F12", "请盖章")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "='01表'!$C$4:$C$12"})
    sheet.insert_chart("H2", chart)
    sheet.add_sparkline("E4", {"range": "'01表'!C4:C12"})
    sheet.print_area("A1:E20")
    sheet.repeat_rows(0, 2)
    sheet.write_url("A15", "https://example.org/", string="链接")
    sheet.autofilter("A3:D3")
    hidden.hide()
    hidden.write("A1", "去年的数")
    other.print_area("A1:B2")
    other.write("A1", 7)
    book.define_name("队伍合计", "='01表'!$C$13")
    book.close()
    return out.getvalue()


@pytest.fixture
def returned(clerk, rich_book, finding) -> bytes:
    findings = [
        finding("BN-102", "C5"),
        finding("KQ-006", "C6", severity="query", cell_id="t01.r02.c4"),
        finding("WZ-010", "J30", cell_id="t01.r03.c4"),
        finding("WZ-017", "", severity="info", table="", sheet="", cell_id="", cells=()),
    ]
    return clerk.marked(rich_book, findings)


def test_only_the_parts_that_must_change_do(parts, rich_book, returned):
    before, after = parts(rich_book), parts(returned)
    assert set(before) <= set(after)
    assert {name for name in before if before[name] != after[name]} == {
        "[Content_Types].xml",
        "xl/_rels/workbook.xml.rels",
        "xl/comments1.xml",
        "xl/drawings/vmlDrawing1.vml",
        "xl/styles.xml",
        "xl/workbook.xml",
        "xl/worksheets/sheet1.xml",  # no longer the selected tab
        "xl/worksheets/sheet2.xml",
    }
    assert set(after) - set(before) == {"xl/worksheets/sheet5.xml"}


def test_on_the_marked_sheet_only_marked_cells_differ(parts, rich_book, returned):
    before, after = parts(rich_book)["xl/worksheets/sheet2.xml"], parts(returned)["xl/worksheets/sheet2.xml"]
    head, tail = before.index(b'<c r="C5"'), before.index(b'<row r="7"')
    assert after.startswith(before[:head])
    assert before[tail : before.index(b"</sheetData>")] in after
    assert after.endswith(before[before.index(b"</sheetData>") :])


def test_failing_cells_are_filled_and_commented_at_their_address(returned):
    sheet = openpyxl.load_workbook(io.BytesIO(returned))["01表"]
    colours = {cell.coordinate: cell.fill.fgColor.rgb for row in sheet["A1:J30"] for cell in row if cell.fill.fill_type}
    assert {place: colours[place] for place in ("C5", "C6", "J30")} == {
        "C5": "FFFFB3B8",
        "C6": "FFFFE08C",
        "J30": "FFFFB3B8",
    }
    assert colours["C7"] == "FFE2EFDA"
    assert sheet["C6"].comment.text.startswith("【核实】KQ-006\nKQ-006 在 C6 不符。\n现填：1520\n怎么办：")
    assert sheet["J30"].comment is not None


def test_a_marked_cell_keeps_value_and_every_other_format(rich_book, returned):
    before, after = (openpyxl.load_workbook(io.BytesIO(data))["01表"]["C5"] for data in (rich_book, returned))
    assert after.value == before.value == 40
    assert (after.number_format, after.font.b, after.border.left.style) == ("#,##0", True, "thin")


def test_the_clerks_own_comments_stay(returned):
    sheet = openpyxl.load_workbook(io.BytesIO(returned))["01表"]
    assert sheet["C5"].comment.text.endswith("原有批注 ————\n本月新增见台账")
    assert (sheet["C8"].comment.text, sheet["C8"].comment.author) == ("电话里核实过", "王芳")


def test_each_comment_has_one_box_at_its_cell(parts, returned):
    vml = parts(returned)["xl/drawings/vmlDrawing1.vml"]
    places = {(4, 2), (5, 2), (7, 2), (29, 9)}
    assert vml.count(b'ObjectType="Note"') == len(places)
    for row, column in places:
        assert b"<x:Row>%d</x:Row>" % row in vml
        assert b"<x:Column>%d</x:Column>" % column in vml


def test_names_that_belong_to_sheets_still_do(returned):
    book = openpyxl.load_workbook(io.BytesIO(returned))
    assert book.sheetnames == ["封面", "问题清单", "01表", "底稿", "附表"]
    assert book["01表"].print_area == "'01表'!$A$1:$E$20"
    assert book["附表"].print_area == "'附表'!$A$1:$B$2"
    assert book["01表"].print_title_rows == "$1:$3"
    assert book["底稿"].sheet_state == "hidden"
    assert book.defined_names["队伍合计"].value == "'01表'!$C$13"


def test_the_list_opens_and_is_the_only_selected_sheet(returned):
    book = openpyxl.load_workbook(io.BytesIO(returned))
    assert book.active.title == "问题清单"
    assert [sheet.title for sheet in book if sheet.sheet_view.tabSelected] == ["问题清单"]


def test_the_cached_result_of_a_formula_is_still_there(returned):
    assert openpyxl.load_workbook(io.BytesIO(returned), data_only=True)["01表"]["C13"].value == 630


def test_the_same_arguments_give_the_same_bytes(clerk, rich_book, finding):
    first, second = (clerk.marked(rich_book, [finding("BN-102", "C5")], version=1) for _ in range(2))
    assert first == second


ORDER = (
    "sheetData", "mergeCells", "conditionalFormatting", "dataValidations", "hyperlinks", "pageMargins", "pageSetup",
    "headerFooter", "drawing", "legacyDrawing", "legacyDrawingHF", "tableParts", "extLst",
)  # fmt: skip


@pytest.mark.parametrize("has_button", [False, True], ids=["no drawing of that kind yet", "a button has one"])
def test_the_boxes_of_comments_are_hung_in_at_the_right_place(clerk, parts, finding, has_button):
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("01表")
    sheet.set_header("&L&G", {"image_left": "logo.png", "image_data_left": io.BytesIO(PIXEL)})
    sheet.add_table("A1:C3")
    sheet.add_sparkline("E4", {"range": "A1:C1"})
    if has_button:
        sheet.insert_button("G2", {"caption": "提交"})
    book.close()
    before, returned = parts(out.getvalue()), clerk.marked(out.getvalue(), [finding("BN-102", "B2")])
    after = parts(returned)
    xml = after["xl/worksheets/sheet1.xml"].decode()
    present = [name for name in ORDER if f"<{name}" in xml]
    assert [xml.index(f"<{name}") for name in present] == sorted(xml.index(f"<{name}") for name in present)
    assert {"legacyDrawing", "legacyDrawingHF", "tableParts", "extLst"} <= set(present)
    header = next(name for name in before if name.endswith(".vml") and b"ObjectType" not in before[name])
    assert after[header] == before[header]
    boxes = b"".join(data for name, data in after.items() if name.endswith(".vml"))
    assert (boxes.count(b'ObjectType="Note"'), boxes.count(b'ObjectType="Button"')) == (1, int(has_button))
    assert boxes.count(b'id="_x0000_t202"') == 1
    assert openpyxl.load_workbook(io.BytesIO(returned))["01表"]["B2"].comment is not None


def test_shape_ids_are_unique_in_a_drawing(parts, returned):
    ids = re.findall(rb'<v:shape id="(\w+)"', parts(returned)["xl/drawings/vmlDrawing1.vml"])
    assert len(ids) == len(set(ids)) == 4
