"""The sheet 自检: what stands on it, what it is made of, and that it stays light."""

from __future__ import annotations

import io
import re
import zipfile

import openpyxl
import pytest
from jinguo.forms.model import IDENTITY_SHEET
from jinguo.periods import Period
from jinguo.reading.cells import is_tick
from jinguo.rules.catalogue import load_rules
from jinguo.rules.engine import compile_rules
from jinguo.settings import PROJECT
from jinguo.templates.cellmap import cell_map
from jinguo.templates.compact_sheet import _seen_from
from jinguo.templates.layout import CHECK_SHEET, TICK_MARKS, WORKINGS_SHEET
from jinguo.templates.workings import MARKS_COLUMN

COMMON = {  # in Excel 2010, WPS and LibreOffice
    *(
        "ABS",
        "AND",
        "CHAR",
        "COUNT",
        "COUNTA",
        "COUNTBLANK",
        "COUNTIF",
        "IFERROR",
        "COUNTIFS",
        "HYPERLINK",
        "IF",
        "INDEX",
        "ISNUMBER",
        "LEFT",
    ),
    *(
        "LEN",
        "MATCH",
        "MAX",
        "MIN",
        "MID",
        "RIGHT",
        "ROUND",
        "ROW",
        "COLUMN",
        "SIGN",
        "SUM",
        "SUMIFS",
        "SUMPRODUCT",
        "TEXT",
        "VALUE",
    ),
}
NEVER_IN_A_WORKBOOK = {"BJ-012", "BN-706"}  # the earlier months of the quarter; a lower level's evidence
CASES = [("430100", "2026-10"), ("430102", "2026-12"), ("43Z001", "2026-09"), ("43000Z", "2027-03")]


@pytest.fixture(scope="module")
def rulebook():
    return load_rules(PROJECT / "schemas")


@pytest.fixture(scope="module")
def checking(issue, prev, rulebook):
    """A template with 自检, as bytes; the same one is made once."""
    made = {}

    def write(code="430100", period="2026-10", **changes):
        key = (code, period, *changes)
        if key not in made:
            made[key] = issue(code, period, **({"prev": prev, "rulebook": rulebook} | changes))
        return made[key]

    return write


def opened(data):
    return openpyxl.load_workbook(io.BytesIO(data))


def part(data, sheet):
    number = opened(data).sheetnames.index(sheet) + 1
    return zipfile.ZipFile(io.BytesIO(data)).read(f"xl/worksheets/sheet{number}.xml").decode()


def lines(data):
    sheet = opened(data)[CHECK_SHEET]
    titles = [cell.value for cell in sheet[4]]
    return [dict(zip(titles, (cell.value for cell in row), strict=True)) for row in sheet.iter_rows(min_row=5)]


def formulas(data):
    return re.findall(r"<f[^>]*>([^<]+)</f>", part(data, CHECK_SHEET) + part(data, WORKINGS_SHEET) + part(data, "封面"))


@pytest.mark.parametrize(("code", "period"), CASES)
def test_every_rule_that_one_workbook_can_decide_has_a_line(checking, rulebook, form, register, code, period):
    compiled = compile_rules(rulebook, form, register.by_code[code].unit_type, Period.parse(period))
    wanted = {item.rule.id for item in compiled.rules if item.checks and item.rule.severity != "info"}
    assert {line["规则编号"] for line in lines(checking(code, period))} == wanted - NEVER_IN_A_WORKBOOK


def test_a_line_says_what_is_checked_and_what_to_do(checking):
    line = next(line for line in lines(checking()) if line["规则编号"] == "KQ-006")
    assert (line["严重程度"], line["表"], line["情况说明"]) == ("核实", "01表", None)
    assert "上月4栏" in line["审核关系"]
    assert line["怎么办"] == "请核实，确实如此的请说明情况。"
    assert line["指标格"] == "t01.r01.c4 t01.r17.c4"


def test_only_the_part_that_the_workbook_can_decide_is_described(checking):
    line = next(line for line in lines(checking()) if line["规则编号"] == "KQ-007")
    assert "上月" in line["审核关系"]
    assert "上年" not in line["审核关系"]


@pytest.mark.parametrize(("code", "period"), CASES)
def test_formulas_use_only_functions_that_all_programs_have(checking, code, period):
    used = {name for text in formulas(checking(code, period)) for name in re.findall(r"([A-Z][A-Z.]+)\(", text)}
    assert used <= COMMON
    data = part(checking(code, period), WORKINGS_SHEET)
    assert 't="array"' not in data
    assert all(len(text) < 8192 for text in formulas(checking(code, period)))


