"""Whose report it is and of which month; contradictions are held, never guessed."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from jinguo.intake.evidence import names_in
from jinguo.units.register import load_register

from .conftest import SCHEMAS, problems


def without_block(book):
    del book["_jinguo"]


def renamed(name, code, period="2026年9月", unit_type=""):
    """Makes the heads and the cover speak of another unit, and takes the hidden block away."""

    def change(book):
        without_block(book)
        cover = book["封面"]
        for address, value in {"C4": period, "C5": name, "C6": code, "C7": unit_type}.items():
            cover[address] = value
        for sheet in book.worksheets[1:]:
            for row in sheet.iter_rows(max_row=6):
                for cell in row:
                    text = str(cell.value or "")
                    if text.startswith(("填报单位", "代码")) or "2026年" in text:
                        cell.value = None

    return change


def test_our_template_says_whose_it_is(city, read):
    reading = read(city)
    assert (reading.status, reading.unit_code, reading.unit_type, reading.period) == (
        "read",
        "430100",
        "city",
        "2026-09",
    )
    assert (reading.form, reading.form_version, reading.stamp) == ("monthly", "2026", "7:1")
    assert problems(reading) == []


@pytest.mark.parametrize(
    "name",
    [
        "report.xlsx",
        "430100_长沙_湘妇志_202609_v1.xlsx",
        "长沙市妇联9月报表（最终版）.xlsx",
        "湖南省巾帼志愿服务工作统计报表.xlsx",
        "长沙（九月）.xlsx",
        "2026.9 长沙市.xlsx",
        "1-9月.xlsx",
        "新建 Microsoft Excel 工作表 (2).xlsx",
        "13812345678.xlsx",
    ],
)
def test_a_name_that_agrees_or_says_nothing_does_not_matter(city, read, name):
    assert read(city, name).status == "read"


@pytest.mark.parametrize(
    ("name", "rule_id"),
    [
        ("430100_长沙_湘妇志_202610_v1.xlsx", "WZ-002"),
        ("长沙市10月.xlsx", "WZ-002"),
        ("长沙市十月报表.xlsx", "WZ-002"),
        ("430200_株洲_湘妇志_202609_v1.xlsx", "D69"),
        ("株洲市妇联.xlsx", "D69"),
        ("长沙县妇联9月.xlsx", "D69"),
    ],
)
def test_a_name_that_contradicts_is_held(city, read, name, rule_id):
    reading = read(city, name)
    assert reading.status == "held"
    assert [problem.rule_id for problem in reading.problems] == [rule_id]
    assert reading.numbers is None


def test_the_wrong_month_names_both_sides_and_the_cover(city, read):
    (problem,) = read(city, "长沙市202610.xlsx").problems
    assert (problem.rule_id, problem.sheet, problem.cell, problem.cell_id) == ("WZ-002", "封面", "C4", "cover.period")
    assert (problem.details["found"], problem.details["expected"]) == ("2026年9月", "2026年10月")


def test_an_edited_period_on_the_cover_is_held(city, read, edit):
    (problem,) = read(edit(city, {("封面", "C4"): "2026年10月"})).problems
    assert (problem.rule_id, problem.cell, problem.details["found"]) == ("WZ-002", "C4", "2026年10月")
    assert problem.details["expected"] == "2026年9月"


def test_a_sheet_of_another_month_is_held(city, read, edit):
    (problem,) = read(edit(city, {("03表", "C5"): "2026年8月"})).problems
    assert (problem.rule_id, problem.sheet, problem.cell, problem.value) == ("WZ-002", "03表", "C5", "2026年8月")


def test_an_edited_code_on_the_cover_is_held(city, read, edit):
    reading = read(edit(city, {("封面", "C6"): "430200"}))
    (problem,) = reading.problems
    assert (reading.status, problem.rule_id, problem.cell) == ("held", "D69", "C6")
    assert problem.details["code_name"] == "株洲市妇女联合会"


def test_an_edited_name_on_the_cover_is_held(city, read, edit):
    (problem,) = read(edit(city, {("封面", "C5"): "株洲市妇女联合会"})).problems
    assert (problem.rule_id, problem.cell, problem.details["name"]) == ("D69", "C5", "株洲市妇女联合会")


@pytest.mark.parametrize(
    ("name", "code", "unit_type", "expected"),
    [
        ("长沙市妇女联合会", "", "", "430100"),
        ("湖南省长沙市妇联", "", "", "430100"),
        ("", "430121", "", "430121"),
        ("长沙", "430121", "", "430121"),
        ("长沙", "", "市州", "430100"),
        ("长沙", "", "县市区", "430121"),
        ("湘西州妇联", "", "", "433100"),
        ("湘西自治州", "", "", "433100"),
        ("城步", "", "", "430529"),
        ("江华瑶族自治县", "", "", "431129"),
    ],
)
def test_without_the_block_the_cover_decides(city, read, edit, name, code, unit_type, expected):
    reading = read(edit(city, change=renamed(name, code, unit_type=unit_type)))
    assert (reading.status, reading.unit_code) == ("read", expected)


def test_a_homonym_is_held_with_both_candidates(city, read, edit):
    reading = read(edit(city, change=renamed("衡阳", "")))
    (problem,) = reading.problems
    assert (reading.status, reading.unit_code, problem.rule_id) == ("held", "", "D64")
    assert problem.details["list"] == "衡阳市妇女联合会（430400）、衡阳县妇女联合会（430421）"


def test_a_code_and_a_name_that_differ_are_held(city, read, edit):
    reading = read(edit(city, change=renamed("岳塘区", "430302")))
    assert (reading.status, [problem.rule_id for problem in reading.problems]) == ("held", ["D69"])


def test_an_unknown_name_gets_candidates_but_no_unit(city, read, edit):
    reading = read(edit(city, change=renamed("新邵县妇女委员会", "")))
    (problem,) = reading.problems
    assert (reading.status, reading.unit_code, problem.rule_id) == ("unidentified", "", "D68")
    assert "新邵县妇女联合会" in problem.details["list"]


def test_an_old_name_is_taken_for_the_new_unit(city, read, edit):
    reading = read(edit(city, change=renamed("宁乡县妇联", "")))
    assert (reading.status, reading.unit_code) == ("read", "430182")
    assert "D63" in [problem.rule_id for problem in reading.problems]


@pytest.mark.parametrize("code", ["430124", "43Z102"])
def test_an_old_code_is_rejected_with_the_new_one(city, read, edit, code):
    reading = read(edit(city, change=renamed("", code)))
    (problem,) = reading.problems
    assert (reading.status, problem.rule_id) == ("rejected", "D66")
    assert problem.details["code"] in ("430182", "43Z101")


def test_an_old_version_of_the_form_is_rejected(city, read, edit):
    reading = read(edit(city, {("_jinguo", "B3"): "2024"}))
    assert (reading.status, [problem.rule_id for problem in reading.problems]) == ("rejected", ["D18"])


def test_what_our_template_did_not_write_into_the_block_is_left_out(city, read, edit):
    damage = {("_jinguo", "A12"): 7.5, ("_jinguo", "A13"): dt.date(2026, 9, 1), ("_jinguo", "B14"): 1e300}
    whole, reading = read(city), read(edit(city, damage))
    assert reading.status == "read"
    missing = set(whole.prefilled) - set(reading.prefilled)
    assert len(missing) == 3
    assert set(reading.prefilled) < set(whole.prefilled)


def test_a_month_without_a_year_is_held(city, read, edit):
    reading = read(edit(city, change=renamed("长沙市", "430100", period="9月")))
    assert (reading.status, [problem.rule_id for problem in reading.problems]) == ("held", ["D61"])


def test_a_file_that_says_no_month_is_unidentified(city, read, edit):
    reading = read(edit(city, change=renamed("长沙市", "430100", period=None)))
    assert (reading.status, [problem.rule_id for problem in reading.problems]) == ("unidentified", ["D61"])


def test_a_foreign_workbook_is_unidentified_whatever_its_name(read):
    book = openpyxl.Workbook()
    book.active.append(["姓名", "工资"])
    buffer = io.BytesIO()
    book.save(buffer)
    reading = read(buffer.getvalue(), "430100_长沙_湘妇志_202609_v1.xlsx")
    assert (reading.status, [problem.rule_id for problem in reading.problems]) == ("unidentified", ["WZ-003"])


@pytest.mark.parametrize(
    ("stem", "names"),
    [
        ("长沙市妇联", ["长沙市妇联"]),
        ("长沙市芙蓉区", ["长沙市芙蓉区"]),
        ("湘西州9月", ["湘西州"]),
        ("湖南省", []),
        ("关于会同财政部门的说明", []),
    ],
)
def test_registered_names_in_a_file_name(stem, names):
    assert [name for name, _ in names_in(stem, load_register(SCHEMAS))] == names


def test_a_period_on_the_cover_that_no_calendar_has_is_said(city, read, edit):
    reading = read(edit(city, {("封面", "C4"): "2026年13月"}))
    assert [
        (problem.rule_id, problem.cell, problem.value) for problem in reading.problems if problem.rule_id != "D29"
    ] == [("D61", "C4", "2026年13月")]


def test_an_emptied_code_in_a_head_says_nothing(city, read, edit):
    assert read(edit(city, {("01表", "A5"): "代码："})).status == "read"


@pytest.mark.parametrize(
    ("name", "code", "status", "right"),
    [
        ("长沙县湘龙街道妇联", "430121002", "read", None),
        ("湘龙", "430121002", "read", None),
        ("湘龙街道", "430121003", "held", "湘龙街道的代码是430121002"),
        ("泉塘街道", "430121003", "read", None),
        ("星沙街道", "430121003", "held", ""),
        ("", "430121003", "held", "在统计区划中是湘龙街道"),
        ("", "430121001", "read", None),
    ],
)
def test_a_township_is_known_by_code_and_name_together(city, read, edit, name, code, status, right):
    reading = read(edit(city, change=renamed(name, code)))
    found = [problem.details["right"] for problem in reading.problems if problem.rule_id == "D70"]
    assert (reading.status, found) == (status, [] if right is None else [right])


def test_a_zone_that_counts_for_itself_is_read_and_another_is_asked_about(city, read, edit):
    assert read(edit(city, change=renamed("湘江新区妇联", "43Z101"))).status == "read"
    reading = read(edit(city, change=renamed("洪江区", "431271")))
    (problem,) = reading.problems
    assert (reading.status, problem.rule_id, problem.details["host"]) == ("held", "D67", "洪江市")
