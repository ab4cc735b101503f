"""Grid tables of filled workbooks: shifted, moved, mistyped, spoiled; one fault each."""

from __future__ import annotations

import numpy as np
import pytest
from jinguo.reading.markup import scan_sheet
from jinguo.reading.model import CellState
from jinguo.reading.wire import decode, encode

from .conftest import place, problems


def state(reading, form, cell_id):
    return CellState(reading.states[form.cell_by_id[cell_id].index])


def number(reading, form, cell_id):
    return reading.numbers[form.cell_by_id[cell_id].index]


def normalised(reading, address, sheet="01表"):
    return [(n.raw, n.value, n.how) for n in reading.normalisations if (n.sheet, n.cell) == (sheet, address)]


def test_a_filled_template_reads_as_it_was_filled(city, read, form, typed):
    reading = read(city)
    for cell_id, value in typed("city").items():
        if cell_id.startswith("t"):
            assert number(reading, form, cell_id) == value
    assert (reading.states == CellState.NA).sum() == sum("city" in cell.na_for for cell in form.cells)
    assert not (reading.states == CellState.BLANK).any()
    assert reading.normalisations == []
    assert reading.cover["sent_date"] == "2026-10-03"
    assert reading.place("t01.r02.c2") == ("01表", "E10")
    assert reading.place("cover.phone") == ("封面", "C12")


def test_a_blank_template_has_blanks_and_no_problems(issue, read, form):
    reading = read(issue(values=None))
    assert problems(reading) == []
    assert state(reading, form, "t01.r02.c2") == CellState.BLANK
    assert state(reading, form, "t01.r02.c1") == CellState.NUMBER
    assert state(reading, form, "t01.r01.c2") == CellState.UNREADABLE  # the total of blanks is not known


def test_other_software_gives_the_same_figures(city, read, edit):
    ours, theirs = read(city), read(edit(city))
    assert np.array_equal(ours.numbers, theirs.numbers, equal_nan=True)
    assert np.array_equal(ours.states, theirs.states)
    assert theirs.problems == []
    assert {n.how for n in theirs.normalisations} == {"公式重算"}


def test_quarterly_tables_are_not_due_between_quarters(issue, read, form):
    reading = read(issue(period="2026-10"))
    assert state(reading, form, "t07.r01.c1") == CellState.NOT_DUE
    assert "t05" not in reading.tables


def test_what_does_not_apply_to_the_unit_type(issue, read, form):
    reading = read(issue("43Z001"))
    assert state(reading, form, "t01.r04.c1") == CellState.NA
    assert state(reading, form, "t07.r03.c1") == CellState.NA
    assert reading.problems == []


