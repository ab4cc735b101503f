"""Lines of 05表 and of the ledger."""

from __future__ import annotations

import datetime as dt

import pytest

from .conftest import place, problems

LINE = ["东风社区", "430102001001", "430102", "2", dt.date(2020, 5, 1), 3, 40, 2, 5, 1, 6, 80, 160.5, 300, 1]
ACTIVITY = [
    dt.date(2026, 9, 8), "邻里节", "东风社区妇联", "430121", "02", "12", "东风社区",
    10, 2.5, None, 60, 1, 0, 0, None, None, "21",
]  # fmt: skip


def line(values, row=9, sheet="05表", first="A"):
    columns = [chr(ord(first) + number) for number in range(len(values))]
    return {
        (sheet, f"{column}{row}"): value for column, value in zip(columns, values, strict=True) if value is not None
    }


def lines(reading, table="t05"):
    return [(one.number, one.sheet_row, one.values) for one in reading.lists[table]]


def test_a_line_as_it_should_be(city, read, edit):
    ((number, row, values),) = lines(read(edit(city, line(LINE))))
    assert (number, row) == (1, 9)
    assert [values[column] for column in range(1, 6)] == ["东风社区", "430102001001", "430102", "2", "2020-05-01"]
    assert [values[column] for column in range(6, 16)] == [
        3_000, 40_000, 2_000, 5_000, 1_000, 6_000, 80_000, 160_500, 300_000, 1_000,
    ]  # fmt: skip


def test_lines_keep_their_number_across_blanks(city, read, edit):
    reading = read(edit(city, line(LINE) | line(LINE, row=12)))
    assert [(number, row) for number, row, _ in lines(reading)] == [(1, 9), (4, 12)]
    assert reading.place("t05.n004.c6") == ("05表", "F12")


@pytest.mark.parametrize(
    ("column", "written", "value", "how"),
    [
        ("B", 430102001001, "430102001001", "数字转文本"),
        ("B", " 430102001001", "430102001001", "去空格或全角转半角"),
        ("D", "市州级", "2", "名称转代码"),
        ("E", "2020.5.1", "2020-05-01", "日期写法统一"),
        ("F", "3支", 3_000, "去单位"),
        ("J", "是", 1_000, "是否转为1或0"),
        ("J", "√", 1_000, "是否转为1或0"),
    ],
)
def test_normalisations(city, read, edit, column, written, value, how):
    reading = read(edit(city, line(LINE) | {("05表", f"{column}9"): written}))
    ((_, _, values),) = lines(reading)
    assert values[ord(column) - 64] == value
    assert [(n.cell, n.how) for n in reading.normalisations if n.sheet == "05表"] == [(f"{column}9", how)]


@pytest.mark.parametrize(
    ("column", "written", "rule_id"),
    [
        ("E", "2020-02-30", "D60"),
        ("E", "去年", "D59"),
        ("F", "几支", "D46"),
        ("J", "大概", "D47"),
        ("B", 4.30102e17, "D56"),
    ],
)
def test_refusals(city, read, edit, column, written, rule_id):
    reading = read(edit(city, line(LINE) | {("05表", f"{column}9"): written}))
    assert problems(reading) == [(f"{column}9", rule_id)]
    ((_, _, values),) = lines(reading)
    assert ord(column) - 64 not in values


def test_a_code_that_the_form_does_not_have_is_left_to_the_rules(city, read, edit):
    reading = read(edit(city, line(LINE) | {("05表", "D9"): 7}))
    ((_, _, values),) = lines(reading)
    assert (values[4], problems(reading)) == ("7", [])


def test_blanks_are_absent(city, read, edit):
    values = dict(line(LINE))
    del values["05表", "F9"]
    ((_, _, found),) = lines(read(edit(city, values)))
    assert 6 not in found


@pytest.mark.parametrize("cells", [{"A10": "合计"}, {"B10": "合 计："}, {"C10": "小计", "D10": "小计"}])
def test_a_line_of_sums_is_none_of_its_own(city, read, edit, cells):
    sums = {("05表", address): value for address, value in (cells | {"F10": 3, "H10": 2}).items()}
    reading = read(edit(city, line(LINE) | sums))
    assert [number for number, _, _ in lines(reading)] == [1]
    (told,) = [problem for problem in reading.problems if problem.rule_id == "D88"]
    assert (told.cell, told.details["line"], told.details["v"]) == (
        next(iter(cells)),
        "2",
        "合计" if "C10" not in cells else "小计",
    )