def test_no_formula_has_a_result_and_the_workings_are_out_of_sight(checking):
    data = checking()
    assert "<v></v>" not in part(data, CHECK_SHEET)
    assert not re.search("</f><v|/><v", part(data, WORKINGS_SHEET))
    assert opened(data)[WORKINGS_SHEET].sheet_state == "veryHidden"
    assert opened(data).sheetnames[-3:] == [CHECK_SHEET, WORKINGS_SHEET, IDENTITY_SHEET]
    assert not any(sheet.protection.sheet for sheet in opened(data).worksheets)


def test_the_cover_counts(checking):
    cover = opened(checking())["封面"]
    (row,) = (row for row in cover.iter_rows(values_only=True) if row[1] == "自检结果")
    assert row[2] == "=HYPERLINK(\"#'自检'!A1\",'自检'!A2&\"（点此查看）\")"
    count = opened(checking())[CHECK_SHEET]["A2"].value
    assert "条未通过，核实" in count
    assert "条待说明" in count


def test_the_hidden_block_carries_what_only_rules_compare(form, register, checking, issue, prev):
    block = dict(opened(checking())[IDENTITY_SHEET].values)
    plain = dict(opened(issue("430100", "2026-10", prev=prev))[IDENTITY_SHEET].values)
    added = {name: value for name, value in block.items() if name not in plain}
    assert plain.items() <= block.items()
    assert added["t04.r03.c2"] == 1000 + form.cell_by_id["t04.r03.c2"].index
    assert added["register.towns"] == register.denominators("430100")["towns"].value
    assert set(added) > {f"t03.r01.c{column}" for column in (1, 2, 3, 4)}


def test_without_last_month_chain_rules_are_there_but_cannot_be_decided(checking):
    data = checking(prev=None)
    number = next(number for number, line in enumerate(lines(data)) if line["规则编号"] == "KQ-001")
    assert opened(data)[WORKINGS_SHEET].cell(number + 1, 1).value == "=SUMPRODUCT(MAX(.5))"


def test_units_of_a_kind_differ_in_the_hidden_block_only(checking):
    first, second = checking("430100"), checking("430200")
    for sheet in (CHECK_SHEET, WORKINGS_SHEET):
        assert part(first, sheet) == part(second, sheet)


def test_tables_and_cell_map_stay_where_they_were(form, register, checking, issue, prev):
    with_check, without = opened(checking()), opened(issue("430100", "2026-10", prev=prev))
    unit, period = register.by_code["430100"], Period(2026, 10)
    for row in cell_map(form, unit, period, has_prev=True, measures=register.denominators("430100"), file=""):
        place = (row["sheet"], row["address"])
        assert with_check[place[0]][place[1]].value == without[place[0]][place[1]].value


@pytest.mark.parametrize(("code", "period", "most"), [("430100", "2026-10", 18_000), ("430102", "2026-12", 25_000)])
def test_the_sheet_is_light(checking, issue, prev, code, period, most):
    assert len(checking(code, period)) - len(issue(code, period, prev=prev)) < most
    assert len(formulas(checking(code, period))) < 280


def test_ticks_are_what_reading_takes_for_ticks(checking):
    assert all(is_tick(mark) for mark in TICK_MARKS)
    sheet = opened(checking())[WORKINGS_SHEET]
    assert [sheet.cell(row, MARKS_COLUMN + 1).value for row in range(1, len(TICK_MARKS) + 1)] == list(TICK_MARKS)


@pytest.mark.parametrize(
    ("one", "at", "other", "there"),
    [
        ("IF(COUNT('01表'!D9),1E10,B$1)", (0, 3), "IF(COUNT('01表'!D10),1E10,B$1)", (1, 3)),
        ("MATCH('03表'!M9,O$1:O$17,0)", (45, 2), "MATCH('03表'!M10,O$1:O$17,0)", (46, 2)),
        ("_jinguo!$B12+LOG10(A1)", (0, 7), "_jinguo!$B13+LOG10(A2)", (1, 7)),
    ],
)
def test_formulas_that_differ_in_their_place_only_are_shared(one, at, other, there):
    assert _seen_from(one, *at) == _seen_from(other, *there)
    assert _seen_from(one, *at) != _seen_from(one, *there)
