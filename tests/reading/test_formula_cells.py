"""Formulas: ours are recomputed from the form, others are taken as they stand, and every difference is said."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from jinguo.forms.model import Cell
from jinguo.periods import Period
from jinguo.reading.formulas import linear_form, moved_formula, recipe_for
from jinguo.reading.model import CellState

from .conftest import place, problems


def rewrite(data, change, *, part="xl/worksheets/sheet2.xml"):
    """The workbook with one part's text changed, everything else byte for byte."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            body = source.read(name)
            if name == part:
                text = body.decode()
                body = change(text).encode()
                assert body.decode() != text
            target.writestr(name, body)
    return buffer.getvalue()


def set_result(address, result):
    """Another cached result for a formula cell of 01表; None takes it away."""

    def change(text):
        pattern = rf'(<c r="{address}"[^>]*>)(<f>[^<]*</f>)<v>[^<]*</v>'
        return re.sub(pattern, rf"\1\2{'' if result is None else f'<v>{result}</v>'}", text)

    return change


def number(reading, form, cell_id):
    return reading.numbers[form.cell_by_id[cell_id].index]


def state(reading, form, cell_id):
    return CellState(reading.states[form.cell_by_id[cell_id].index])


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("SUM(E10:E11)", [("", 9, 4, 1), ("", 10, 4, 1)]),
        ("D9+E9-F9", [("", 8, 3, 1), ("", 8, 4, 1), ("", 8, 5, -1)]),
        ("+D9 - ( E9 - F9 )", [("", 8, 3, 1), ("", 8, 4, -1), ("", 8, 5, 1)]),
        ("'_jinguo'!$B$12+E9", [("", 8, 4, 1), ("_jinguo", 11, 1, 1)]),
        ("sum($D$9,D10)", [("", 8, 3, 1), ("", 9, 3, 1)]),
        ("0", []),
        ("SUM(E10:E11)+0", [("", 9, 4, 1), ("", 10, 4, 1)]),
    ],
)
def test_sums_are_understood_however_they_are_written(text, cells):
    assert linear_form(text) == tuple(sorted(cells))


@pytest.mark.parametrize(
    "text", ["D9*2", "IF(A1>0,1,2)", "D9+5", "AVERAGE(D1:D2)", "SUM(D9", "D9)", "SUM(A1:XFD1048576)"]
)
def test_anything_else_is_not(text):
    assert linear_form(text) is None


def test_a_shared_formula_moves_with_its_cell():
    assert moved_formula("D9+$E$9-F9", "G9", "G12") == "D12+$E$9-F12"


def test_a_shared_formula_that_would_leave_the_sheet():
    assert moved_formula("A9+D1+$A$1", "G9", "F8") == "#REF!+#REF!+$A$1"


def test_operands_are_computed_before_their_sums(form):
    recipe = recipe_for(form, "city", Period(2026, 1), {})
    seen, computed = set(), {step.index for step in recipe.steps}
    for step in recipe.steps:
        assert all(index in seen for index, _ in step.terms if index in computed)
        seen.add(step.index)


def test_january_starts_the_running_totals_afresh(form):
    cell: Cell = form.cell_by_id["t03.r02.c5"]
    steps = {step.index: step for step in recipe_for(form, "city", Period(2026, 1), {}).steps}
    assert steps[cell.index].terms == ((form.cell_by_id["t03.r02.c1"].index, 1),)


def test_a_result_that_was_not_saved_is_computed(city, read, form):
    reading = read(rewrite(city, set_result("G10", None)))
    assert number(reading, form, "t01.r02.c4") == number(read(city), form, "t01.r02.c4")
    (receipt,) = reading.normalisations
    assert (receipt.cell, receipt.raw, receipt.how) == ("G10", "=D10+E10-F10", "公式重算")
    assert problems(reading) == []


def test_a_stale_result_is_replaced_and_said(city, read, form):
    reading = read(rewrite(city, set_result("G10", 999)))
    assert number(reading, form, "t01.r02.c4") == number(read(city), form, "t01.r02.c4")
    (problem,) = reading.problems
    assert (problem.rule_id, problem.cell, problem.value) == ("D29", "G10", "999")
    assert problem.details["how"] == "未重新计算"


def test_a_constant_over_a_formula_is_taken_as_typed(city, read, form):
    typed_over = rewrite(
        city, lambda text: re.sub(r'(<c r="G10"[^>]*>)<f>[^<]*</f><v>[^<]*</v>', r"\1<v>999</v>", text)
    )
    reading = read(typed_over)
    assert number(reading, form, "t01.r02.c4") == 999_000
    (problem,) = reading.problems
    assert (problem.rule_id, problem.cell, problem.details["how"]) == ("D29", "G10", "手工录入")


def test_a_constant_that_agrees_needs_no_word(city, read):
    agreeing = rewrite(city, lambda text: re.sub(r'(<c r="G10"[^>]*>)<f>[^<]*</f>', r"\1", text))
    assert problems(read(agreeing)) == []


def other_formula(address, formula, result):
    return lambda text: re.sub(
        rf'(<c r="{address}"[^>]*>)(?:<f>[^<]*</f>)?(?:<v>[^<]*</v>)?', rf"\1<f>{formula}</f>{result}", text
    )