def test_a_head_that_came_along_is_no_line(issue, read, edit, form):
    labels = {column.number: column.label for column in form.table_by_id["ledger"].columns}
    letters = "ABCDEFGHIJKLMNOPQR"
    head = {("附1表", f"{letters[number - 1]}10"): label for number, label in labels.items()}
    numbers = {("附1表", f"{letters[number - 1]}11"): number for number in labels}
    again = line(ACTIVITY, sheet="附1表", first="B") | line(ACTIVITY, row=12, sheet="附1表", first="B")
    reading = read(edit(issue("430121"), again | head | numbers))
    assert [row for _, row, _ in lines(reading, "ledger")] == [9, 12]
    told = [(p.cell, p.details["v"]) for p in reading.problems if p.table == "ledger" and p.rule_id != "D26"]
    assert told == [("A10", "表头"), ("A11", "表头")]


def test_a_line_that_only_has_the_word_in_it_is_a_line(city, read, edit):
    named = line(LINE) | {("05表", "A9"): "合计社区"}
    assert [number for number, _, _ in lines(read(edit(city, named)))] == [1]
    dated = {("05表", "A9"): "合计", ("05表", "E9"): dt.date(2020, 5, 1), ("05表", "F9"): 3}
    assert [number for number, _, _ in lines(read(edit(city, dated)))] == [1]


def test_what_stands_under_a_merged_area_of_several_lines_is_nobodys(city, read, edit):
    def merge(book):
        book["05表"].merge_cells("E9:E10")

    reading = read(edit(city, line(LINE) | line(LINE, row=10), change=merge))
    assert place(reading, "D27") == [("05表", "E10")]
    assert [values.get(5) for _, _, values in lines(reading)] == ["2020-05-01", None]


def test_the_notes_below_are_no_lines(city, read):
    assert lines(read(city)) == []


def test_the_ledger_computes_its_number_and_its_hours(issue, read, edit):
    reading = read(edit(issue("430121"), line(ACTIVITY, sheet="附1表", first="B")))
    ((number, row, values),) = lines(reading, "ledger")
    assert (number, row) == (1, 9)
    assert (values[1], values[11]) == (1_000, 25_000)
    assert (values[6], values[7], values[18]) == ("02", "12", "21")
    assert problems(reading) == []


def test_codes_of_the_ledger_that_became_numbers(issue, read, edit):
    cells = line(ACTIVITY, sheet="附1表", first="B") | {("附1表", "F9"): 2, ("附1表", "G9"): 12}
    ((_, _, values),) = lines(read(edit(issue("430121"), cells)), "ledger")
    assert (values[6], values[7]) == ("02", "12")


def test_hours_typed_over_the_product_are_taken_as_typed(issue, read, edit):
    cells = line(ACTIVITY, sheet="附1表", first="B") | {("附1表", "K9"): 30}
    reading = read(edit(issue("430121"), cells))
    ((_, _, values),) = lines(reading, "ledger")
    assert values[11] == 30_000
    assert place(reading, "D29") == [("附1表", "K9")]


def test_a_ticked_list_without_lines_is_a_report(city, read, edit):
    reading = read(edit(city, {("05表", "B6"): "√"}))
    assert reading.tables["t05"].is_ticked
    assert problems(reading) == []


def test_lines_in_a_table_that_the_unit_does_not_fill(issue, read, edit, city):
    import io

    import openpyxl

    source = openpyxl.load_workbook(io.BytesIO(edit(city, line(LINE))))["05表"]

    def add(book):
        sheet = book.create_sheet("05表")
        for row in source.iter_rows():
            for cell in row:
                if cell.value is not None and not str(cell.value).startswith(("填报单位", "代码", "=")):
                    sheet.cell(cell.row, cell.column, cell.value)

    assert place(read(edit(issue("43Z001"), change=add)), "WZ-018") == [("05表", "F9")]


def test_lines_in_the_foot_of_a_list_or_below_are_said_to_be_lost(issue, read, edit):
    """A block of 202 activities pasted over a list of 200 lines, with 单位负责人 in column A below."""

    def paste(book):
        sheet = book["附1表"]
        for area in [area for area in sheet.merged_cells.ranges if area.min_row >= 209]:
            sheet.unmerge_cells(str(area))
        sheet["A209"] = "单位负责人：张三"
        for row in (208, 209, 210):
            for (_, address), value in line(ACTIVITY, row=row, sheet="附1表", first="B").items():
                sheet[address] = value

    reading = read(edit(issue("430121"), change=paste))
    assert [number for number, _, _ in lines(reading, "ledger")] == [200]
    (found,) = [problem for problem in reading.problems if problem.rule_id == "D90"]
    assert (found.sheet, found.cell, found.details["last"], found.details["n"]) == ("附1表", "A209", "210", "2")


def test_a_total_below_the_foot_of_a_list_is_no_line(issue, read, edit):
    cells = line(ACTIVITY, sheet="附1表", first="B") | {("附1表", a): v for a, v in
             {"B216": "合计", "I216": 10, "J216": 2.5, "K216": 25, "L216": 60}.items()}  # fmt: skip
    assert place(read(edit(issue("430121"), cells)), "D90") == []
