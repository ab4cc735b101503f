"""Rules as spreadsheet formulas: what they look like. That they say what the engine says is tested with LibreOffice."""

from __future__ import annotations

import re

import pytest
from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.rules.binding import Part, Surroundings, bind
from jinguo.rules.excel import Spot, UnsupportedError, check_outcomes, joined, largest, place_code, spot_ranges
from jinguo.rules.excel_lines import LineFormulas
from jinguo.rules.frame import Applicability
from jinguo.rules.vectors import compile_part
from jinguo.settings import PROJECT

SCHEMAS = PROJECT / "schemas"
PERIOD = Period(2026, 9)


class Figures:
    """Table t01 from A1 on: row 01 is row 1, column 1 is column A. Last period's figures a hundred rows below."""

    def figure(self, cell):
        return Spot(int(cell.row) - 1, cell.column - 1)

    def earlier(self, cell):
        return Spot(int(cell.row) + 99, cell.column - 1, "_jinguo") if cell.column == 4 else None

    def measure(self, name):
        return Spot(0, 25) if name == "towns" else None

    def total(self, table, column):
        return Spot(200, column)

    def count(self, table, column=0, code=0):
        return Spot(300 + code, column)

    def place(self, ref, instance):
        row, column = int(ref.row or instance.row), ref.column or instance.column
        return place_code(1, row + 8, column + 3), Spot(row - 1, column - 1)


def formulas(check, *, rows=(), columns=(), when=None, unit_type="city", table="t01"):
    form = form_for(SCHEMAS, PERIOD)
    around = Surroundings(form, table, rows, columns)
    part = Part(bind(check, around), None if when is None else bind(when, around), rows=rows, columns=columns)
    where = Applicability(form, unit_type, PERIOD)
    return [text for check in compile_part(part, where) for text in check_outcomes(check, where, Figures())]


@pytest.mark.parametrize(
    ("check", "options", "formula"),
    [
        ("r01.c4 >= r15.c4", {}, "(D1+D15<1E50)*((D1<D15)*899093-.5)+.5"),
        ("c1 == prev.c4", {"rows": ("02",)}, "(A2<1E50)*((A2<>_jinguo!D102)*898996-.5)+.5"),
        ("c1 == prev.c3", {"rows": ("02",)}, ".5"),
        ("r01.c1 != 0", {}, "(A1<1E50)*((A1=0)*899096-.5)+.5"),
        ("r01.c1 >= 0.5", {}, "(A1<1E50)*((ROUND(2*A1-1,6)<0)*899096-.5)+.5"),
        ("r01.c1 == register.towns", {}, "(A1<1E50)*((A1<>Z1)*899096-.5)+.5"),
        ("r01.c1 == register.counties", {}, ".5"),
        ("r17.c4 / r01.c4 <= 5%", {}, "(D17+D1<1E50)*(D1<>0)*((ROUND(20*D17*SIGN(D1)-1*ABS(D1),6)>0)*897493-.5)+.5"),
        (
            "abs(c4 / prev.c4 - 1) <= 20%",
            {"rows": ("01",)},
            "(D1<1E50)*(_jinguo!D101<>0)*((ROUND(5*ABS(D1*SIGN(_jinguo!D101)-1*ABS(_jinguo!D101))"
            "-1*ABS(_jinguo!D101),6)>0)*899093-.5)+.5",
        ),
        ("r01.c1 == 0 or r02.c1 > 0", {}, "(A1+A2<1E50)*(((A1<>0)*(A2<=0))*899096-.5)+.5"),
        ("not r01.c1 == r02.c1", {}, "(A1+A2<1E50)*((A1=A2)*899096-.5)+.5"),
        ("r01.c1 == count(t05, c4 == 2)", {}, "(A1+E303<1E50)*((A1<>E303)*899096-.5)+.5"),
        ("r01.c1 == sum(t05.c6)", {}, "(A1+G201<1E50)*((A1<>G201)*899096-.5)+.5"),
    ],
)
def test_a_check_as_a_formula(check, options, formula):
    assert formulas(check, **options) == [formula]


def test_a_guard_that_does_not_hold_settles_the_matter():
    (formula,) = formulas("r02.c1 > 1", when="r01.c1 > 0")
    assert formula == "(A1<1E50)*((A1>0)*((A2<1E50)*((A2<=1)*898996-.5)+.5)-.5)+.5"


