"""Province figures: exact sums over the units that are in, and the six kinds of nothing kept apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.reading.model import CellState
from jinguo.release.definitions import load_definitions
from jinguo.release.figures import consolidate
from jinguo.release.model import FigureState, UnitReport, plain_number, rounded_ratio
from jinguo.units.register import load_register

CITY, OTHER_CITY, ORGANS, OWN = "430100", "430200", "43Z001", "43000Z"
VOLUNTEERS = "t01.r17.c4"


def test_sum_is_exact_in_thousandths(make_report, make_figures):
    hours = "t03.r01.c3"
    figures = make_figures(
        make_report(CITY, cells={hours: 100}),
        make_report(OTHER_CITY, cells={hours: 200}),
        make_report(OWN, cells={hours: 3_000_000_000_700}),
    )
    figure = figures.province[hours]
    assert (figure.value, figure.state, figure.counted, figure.expected) == (
        3_000_000_001_000,
        FigureState.COMPLETE,
        3,
        3,
    )


def test_negative_is_added_and_never_clipped(make_report, make_figures):
    figures = make_figures(
        make_report(CITY, cells={VOLUNTEERS: -5000}), make_report(OTHER_CITY, cells={VOLUNTEERS: 2000})
    )
    assert figures.province[VOLUNTEERS].value == -3000
    assert figures.of_unit(0, VOLUNTEERS).value == -5000


@pytest.mark.parametrize(
    ("state", "word", "value", "counted"),
    [
        (CellState.BLANK, "blank", None, 1),
        (CellState.UNREADABLE, "blank", None, 1),
        (CellState.NO_ACTIVITY, "no_activity", 0, 2),
    ],
    ids=["blank", "unreadable", "no_activity"],
)
def test_cell_without_number(make_report, make_figures, state, word, value, counted):
    cell = "t03.r02.c1"
    figures = make_figures(make_report(CITY, cells={cell: state}), make_report(OTHER_CITY, cells={cell: 7000}))
    own, total = figures.of_unit(0, cell), figures.province[cell]
    assert (own.value, own.state.word) == (value, word)
    assert (total.value, total.counted, total.expected) == (7000, counted, 2)
    assert total.state is (FigureState.COMPLETE if counted == 2 else FigureState.PARTIAL)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("missing", "missing"),
        ("returned", "unaccepted"),
        ("awaiting_explanation", "unaccepted"),
        ("held", "unaccepted"),
        ("excluded", "unaccepted"),
    ],
)
def test_unit_that_is_not_in_is_named_and_never_zero(make_report, make_figures, state, word):
    figures = make_figures(make_report(CITY, cells={VOLUNTEERS: 9000}), make_report(OTHER_CITY, state=state))
    own, total = figures.of_unit(1, VOLUNTEERS), figures.province[VOLUNTEERS]
    assert (own.value, own.state.word) == (None, word)
    assert (total.value, total.state, total.counted, total.expected) == (9000, FigureState.PARTIAL, 1, 2)
    assert [report.unit.code for report in figures.left_out] == [OTHER_CITY]


def test_na_is_neither_added_nor_missed(make_report, make_figures, form):
    town_teams, nobody = "t01.r04.c4", "t01.r16.c1"
    figures = make_figures(
        make_report(CITY, cells={town_teams: 4000}), make_report(ORGANS), make_report(OWN, state="missing")
    )
    total = figures.province[town_teams]
    assert (total.value, total.state, total.counted, total.expected) == (4000, FigureState.COMPLETE, 1, 1)
    assert figures.of_unit(1, town_teams).state is FigureState.NA
    assert figures.of_unit(2, town_teams).state is FigureState.NA, "a unit that is not in has the same “—”"
    assert (figures.province[nobody].value, figures.province[nobody].state) == (None, FigureState.NA)


def test_number_in_a_cell_that_does_not_apply_counts_for_nothing(make_report, make_figures):
    figures = make_figures(
        make_report(CITY, cells={"t01.r04.c4": 4000}), make_report(ORGANS, cells={"t01.r04.c4": 1000})
    )
    assert figures.province["t01.r04.c4"].value == 4000


def test_nothing_counted_is_no_value(make_report, make_figures):
    figures = make_figures(
        make_report(CITY, cells={VOLUNTEERS: CellState.BLANK}), make_report(OTHER_CITY, state="missing")
    )
    assert (figures.province[VOLUNTEERS].value, figures.province[VOLUNTEERS].state) == (None, FigureState.PARTIAL)


def test_number_too_large_to_be_exact_is_not_a_number(make_report, make_figures):
    figures = make_figures(
        make_report(CITY, cells={VOLUNTEERS: 2**60}), make_report(OTHER_CITY, cells={VOLUNTEERS: 1000})
    )
    assert figures.province[VOLUNTEERS].value == 1000
    assert figures.of_unit(0, VOLUNTEERS).state is FigureState.BLANK


def test_quarterly_tables_are_left_out_between_quarters(make_report, make_figures):
    october = make_figures(make_report(CITY))
    december = make_figures(make_report(CITY, at=Period(2026, 12)), at=Period(2026, 12))
    for figure_id in ("t07.r01.c1", "demo_community_city", "inclusion_rate_city", "demo_target_rate"):
        assert figure_id not in october.province
        assert figure_id in december.province


def test_persons_who_may_repeat_are_sum_noted(make_report, make_figures):
    province = make_figures(make_report(CITY)).province
    noted = {figure_id for figure_id, figure in province.items() if figure.aggregation == "sum_noted"}
    assert {"t01.r24.c4", "t01.r25.c4", "t02.r01.c4"} <= noted
    assert VOLUNTEERS not in noted


def test_rounding_is_half_away_from_zero():
    assert rounded_ratio(1, 8, scale=100) == 12_500
    assert rounded_ratio(1, 800, scale=100) == 130, "0.125 → 0.13"
    assert rounded_ratio(-1, 800, scale=100) == -130
    assert rounded_ratio(2, 3) == 670


@pytest.mark.parametrize(("thousandths", "shown"), [(None, None), (2000, 2), (-1500, -1.5), (1, 0.001), (0, 0)])
def test_plain_number(thousandths, shown):
    assert plain_number(thousandths) == shown
    assert type(plain_number(thousandths)) is type(shown)


_CELL = st.one_of(
    st.integers(-(10**13), 10**13).map(lambda n: (int(CellState.NUMBER), n)),
    st.sampled_from([(int(CellState.BLANK), None), (int(CellState.NO_ACTIVITY), 0)]),
)


@given(columns=st.lists(st.one_of(st.none(), st.lists(_CELL, min_size=3, max_size=3)), min_size=1, max_size=16))
@settings(max_examples=40, deadline=None)
def test_province_is_the_sum_of_what_is_known(columns, schemas):
    """Σ over the units that are in, in any order, equals Python's own integers; x of y counts them."""
    period = Period(2026, 10)
    form, register = form_for(schemas, period), load_register(schemas)
    ids = ["t01.r01.c4", "t03.r01.c3", "t06.r02.c1"]
    codes = [row.unit_code for row in register.obligations(period)]
    reports = []
    for code, cells in zip(codes, columns, strict=False):
        unit = register.by_code[code]
        if cells is None:
            reports.append(UnitReport(unit, "missing"))
            continue
        numbers, states = np.full(len(form.cells), np.nan), np.zeros(len(form.cells), np.uint8)
        for cell_id, (state, number) in zip(ids, cells, strict=True):
            index = form.cell_by_id[cell_id].index
            states[index], numbers[index] = state, np.nan if number is None else number
        reports.append(UnitReport(unit, "accepted", numbers=numbers, states=states))
    definitions = load_definitions(schemas, form)
    figures = consolidate(form, period, reports, definitions=definitions, register=register)
    backwards = consolidate(form, period, reports[::-1], definitions=definitions, register=register)
    for place, cell_id in enumerate(ids):
        known = [cells[place][1] for cells in columns if cells and cells[place][1] is not None]
        figure = figures.province[cell_id]
        assert figure.value == (sum(known) if known else None)
        assert (figure.counted, figure.expected) == (len(known), len(columns))
        assert backwards.province[cell_id] == figure
