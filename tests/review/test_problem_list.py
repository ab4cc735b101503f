"""The sheet 问题清单 as the unit reads it and as we read it again."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from jinguo.reading.model import Normalisation, Reading

TITLES = [
    "序号", "严重程度", "规则编号", "表", "单元格", "指标格", "指标名称", "现值", "问题", "怎么办", "上月数",
    "情况说明", "确认建议值", "状态", "原底色",
]  # fmt: skip


def listed(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data))["问题清单"]


def column(sheet, title: str) -> list[object]:
    number = TITLES.index(title)
    return [row[number].value for row in sheet.iter_rows(min_row=5)]


def test_titles_and_one_row(clerk, plain_book, finding, previous):
    sheet = listed(clerk.marked(plain_book, [finding("BN-102", "B2")], prev=previous))
    assert [cell.value for cell in sheet[4]] == TITLES
    assert [cell.value for cell in sheet[5]][:-1] == [
        1, "强制", "BN-102", "01表", "B2", "t01.r01.c4", "巾帼志愿服务队伍合计·本月末数", 1520, "BN-102 在 B2 不符。",
        "核对02—06行是否漏填或错行。", 4, None, None, "新",
    ]  # fmt: skip
    assert sheet.column_dimensions["O"].hidden


def test_each_cell_has_a_link_to_it(clerk, finding, plain_book, edit_parts):
    source = edit_parts(plain_book, {"xl/workbook.xml": lambda data: data.replace("01表".encode(), b"A&amp;B's")})
    sheet = listed(clerk.marked(source, [finding("BN-102", "B2", sheet="A&B's"), finding("BN-103", "", sheet="A&B's")]))
    assert [sheet[f"E{row}"].hyperlink.location for row in (5, 6)] == ["'A&B''s'!A1", "'A&B''s'!B2"]
    assert column(sheet, "单元格") == ["整表", "B2"]


def test_the_whole_file_first_then_by_table_causes_before_consequences_and_what_is_only_to_be_known_last(
    clerk, plain_book, finding
):
    findings = [
        finding("BN-301", "D9", table="t03", sheet="03表", cell_id="t03.r01.c1", cells=()),
        finding("WZ-017", "", severity="info", table="", sheet="", cell_id="", cells=()),
        finding("KQ-006", "B2", severity="query"),
        finding("BN-102", "C10"),
        finding("BN-101", "C9"),
        finding("WZ-009", ""),
        finding("WZ-005", "C9", table="cover", sheet="封面", cell_id="cover.head", cells=()),
        finding("WZ-004", "", table="", sheet="", cell_id="", cells=()),
    ]
    sheet = listed(clerk.marked(plain_book, findings))
    expected = ["WZ-004", "WZ-005", "WZ-009", "BN-101", "BN-102", "KQ-006", "BN-301", "WZ-017"]
    assert column(sheet, "规则编号") == expected
    assert column(sheet, "单元格")[0] == "整个文件"
    assert "共8处：强制6处（必须改）、核实1处（改数或写说明）、提示1处（知悉即可）。" in sheet["A2"].value


def test_what_follows_from_a_shifted_table_stands_under_it_and_is_counted(clerk, plain_book, finding):
    sheet = listed(clerk.marked(plain_book, [finding("BN-102", "C10"), finding("WZ-009", ""), finding("BN-101", "C9")]))
    assert column(sheet, "规则编号") == ["WZ-009", "BN-101", "BN-102"]
    assert column(sheet, "问题")[0].endswith("（下面2条都由这一条引起，先改这一条。）")


@pytest.mark.parametrize("text", ["=1+1", "+86", "-3", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_a_users_text_is_never_a_formula(clerk, plain_book, finding, text):
    cell = listed(clerk.marked(plain_book, [finding("BN-102", "B2", value=text)]))["H5"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)


@pytest.mark.parametrize(
    "text",
    ["a<b>&\"c'", "_x0041_", "行一\n行二", "㮾𥕢", "  空格  "],
    ids=["markup", "escape", "lines", "rare", "spaces"],
)
def test_any_text_reads_back_as_it_was(clerk, plain_book, finding, text):
    returned = clerk.marked(plain_book, [finding("BN-102", "B2", value=text)])
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_filelike(io.BytesIO(returned)).get_sheet_by_name("问题清单").to_python()
    assert rows[4][7] == text


def test_characters_that_xml_cannot_hold_are_left_out(clerk, plain_book, finding):
    assert listed(clerk.marked(plain_book, [finding("BN-102", "B2", value="1\x002\x0b\ud8003")]))["H5"].value == "123"


def test_yes_or_no_is_chosen_from_a_list(clerk, plain_book, finding):
    sheet = listed(clerk.marked(plain_book, [finding("D44", "B2"), finding("BN-102", "B3")]))
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert (rules["M5:M6"].type, rules["M5:M6"].formula1) == ("list", '"是,否"')
    assert (rules["L5:L6"].type, rules["L5:L6"].errorStyle) == ("textLength", "warning")


def test_room_for_words_is_shown_where_words_are_wanted(clerk, plain_book, finding):
    suggestion = finding("D44", "B2", message="B2填“1.2万”，建议值12000，请确认。")
    query = finding("KQ-006", "C2", severity="query")
    sheet = listed(clerk.marked(plain_book, [suggestion, query]))
    answered = {(cell.coordinate) for row in sheet["L5:M6"] for cell in row if cell.fill.fgColor.rgb == "FFFFF9DB"}
    assert answered == {"M5", "L6"}
    assert sheet["J5"].value == "请改正后重新报送；建议值正确的，也可在“确认建议值”栏选“是”。"


def test_answers_written_with_another_program_are_found_by_title(clerk, plain_book, finding):
    book = openpyxl.load_workbook(io.BytesIO(clerk.marked(plain_book, [finding("KQ-006", "B2", severity="query")])))
    sheet = book["问题清单"]
    titles = {cell.value: cell.column for cell in sheet[4]}
    sheet.cell(5, titles["情况说明"], "重阳节集中开展活动，场次增加。")
    out = io.BytesIO()
    book.save(out)
    (row,) = listed(out.getvalue()).iter_rows(min_row=5, values_only=True)
    found = dict(zip(titles, row, strict=True))
    assert (found["规则编号"], found["指标格"], found["情况说明"]) == (
        "KQ-006",
        "t01.r01.c4",
        "重阳节集中开展活动，场次增加。",
    )


def test_a_stewards_words_stand_at_the_top(clerk, plain_book, finding):
    sheet = listed(clerk.marked(plain_book, [finding("BN-102", "B2")], reason="03表与台账不符，请核对。"))
    assert sheet["A2"].value.endswith("\n审核人意见：03表与台账不符，请核对。")


def test_nothing_found_but_returned_by_a_steward(clerk, plain_book):
    sheet = listed(clerk.marked(plain_book, [], reason="请补盖章件"))
    assert re.search("没有待处理的问题。\n审核人意见：请补盖章件", sheet["A2"].value)


def test_rows_are_high_enough_for_their_text(clerk, plain_book, finding):
    sheet = listed(clerk.marked(plain_book, [finding("A", "B2"), finding("B", "B2", message="很长的话" * 40)]))
    assert sheet.row_dimensions[6].height >= 14 * 8 > sheet.row_dimensions[5].height


def test_only_what_is_asked_for_is_explained(clerk, plain_book, finding):
    only_errors = listed(clerk.marked(plain_book, [finding("BN-102", "B2")]))["A3"].value
    assert only_errors.splitlines()[0].startswith("① 红色必须改")
    assert only_errors.splitlines()[1].startswith("② 改好以后保存")
    with_query = listed(clerk.marked(plain_book, [finding("KQ-006", "B2", severity="query")]))["A3"].value
    assert with_query.startswith("① 黄色请核实")


def test_a_cause_stands_before_its_consequences_and_no_hint_twice(clerk, plain_book, finding):
    message = "01表：相差9支。核对02—06行是否漏填或错行。"
    findings = [finding("BN-102", "B2", message=message), finding("D29", "B2", message="合计疑似手工录入。")]
    sheet = listed(clerk.marked(plain_book, findings))
    assert column(sheet, "规则编号") == ["D29", "BN-102"]
    assert (column(sheet, "问题")[1], column(sheet, "怎么办")[1]) == ("01表：相差9支。", "核对02—06行是否漏填或错行。")


def test_a_suspected_cause_is_as_urgent_as_what_it_explains(clerk, plain_book, finding):
    shifted = finding("HL-013", "C9", severity="info", cells=("t01.r01.c4",))
    findings = [
        shifted,
        finding("BN-101", "G9", cell_id="t01.r01.c4"),
        finding("BN-301", "D9", table="t03", sheet="03表", cell_id="t03.r01.c1", cells=()),
    ]
    assert column(listed(clerk.marked(plain_book, findings)), "规则编号") == ["HL-013", "BN-101", "BN-301"]


@pytest.fixture
def read_with():
    """A reading with what was interpreted in it."""

    def reading(*made: Normalisation) -> Reading:
        return Reading("长沙.xlsx", "0" * 64, "read", format="xlsx", normalisations=list(made))

    return reading


def test_what_was_read_otherwise_than_written_stands_in_a_block_of_its_own(clerk, plain_book, finding, read_with):
    made = [
        Normalisation("01表", "G9", "t01.r01.c4", "=SUM(G10:G14)", "56", "公式重算"),
        Normalisation("01表", "B2", "t01.r02.c2", "１２支", "12", "全角转半角、去单位"),
    ]
    sheet = listed(clerk.marked(plain_book, [finding("BN-102", "B2")], reading=read_with(*made)))
    assert sheet["A7"].value.startswith("系统作了以下无损转换，数值没有改变（共2处）")
    assert [sheet.cell(8, number).value for number in range(4, 10)] == [
        "表", "单元格", "指标格", "原来写的", "读作", "怎样读的",
    ]  # fmt: skip
    rows = [[sheet.cell(row, number).value for number in (4, 5, 7, 8, 9)] for row in (9, 10)]
    assert rows == [
        ["01表", "B2", "１２支", 12, "全角转半角、去单位"],
        ["01表", "G9", "=SUM(G10:G14)", 56, "公式重算"],
    ]
    assert (sheet["E9"].hyperlink.location, sheet["G10"].data_type) == ("'01表'!B2", "s")


def test_no_block_where_everything_was_read_as_written(clerk, plain_book, finding):
    assert listed(clerk.marked(plain_book, [finding("BN-102", "B2")])).max_row == 5