def test_rows_checked_alike_are_one_formula_over_ranges():
    assert formulas("c4 == c1 + c2 - c3", rows=("01", "02", "03", "05")) == [
        "(D1:D3+A1:A3+B1:B3+C1:C3<1E50)*((ROUND(D1:D3-(A1:A3+B1:B3-C1:C3),6)<>0)"
        "*(899197-100*ROW(D1:D3)-COLUMN(D1:D3))-.5)+.5",
        "(D5+A5+B5+C5<1E50)*((ROUND(D5-(A5+B5-C5),6)<>0)*898693-.5)+.5",
    ]


def test_columns_checked_alike_are_one_formula_over_ranges():
    assert formulas("r01 >= r02", columns=(1, 2, 3)) == [
        "(A1:C1+A2:C2<1E50)*((A1:C1<A2:C2)*(899197-100*ROW(A1:C1)-COLUMN(A1:C1))-.5)+.5"
    ]


def test_a_cell_that_stays_is_a_cell_in_a_formula_over_ranges():
    (formula,) = formulas("c1 <= r01.c1", rows=("02", "03"))
    assert formula.startswith("(A2:A3+A1<1E50)*((A2:A3>A1)*")


def test_what_does_not_apply_is_left_out():
    assert formulas("r01.c1 == r02.c1 + r04.c1", unit_type="own") == ["(A1+A2<1E50)*((A1<>A2)*899096-.5)+.5"]


def test_the_calendar_is_folded_away():
    assert formulas("c1 == if_(month == 9, c2, prev.c3)", rows=("01",)) == formulas("c1 == c2", rows=("01",))


@pytest.mark.parametrize(
    "check",
    [
        "quarter.r17.c4 == 0",
        "if_(r01.c1 > 0, r02.c1, 0) == 0",
        "round(r01.c1 / r02.c1) == 3",
        "min(r01.c1, r02.c1) == 0",
    ],
)
def test_what_a_formula_cannot_say_is_refused(check):
    with pytest.raises(UnsupportedError):
        formulas(check)


def test_the_largest_outcome_counts_and_the_first_place_has_the_largest():
    assert largest(["1", "2", "1"]) == "SUMPRODUCT(MAX(1,2))"
    assert place_code(1, 9, 7) < place_code(1, 10, 4) < place_code(2, 9, 4)


def test_ranges():
    assert spot_ranges([Spot(0, 0), Spot(1, 0), Spot(3, 0), Spot(3, 1), Spot(5, 5)]) == "A1:A2,A4:B4,F6"


def test_joined_keeps_formulas_that_differ_apart():
    one, other = (f"{Spot(row, 0).mark}={row}" for row in (0, 1))
    assert joined([one, other]) == ["A1=0", "A2=1"]


def lines_of(check, **options):
    form = form_for(SCHEMAS, PERIOD)
    part = Part(bind(check, Surroundings(form, each="ledger")), each="ledger", **options)
    table = form.table_by_id["ledger"]
    lines = LineFormulas(
        Applicability(form, "village", PERIOD), table, lambda number: f"{chr(64 + number)}9:{chr(64 + number)}68"
    )
    return lines, part


def test_lines_of_a_list_are_checked_together():
    lines, part = lines_of("c2 <= period.last_day")
    assert (
        lines.first_failing(part, part.check) == "SUMPRODUCT(MAX(ISNUMBER(B9:B68)*(B9:B68>46295)*(1000-ROW(B9:B68))))"
    )
    assert lines.readable_count(part.check) == "SUMPRODUCT(ISNUMBER(B9:B68)*1)"


def test_codes_of_a_list_are_counted_however_they_are_written():
    lines, part = lines_of("18 <= c18 <= 22")
    formula = lines.first_failing(part, part.conditions[0])
    assert '((R9:R68="18")+(R9:R68=18)+(R9:R68="19")' in formula
    assert formula == lines.first_failing(part, part.conditions[1])


def test_codes_that_the_form_does_not_have_must_fail():
    lines, part = lines_of("c18 != 18")
    with pytest.raises(UnsupportedError):
        lines.first_failing(part, part.check)


def test_products_are_computed_where_their_formula_is_gone():
    lines, _ = lines_of("c9 > 0")
    assert re.fullmatch(r'ROUND\(SUM\(K9:K68\)\+SUMPRODUCT\(\(K9:K68=""\)\*ROUND\(.*,1\)\),3\)', lines.sum_of(11))
    assert lines.sum_of(9) == "ROUND(SUM(I9:I68),3)"