def test_another_formula_keeps_its_result_and_is_said(city, read, form):
    reading = read(rewrite(city, other_formula("G10", "D10+E10", "<v>77</v>")))
    assert number(reading, form, "t01.r02.c4") == 77_000
    assert [(p.cell, p.rule_id, p.details["how"]) for p in reading.problems] == [("G10", "D29", "公式被改动")]


def test_a_clerks_own_formula_with_a_result_is_its_result(city, read, form):
    reading = read(rewrite(city, other_formula("E10", "5*3", "<v>15</v>")))
    assert number(reading, form, "t01.r02.c2") == 15_000
    assert not [problem for problem in reading.problems if problem.cell == "E10"]


def test_a_clerks_own_formula_without_a_result_is_unreadable(city, read, form):
    reading = read(rewrite(city, other_formula("E10", "5*3", "")))
    assert ("E10", "D31") in problems(reading)
    assert state(reading, form, "t01.r02.c2") == CellState.UNREADABLE


def test_a_clerks_own_sum_without_a_result_is_added_up(city, read, form):
    reading = read(rewrite(city, other_formula("E10", "D10+E11-F11", "")))
    plain = read(city)
    wanted = [number(plain, form, cell_id) for cell_id in ("t01.r02.c1", "t01.r03.c2", "t01.r03.c3")]
    assert number(reading, form, "t01.r02.c2") == wanted[0] + wanted[1] - wanted[2]
    receipts = [(n.cell, n.raw, n.how) for n in reading.normalisations if n.cell == "E10"]
    assert receipts == [("E10", "=D10+E11-F11", "公式重算")]
    assert not [problem for problem in reading.problems if problem.cell == "E10"]


def test_a_sum_in_a_circle_or_over_text_is_held(city, read, form):
    circle = read(rewrite(city, other_formula("E10", "E10+E11", "")))
    assert ("E10", "D31") in problems(circle)
    texts = read(rewrite(city, other_formula("E10", "A10+E11", "")))
    assert ("E10", "D31") in problems(texts)


def test_a_link_to_another_file_is_said(city, read, form):
    reading = read(rewrite(city, other_formula("E10", "[1]Sheet1!B5", "<v>15</v>")))
    assert place(reading, "D32") == [("01表", "E10")]
    assert number(reading, form, "t01.r02.c2") == 15_000


def test_an_error_in_a_formula_of_ours_is_computed_away(city, read, form):
    def spoil(text):
        return re.sub(r'<c r="G10"([^>]*)>(<f>[^<]*</f>)<v>[^<]*</v>', r'<c r="G10"\1 t="e">\2<v>#VALUE!</v>', text)

    reading = read(rewrite(city, spoil))
    assert number(reading, form, "t01.r02.c4") == number(read(city), form, "t01.r02.c4")
    assert [problem.rule_id for problem in reading.problems] == ["D29"]


def test_shared_formulas_are_ours_as_well(city, read, form):
    def share(text):
        text = re.sub(r'(<c r="G10"[^>]*>)<f>([^<]*)</f>', r'\1<f t="shared" ref="G10:G12" si="0">\2</f>', text)
        return re.sub(r'(<c r="G1[12]"[^>]*>)<f>[^<]*</f><v>[^<]*</v>', r'\1<f t="shared" si="0"/><v>1</v>', text)

    reading = read(rewrite(city, share))
    assert number(reading, form, "t01.r03.c4") == number(read(city), form, "t01.r03.c4")
    assert problems(reading) == [("G11", "D29"), ("G12", "D29")]


def test_an_overwritten_opening_is_taken_as_typed(city, read, edit, form):
    reading = read(edit(city, {("01表", "D10"): 99}))
    assert number(reading, form, "t01.r02.c1") == 99_000
    (problem,) = reading.problems
    assert (problem.rule_id, problem.cell, problem.details["how"]) == ("D29", "D10", "预填数被改动")


def test_a_total_counts_normalised_figures(city, read, edit, form):
    plain, written = read(edit(city, {("01表", "E10"): 56})), read(edit(city, {("01表", "E10"): "56支"}))
    assert number(written, form, "t01.r01.c2") == number(plain, form, "t01.r01.c2")


def test_without_the_block_the_running_totals_are_taken_as_shown(city, read, form):
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(city), data_only=True)
    del book["_jinguo"]
    buffer = io.BytesIO()
    book.save(buffer)
    reading = read(buffer.getvalue())
    assert number(reading, form, "t03.r02.c5") == number(read(city), form, "t03.r02.c5")
    assert reading.prefilled == {}


@pytest.mark.parametrize("attributes", [r'\1 t="e"', r"\1 t='e'"])
def test_the_error_that_stood_in_a_formula_of_ours_is_shown(city, read, attributes):
    def spoil(text):
        cell = r'<c r="G10"' + attributes + r">\2<v>#DIV/0!</v>"
        return re.sub(r'<c r="G10"([^>]*)>(<f>[^<]*</f>)<v>[^<]*</v>', cell, text)

    (problem,) = read(rewrite(city, spoil)).problems
    assert (problem.rule_id, problem.cell, problem.value) == ("D29", "G10", "#DIV/0!")
