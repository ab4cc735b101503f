"""What a rule means where something is missing, does not apply, or lies exactly at a limit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.reading.model import CellState
from jinguo.rules.binding import Part, Surroundings, bind
from jinguo.rules.evaluate import NotApplicable, Point, verdict_at
from jinguo.rules.frame import Applicability, Frame
from jinguo.rules.vectors import compile_part
from jinguo.settings import PROJECT

NAN = float("nan")


@pytest.fixture(scope="module")
def fails(form):
    """``fails("r01.c1 == 1", {"t01.r01.c1": 2})``: the verdicts of a check on one submission, one per place."""

    def run(check, values=None, *, unit_type="city", period="2026-12", prev=None, measures=None, **names):
        columns, rows, table = names.pop("columns", ()), names.pop("rows", ()), names.pop("table", "t01")
        surroundings = Surroundings(form, table, rows, columns)
        part = Part(
            bind(check, surroundings),
            rows=rows,
            columns=columns,
            **{key: bind(text, surroundings) for key, text in names.items()},
        )
        frame = frame_of(form, [values or {}], unit_type, period, prev=[prev or {}], measures=measures or {})
        checks = compile_part(part, frame.where)
        masks = [bool(mask) for check in checks for mask in np.ravel(check.fails(frame))]
        assert masks == [bool(v) for v in _opinion(checks, frame)]
        return masks

    return run


def _opinion(checks, frame):
    """The same from the interpreter in fractions."""
    for check in checks:
        for instance in check.instances:
            point = Point(frame, 0, instance)
            guard = True if check.part.when is None else verdict_at(check.part.when, point)
            yield guard is True and verdict_at(check.condition, point) is False


def frame_of(form, submissions, unit_type, period, *, prev, measures=None):
    def array(many):
        numbers = np.full((len(form.cells), len(many)), NAN)
        for column, cells in enumerate(many):
            for cell_id, value in cells.items():
                numbers[form.cell_by_id[cell_id].index, column] = round(value * 1000)
        return numbers

    where = Applicability(form, unit_type, Period.parse(period))
    known = {name: np.array([value * 1000.0]) for name, value in (measures or {}).items()}
    return Frame(where, array(submissions), array(prev), np.zeros((len(form.cells), len(submissions))), known, {})


def test_equal_and_unequal(fails):
    assert fails("r01.c1 == r02.c1", {"t01.r01.c1": 5, "t01.r02.c1": 5}) == [False]
    assert fails("r01.c1 == r02.c1", {"t01.r01.c1": 5, "t01.r02.c1": 4}) == [True]


@pytest.mark.parametrize("check", ["r01.c1 == r02.c1", "r01.c1 != r02.c1", "r01.c1 < r02.c1 + r03.c1",
                                   "max(r01.c1, r02.c1) < 0", "r01.c1 / r02.c1 > 9", "abs(r02.c1) < 0",
                                   "if_(r02.c1 > 1, 1, 2) == 3"])  # fmt: skip
def test_a_blank_operand_makes_a_rule_not_evaluated(fails, check):
    assert fails(check, {"t01.r01.c1": 5, "t01.r03.c1": 1}) == [False]


def test_a_blank_beside_a_failing_alternative_still_stops_the_rule(fails):
    check = "r01.c1 > 9 or (r02.c1 == 0 and r03.c1 == 0)"
    assert fails(check, {"t01.r01.c1": 5, "t01.r02.c1": 1}) == [False]
    assert fails(check, {"t01.r01.c1": 5, "t01.r02.c1": 1, "t01.r03.c1": 0}) == [True]


def test_conditions_joined_by_and_are_evaluated_each_for_itself(fails):
    assert fails("r01.c1 > 9 and r02.c1 > 9", {"t01.r01.c1": 5}) == [True, False]


def test_not_applicable_counts_as_nothing_in_a_sum(fails):
    values = {"t01.r01.c1": 5, "t01.r02.c1": 2, "t01.r03.c1": 2, "t01.r06.c1": 1}  # 04, 05 are “—” for 本级
    assert fails("r01 == sum(r02:r06)", values, unit_type="own", columns=(1,)) == [False]
    assert fails("r01 == sum(r02:r06)", values | {"t01.r06.c1": 2}, unit_type="own", columns=(1,)) == [True]


def test_a_comparison_with_nothing_but_na_on_a_side_is_satisfied(fails):
    assert fails("r04.c1 > 0", unit_type="own") == []
    assert fails("r04.c1 + r05.c1 == r01.c1", {"t01.r01.c1": 5}, unit_type="own") == []
    assert fails("r01.c1 == 0 or r04.c1 > 0", {"t01.r01.c1": 5}, unit_type="own") == []
    assert fails("min(r01.c1, r04.c1) == 5", {"t01.r01.c1": 4}, unit_type="own") == [True]


def test_only_the_rows_that_apply_are_read(fails):
    assert fails("c1 > 0", {"t01.r03.c1": 0, "t01.r06.c1": 1}, unit_type="own", rows=("03", "04", "05", "06")) == [
        True,
        False,
    ]


def test_a_table_that_is_not_due_does_not_apply(fails):
    assert fails("r01.c1 == 0 or t07.r07.c2 > 0", {"t01.r01.c1": 5}, period="2026-10") == []
    assert fails("r01.c1 == 0 or t07.r07.c2 > 0", {"t01.r01.c1": 5, "t07.r07.c2": 0}, period="2026-12") == [True]


def test_a_guard_that_is_false_or_unknown_keeps_the_rule_out(fails):
    values = {"t01.r01.c1": 5}
    assert fails("r01.c1 > 9", values | {"t01.r02.c1": 1}, when="r02.c1 > 0") == [True]
    assert fails("r01.c1 > 9", values | {"t01.r02.c1": 0}, when="r02.c1 > 0") == [False]
    assert fails("r01.c1 > 9", values, when="r02.c1 > 0") == [False]
    assert fails("r01.c1 > 9", values, when="r04.c1 > 0", unit_type="own") == []


@pytest.mark.parametrize(
    ("above", "below", "failing"),
    [(1, 3, [False]), (333333, 1000000, [True]), (0.1, 0.3, [False]), (700, 2100, [False]), (699.9, 2099.8, [True])],
)
def test_division_is_exact(fails, above, below, failing):
    """Limits that no float quotient meets."""
    values = {"t03.r01.c3": above, "t03.r01.c7": below}
    assert fails("r01.c3 / r01.c7 == 1 / 3", values, table="t03") == failing


def test_division_by_zero_is_unknown(fails):
    assert fails("r01.c1 / r02.c1 > 1", {"t01.r01.c1": 0, "t01.r02.c1": 0}) == [False]
    assert fails("r01.c1 / 0 > 1", {"t01.r01.c1": 0}) == [False]


def test_a_negative_denominator_does_not_turn_the_comparison_round(fails):
    assert fails("r01.c1 / r02.c1 < 0", {"t01.r01.c1": 3, "t01.r02.c1": -2}) == [False]
    assert fails("r01.c1 / r02.c1 > 0", {"t01.r01.c1": 3, "t01.r02.c1": -2}) == [True]


@pytest.mark.parametrize(
    ("value", "whole", "tenth"), [(2.5, 3, 2.5), (-2.5, -3, -2.5), (2.449, 2, 2.4), (2.45, 2, 2.5), (-0.05, 0, -0.1)]
)
def test_rounding_is_half_away_from_zero(fails, value, whole, tenth):
    values = {"t03.r01.c3": value, "t03.r02.c3": whole, "t03.r03.c3": tenth}
    assert fails("round(r01.c3) == r02.c3 and round(r01.c3, 1) == r03.c3", values, table="t03") == [False, False]


def test_rounding_a_quotient(fails):
    values = {"t01.r01.c1": 5, "t01.r02.c1": 2}
    assert fails("round(r01.c1 / r02.c1) == 3 and round(r02.c1 / r01.c1, 1) == 0.4", values) == [False, False]


def test_large_sums_are_exact(fails):
    values = {f"t03.r{row:02d}.c7": 10**9 + 0.1 for row in range(2, 12)} | {"t03.r01.c7": 10**10 + 1}
    assert fails("r01.c7 == sum(r02.c7:r11.c7)", values, table="t03") == [False]
    assert fails("r01.c7 == sum(r02.c7:r11.c7)", values | {"t03.r01.c7": 10**10 + 0.9}, table="t03") == [True]


def test_month_and_row_are_numbers(fails):
    assert fails("r14.c1 == 0", {"t03.r14.c1": 1}, table="t03", when="month < 2 or month > 4") == [True]
    assert fails("r14.c1 == 0", {"t03.r14.c1": 1}, table="t03", when="month < 2 or month > 4", period="2026-03") == []
    assert fails("c1 == row", {"t01.r02.c1": 2, "t01.r03.c1": 4}, rows=("02", "03")) == [False, True]


def test_january_needs_no_last_month(fails):
    check = "c5 == if_(month == 1, c1, prev.c5 + c1)"
    values = {"t03.r01.c1": 5, "t03.r01.c5": 6}
    assert fails(check, values, table="t03", rows=("01",), period="2027-01") == [True]
    assert fails(check, values, table="t03", rows=("01",), period="2027-02") == [False]  # unknown: not evaluated
    assert fails(check, values, table="t03", rows=("01",), period="2027-02", prev={"t03.r01.c5": 2}) == [True]


def test_a_register_without_the_measure_is_unknown(fails):
    assert fails("r05.c1 == register.towns", {"t04.r05.c1": 5}, table="t04") == [False]
    assert fails("r05.c1 == register.towns", {"t04.r05.c1": 5}, table="t04", measures={"towns": 6}) == [True]


def test_unreadable_and_absent_are_unknown(report):
    found = report("city")
    found.states = {"t02.r17.c3": CellState.UNREADABLE, "t02.r01.c1": CellState.ABSENT}
    found.cells |= {"t02.r17.c3": None, "t02.r01.c1": None}
    assert found.places() == []


NUMBERS = st.one_of(st.just(NAN), st.integers(-3, 12).map(float), st.sampled_from([0.1, 0.2, 0.3, 59.9, 60, 60.1]))


CELLS = st.sampled_from(["r01.c1", "r02.c1", "r03.c1", "r04.c1", "prev.r01.c4"])  # r04: “—” for 本级


def expressions():
    return st.recursive(
        st.one_of(CELLS, st.sampled_from(["0", "1", "0.5", "60%", "3"])),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
            inner.map(lambda x: f"abs({x})"),
            st.tuples(inner, inner).map(lambda p: f"max({p[0]}, {p[1]})"),
            st.tuples(inner, inner).map(lambda p: f"sum({p[0]}, {p[1]})"),
            st.tuples(CELLS, inner, inner).map(lambda p: f"if_({p[0]} > 1, {p[1]}, {p[2]})"),
            inner.map(lambda x: f"round({x}, 1)"),
        ),
        max_leaves=5,
    )


def conditions():
    """Every comparison has a figure in it: what literals alone settle is decided before figures are looked up."""
    comparison = st.tuples(CELLS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), expressions())
    return st.recursive(
        comparison.map(" ".join),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda p: f"({p[0]}) or ({p[1]})"),
            st.tuples(inner, inner).map(lambda p: f"({p[0]}) and ({p[1]})"),
            inner.map(lambda x: f"not ({x})"),
        ),
        max_leaves=4,
    )


@settings(max_examples=150, deadline=None)
@given(check=conditions(), values=st.lists(NUMBERS, min_size=4, max_size=4), before=NUMBERS)
def test_vectors_say_what_fractions_say(check, values, before):
    form = form_for(PROJECT / "schemas", Period(2026, 12))
    cells = {f"t01.r{row:02d}.c1": value for row, value in enumerate(values, 1) if value == value}
    prev = {} if before != before else {"t01.r01.c4": before}
    frame = frame_of(form, [cells], "own", "2026-12", prev=[prev])
    part = Part(bind(check, Surroundings(form, "t01")))
    by_vectors = {check.condition: bool(check.fails(frame).any()) for check in compile_part(part, frame.where)}
    for condition in part.conditions:
        verdict = verdict_at(condition, Point(frame, 0))
        assert by_vectors.get(condition, False) is (verdict is False), (condition, verdict)
        assert isinstance(verdict, bool | NotApplicable | None)