@pytest.mark.parametrize(
    ("written", "thousandths", "how"),
    [
        ("１２３", 123_000, "全角转半角"),
        (" 12 ", 12_000, "去空格"),
        ("1,234", 1_234_000, "去千分位"),
        ("56支", 56_000, "去单位"),
    ],
)
def test_lossless_normalisations_leave_a_receipt(city, read, edit, form, written, thousandths, how):
    reading = read(edit(city, {("01表", "E10"): written}))
    assert number(reading, form, "t01.r02.c2") == thousandths
    assert normalised(reading, "E10") == [(written, str(thousandths // 1000), how)]
    assert problems(reading) == []


@pytest.mark.parametrize(
    ("written", "rule_id"),
    [
        ("1.2万", "D44"),
        ("一百", "D45"),
        ("约300", "D46"),
        ("无", "D47"),
        ("—", "D47"),
        ("12,34", "D42"),
        ("3人", "D43"),
        ("12\n34", "D50"),
        ("12+8", "D51"),
        ("95%", "D55"),
        (2e10, "D56"),
        ("1O5", "D57"),
        (True, "D47"),
        (12.34567, "WZ-012"),
    ],
)
def test_the_unreadable_is_never_zero(city, read, edit, form, written, rule_id):
    reading = read(edit(city, {("01表", "E10"): written}))
    assert problems(reading) == [("E10", rule_id)]
    assert state(reading, form, "t01.r02.c2") == CellState.UNREADABLE
    assert np.isnan(number(reading, form, "t01.r02.c2"))
    assert state(reading, form, "t01.r01.c2") == CellState.UNREADABLE  # nor is the total that needs it


def test_a_figure_where_none_belongs(city, read, edit, form):
    reading = read(edit(city, {("01表", "D24"): 5, ("02表", "H9"): "—", ("02表", "H10"): "—\n"}))
    assert problems(reading) == [("D24", "WZ-014")]
    assert state(reading, form, "t01.r16.c1") == CellState.NA


def test_a_figure_at_a_level_that_the_unit_does_not_have(issue, read, edit):
    assert problems(read(edit(issue("43Z001"), {("01表", "E12"): 5}))) == [("E12", "WZ-018")]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({("01表", "B10"): "万支"}, [("B10", "WZ-009")]),
        ({("01表", "B10"): None, ("01表", "B11"): " 支 "}, []),  # nothing said, and nothing other
        ({("02表", "B10"): "万人"}, [("B10", "WZ-009")]),  # the form has it in the heading
        ({("02表", "B10"): "人"}, []),
    ],
)
def test_another_unit_of_measure_is_another_form(city, read, edit, changes, found):
    assert problems(read(edit(city, changes))) == found


@pytest.mark.parametrize(
    ("changes", "cell", "value", "others"),
    [
        ({("02表", "D31"): 12345, ("02表", "E31"): 678, ("02表", "B32"): "9"}, "D31", "12345", "1"),  # 合计 of her own
        ({("02表", "K12"): 7}, "K12", "7", ""),  # beside the table
        ({("02表", "K12"): 0, ("02表", "L13"): "见附件"}, "", "", ""),
    ],
)
def test_figures_outside_the_form_are_said_not_to_count(city, read, edit, changes, cell, value, others):
    found = [problem for problem in read(edit(city, changes)).problems if problem.rule_id == "D87"]
    assert [(problem.cell, problem.details["v"], problem.details["n"]) for problem in found] == (
        [(cell, value, others)] if cell else []
    )


def test_codes_are_no_figures_outside_where_their_heading_is_lost(city, read, edit):
    cells = {("01表", f"C{row}"): row - 8 for row in range(9, 35)} | {("01表", "C8"): None}
    assert "D87" not in {problem.rule_id for problem in read(edit(city, cells)).problems}


@pytest.mark.parametrize("value", ["<v>Err:502</v>", "<v></v>", ""])
def test_an_error_is_one_whatever_it_is_called(value):
    xml = f'<sheetData><row r="9"><c r="E9" t="e">{value}</c></row></sheetData>'.encode()
    assert list(scan_sheet(xml).errors) == ["E9"]
    assert list(scan_sheet(xml.replace(b'"', b"'")).errors) == ["E9"]


def test_codes_that_are_lost_or_repeated_are_each_one_thing_to_put_right(city, read, edit):
    lost = read(edit(city, {("04表", f"C{row}"): None for row in range(9, 12)}))
    assert [(p.rule_id, p.details["found"], p.details["expected"]) for p in lost.problems] == [
        ("WZ-009", "缺代码01、02、03", "01 村(社区)妇女之家等3行")
    ]
    repeated = read(edit(city, {("04表", f"C{row}"): "01" for row in (10, 11)}))
    assert [(p.cell, p.details["found"]) for p in repeated.problems if p.cell] == [("C10", "代码01重复")]


def shift(sheet_name, *, rows=0, at_row=1, columns=0, at_column=1):
    """Inserts rows or columns as a spreadsheet does, without the formulas that openpyxl would not move."""

    def change(book):
        sheet = book[sheet_name]
        for merged in list(sheet.merged_cells.ranges):
            sheet.unmerge_cells(str(merged))
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.startswith("="):
                    cell.value = 7
        if rows:
            sheet.insert_rows(at_row, rows)
        if columns:
            sheet.insert_cols(at_column, columns)

    return change


@pytest.mark.parametrize(
    ("how", "address"),
    [
        ({"rows": 3}, "E13"),
        ({"columns": 2}, "G10"),
        ({"rows": 1, "at_row": 8}, "E11"),
        ({"rows": 2, "at_row": 10}, "E12"),
        ({"columns": 1, "at_column": 4}, "F10"),
        ({"columns": 1, "at_column": 5}, "F10"),
        ({"columns": 1, "at_column": 2}, "F10"),
    ],
    ids=[
        "rows above",
        "columns left",
        "row in the head",
        "rows in the data",
        "column after 丙",
        "in between",
        "after 甲",
    ],
)
def test_inserted_rows_and_columns_do_not_matter(city, read, edit, form, typed, how, address):
    reading = read(edit(city, change=shift("01表", **how)))
    assert {problem.rule_id for problem in reading.problems} <= {"D24", "D26", "D29"}
    assert reading.place("t01.r02.c2") == ("01表", address)
    assert number(reading, form, "t01.r02.c2") == typed("city")["t01.r02.c2"]


def swap_rows(first, second, columns):
    def change(book):
        sheet = book["02表"]
        for column in columns:
            one, two = sheet.cell(first, column), sheet.cell(second, column)
            one.value, two.value = two.value, one.value

    return change


def test_moved_rows_are_read_by_their_codes(city, read, edit, form, typed):
    reading = read(edit(city, change=swap_rows(10, 11, range(1, 10))))
    ((rule_id, row),) = [(problem.rule_id, problem.details["row"]) for problem in reading.problems]
    assert (rule_id, row) == ("D24", "11")
    assert reading.place("t02.r02.c1") == ("02表", "D11")
    assert number(reading, form, "t02.r02.c1") == typed("city")["t02.r02.c1"]


def test_swapped_columns_are_read_by_their_numbers(city, read, edit, form, typed):
    def swap(book):
        sheet = book["02表"]
        for row in range(7, 27):
            one, two = sheet.cell(row, 8), sheet.cell(row, 9)
            one.value, two.value = two.value, one.value

    reading = read(edit(city, change=swap))
    assert problems(reading) == [("", "D25")]
    assert reading.place("t02.r15.c5") == ("02表", "I23")
    assert number(reading, form, "t02.r15.c5") == typed("city")["t02.r15.c5"]


def test_codes_that_became_numbers_are_still_codes(city, read, edit):
    assert problems(read(edit(city, {("01表", "C10"): 2}))) == []


@pytest.mark.parametrize(
    ("cell", "value", "found", "expected"),
    [
        ("A10", "按层级：市州", "按层级:市州", "按组建层级：市州(省直)本级"),
        ("E7", "增加", "增加", "本月增加"),
        ("E7", None, "", "本月增加"),
    ],
)
def test_altered_labels_and_headings_are_reported(city, read, edit, cell, value, found, expected):
    reading = read(edit(city, {("01表", cell): value}))
    (problem,) = reading.problems
    assert (problem.rule_id, problem.sheet, problem.cell) == ("WZ-009", "01表", cell)
    assert (problem.details["found"], problem.details["expected"]) == (found, expected)


@pytest.mark.parametrize("value", ["本月\n增加", " 本月　增加 "])
def test_white_space_in_headings_does_not_matter(city, read, edit, value):
    assert problems(read(edit(city, {("01表", "E7"): value}))) == []


def test_a_missing_code_is_reported_and_its_cells_are_absent(city, read, edit, form):
    reading = read(edit(city, {("01表", "C10"): None}))
    found = [(problem.cell, problem.details["found"]) for problem in reading.problems]
    assert found == [("", "缺代码02"), ("C10", "按组建层级:市州(省直)本级")]
    assert state(reading, form, "t01.r02.c2") == CellState.ABSENT


def test_a_doubled_code_is_reported(city, read, edit):
    reading = read(edit(city, {("01表", "C10"): "03"}))
    found = [problem.details["found"] for problem in reading.problems if problem.rule_id == "WZ-009"]
    assert found[:2] == ["代码03重复", "缺代码02"]


def test_a_row_put_in_with_figures_is_reported(city, read, edit):
    def put_in(book):
        shift("01表", rows=1, at_row=11)(book)
        book["01表"]["A11"], book["01表"]["E11"] = "村级网格", 5

    found = [(p.cell, p.details["found"]) for p in read(edit(city, change=put_in)).problems if p.rule_id == "WZ-009"]
    assert found == [("C11", "村级网格")]


def test_a_missing_column_number_is_reported(city, read, edit, form):
    reading = read(edit(city, {("01表", "E8"): None}))
    assert place(reading, "WZ-009") == [("01表", "")]
    assert state(reading, form, "t01.r02.c2") == CellState.ABSENT


def test_a_missing_table(city, read, edit, form):
    reading = read(edit(city, change=lambda book: book.remove(book["06表"])))
    (problem,) = reading.problems
    assert (problem.rule_id, problem.details["missing"]) == ("WZ-004", "06表")
    assert state(reading, form, "t06.r01.c1") == CellState.ABSENT


@pytest.mark.parametrize("value", ["表    号：湘妇志01表(2024版)", "表号：", None])
def test_an_altered_form_number(city, read, edit, form, value):
    reading = read(edit(city, {("01表", "F2"): value}))
    assert [problem.rule_id for problem in reading.problems] == ["WZ-003"]
    assert state(reading, form, "t01.r02.c2") == CellState.NUMBER


def test_a_renamed_sheet_is_known_by_its_form_number(city, read, edit, form):
    reading = read(edit(city, change=lambda book: setattr(book["02表"], "title", "Sheet2")))
    assert [problem.rule_id for problem in reading.problems] == ["D20"]
    assert reading.place("t02.r02.c1") == ("Sheet2", "D10")


def test_own_sheets_are_ignored_and_named(city, read, edit):
    def add(book):
        book.create_sheet("底稿")["A1"] = 1
        book.create_sheet("旧数据")["A1"] = 1
        book["旧数据"].sheet_state = "hidden"
        book.create_sheet("空表")

    reading = read(edit(city, change=add))
    assert [(problem.rule_id, problem.sheet) for problem in reading.problems] == [("D22", "底稿"), ("D21", "旧数据")]


def copied(book, **cells):
    again = book.copy_worksheet(book["01表"])
    again.title = "01表 (2)"
    for address, value in cells.items():
        again[address] = value
    return again


def test_an_equal_copy_of_a_table_is_ignored_and_named(city, read, edit, form, typed):
    reading = read(edit(city, change=copied))
    assert place(reading, "D22") == [("01表 (2)", "")]
    assert number(reading, form, "t01.r02.c2") == typed("city")["t01.r02.c2"]


def test_a_copy_with_another_figure_is_held(city, read, edit):
    reading = read(edit(city, change=lambda book: copied(book, E10=999)))
    (problem,) = reading.problems
    assert (reading.status, reading.unit_code, reading.numbers) == ("held", "430100", None)
    assert (problem.rule_id, problem.sheet, problem.cell) == ("D79", "01表", "E10")
    assert (problem.details["other"], problem.details["w"]) == ("01表 (2)", "999")


def test_a_hidden_copy_does_not_count(city, read, edit, form, typed):
    def hide(book):
        copied(book, E10=999).sheet_state = "hidden"

    reading = read(edit(city, change=hide))
    assert place(reading, "D21") == [("01表 (2)", "")]
    assert number(reading, form, "t01.r02.c2") == typed("city")["t01.r02.c2"]


def test_sheets_of_several_units_are_held_with_their_names(city, read, edit):
    def other(book):
        copied(book, A5="代码：430200", A4="填报单位(签章)：株洲市妇女联合会")

    (problem,) = read(edit(city, change=other)).problems
    assert (problem.rule_id, problem.sheet) == ("D23", "01表 (2)")
    assert problem.details == {"n": "2", "list": "长沙市妇女联合会、株洲市妇女联合会"}


def test_merged_data_cells_belong_to_nobody(city, read, edit, form):
    reading = read(edit(city, change=lambda book: book["02表"].merge_cells("D10:E10")))
    (problem,) = reading.problems
    assert (problem.rule_id, problem.cell, problem.details["range"]) == ("D27", "D10", "D10:E10")
    assert state(reading, form, "t02.r02.c1") == state(reading, form, "t02.r02.c2") == CellState.UNREADABLE


def test_error_cells(city, read, edit, form):
    def spoil(book):
        book["01表"]["E10"] = "#REF!"
        book["01表"]["E10"].data_type = "e"

    reading = read(edit(city, change=spoil))
    (problem,) = reading.problems
    assert (problem.rule_id, problem.cell, problem.value) == ("D31", "E10", "#REF!")
    assert state(reading, form, "t01.r02.c2") == CellState.UNREADABLE


def test_hidden_rows_are_read_and_said(city, read, edit, form, typed):
    def hide(book):
        book["01表"].row_dimensions[10].hidden = True

    reading = read(edit(city, change=hide))
    assert place(reading, "D37") == [("01表", "")]
    assert number(reading, form, "t01.r02.c2") == typed("city")["t01.r02.c2"]


def test_a_table_that_is_hidden_as_a_whole_is_read_and_called_so(city, read, edit):
    reading = read(edit(city, change=lambda book: setattr(book["01表"], "sheet_state", "hidden")))
    (found,) = [problem for problem in reading.problems if problem.rule_id == "D37"]
    assert (found.sheet, found.details["what"]) == ("01表", "整张工作表")


def test_a_stray_value_at_the_far_end_kills_nothing(city, read, edit, form, typed):
    reading = read(edit(city, {("01表", "XFD1048576"): 1}))
    assert [problem.rule_id for problem in reading.problems] == ["D33"]
    assert number(reading, form, "t01.r02.c2") == typed("city")["t01.r02.c2"]


def tick(address, sheet="03表", mark="√"):
    return {(sheet, address): mark}


@pytest.mark.parametrize("mark", ["√", "✓", "是", 1, "x", "Ｘ"])
def test_a_ticked_row_declares_its_blanks_of_the_month_zero(issue, read, edit, form, mark):
    blank = {f"t03.r02.c{column}": None for column in (1, 2, 3, 4, 9)}
    reading = read(edit(issue(values=blank), tick("M10", mark=mark)))
    assert reading.tables["t03"].ticked_rows == ("02",)
    for column in (1, 2, 3, 4, 9):
        assert state(reading, form, f"t03.r02.c{column}") == CellState.NO_ACTIVITY
        assert number(reading, form, f"t03.r02.c{column}") == 0
    assert number(reading, form, "t03.r02.c5") == reading.prefilled["t03.r02.c5"]  # the running total stands
    assert problems(reading) == []


def test_a_tick_does_not_touch_what_is_filled(city, read, edit, form, typed):
    reading = read(edit(city, tick("M10")))
    assert state(reading, form, "t03.r02.c1") == CellState.NUMBER
    assert number(reading, form, "t03.r02.c1") == typed("city")["t03.r02.c1"]


def test_a_ticked_table_declares_everything_zero(issue, read, edit, form):
    blank = {cell.id: None for cell in form.cells_by_table["t06"]}
    reading = read(edit(issue(values=blank), tick("B6", sheet="06表")))
    assert reading.tables["t06"].is_ticked
    assert state(reading, form, "t06.r01.c1") == state(reading, form, "t06.r07.c1") == CellState.NO_ACTIVITY
    assert state(reading, form, "t06.r01.c2") == CellState.BLANK  # emptied by hand: not a figure of the month
    assert problems(reading) == []


@pytest.mark.parametrize("mark", ["", "否", 0, "×"])
def test_what_is_no_tick(issue, read, edit, form, mark):
    reading = read(edit(issue(values={"t03.r02.c1": None}), tick("M10", mark=mark)))
    assert state(reading, form, "t03.r02.c1") == CellState.BLANK


def test_an_xls_gives_the_same_figures(city, read, as_xls):
    ours, theirs = read(city), read(as_xls(city), "report.xls")
    assert np.array_equal(ours.numbers, theirs.numbers, equal_nan=True)
    assert (theirs.format, theirs.unit_code, theirs.cover, problems(theirs)) == ("xls", "430100", ours.cover, [])


def test_an_et_file_is_read_and_said(city, read, as_xls):
    assert [problem.rule_id for problem in read(as_xls(city), "长沙市.et").problems] == ["D02"]


def test_a_reading_crosses_the_wire_unchanged(city, read, edit):
    reading = read(edit(city, {("01表", "E10"): "1.2万", ("01表", "E11"): "１２"}))
    again = decode(encode(reading))
    assert np.array_equal(again.numbers, reading.numbers, equal_nan=True)
    assert (again.problems, again.normalisations) == (reading.problems, reading.normalisations)
    assert (again.tables, again.cover) == (reading.tables, reading.cover)


def test_answers_in_the_list_of_problems(city, read, edit):
    def answer(book):
        sheet = book.create_sheet("问题清单", 0)
        sheet.append(["问题清单"])
        sheet.append(["序号", "规则编号", "工作表", "指标格", "问题", "情况说明", "确认建议值（是/否）"])
        sheet.append([1, "KQ-007", "03表", "t03.r01.c1", "…", "国庆假期集中开展，电话13812345678", None])
        sheet.append([2, "D44", "01表", "t01.r02.c2", "…", None, "是"])
        sheet.append([3, "BN-102", "01表", "t01.r01.c4", "…", None, None])

    answers = read(edit(city, change=answer)).answers
    assert [(a.rule_id, a.cell_id, a.text, a.confirmation) for a in answers] == [
        ("KQ-007", "t03.r01.c1", "国庆假期集中开展，电话138****5678", ""),
        ("D44", "t01.r02.c2", "", "是"),
    ]
