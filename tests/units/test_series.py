"""Two views of a series: nothing is dropped, nothing is estimated, and a sum without a member says so."""

from __future__ import annotations

import json

import pytest
from jinguo.errors import JinguoError
from jinguo.flow.office import open_office
from jinguo.flow.predecessors import period_context
from jinguo.flow.register.changes import import_register
from jinguo.flow.release.series import cell_series, describe_series
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.reading.model import CellState

MAY, JUNE, JULY, AUGUST = (Period(2026, month) for month in (5, 6, 7, 8))
CELL = "t01.r17.c4"
MERGE = "merge: [430302, 430304], from: 2026-07, into: 430311, name: 雨塘区"
RENAME = "rename: 430304, from: 2026-06, name: 岳云区"


@pytest.fixture
def change(settings, change_file):
    def put_in(*entries):
        import_register(settings, change_file(*entries), actor="王运维", reason="批复", is_decided=True)

    return put_in


@pytest.fixture
def points(settings):
    """(period, value, state) of a series."""

    def ask(unit, view, first=MAY, last=AUGUST, cell=CELL):
        found = cell_series(settings, cell, unit_code=unit, first=first, last=last, view=view)
        return [(p.period.month, None if p.value is None else p.value / SCALE, p.state) for p in found]

    return ask


@pytest.fixture
def merged(change, reports):
    for period, first, second in ((MAY, 10, 5), (JUNE, 11, 6)):
        reports.send("430302", period, first)
        reports.send("430304", period, second)
    change(RENAME, MERGE)
    reports.send("430311", JULY, 18)


def test_merged_unit_then_and_today(merged, points):
    assert points("430311", "then") == [
        (5, None, "no_unit"),
        (6, None, "no_unit"),
        (7, 18, "reported"),
        (8, None, "missing"),
    ]
    assert points("430311", "today") == [
        (5, 15, "complete"),
        (6, 17, "complete"),
        (7, 18, "reported"),
        (8, None, "missing"),
    ]


def test_its_makers_then_and_where_to_look_today(settings, merged, points):
    found = cell_series(settings, CELL, unit_code="430304", first=MAY, last=JULY, view="then")
    assert [(p.name, p.state) for p in found] == [("岳塘区", "reported"), ("岳云区", "reported"), ("岳云区", "no_unit")]
    assert found[-1].note == "2026-07起并入雨塘区（430311）"
    assert settings.now().month == 6, "the merger is to come: until then each has its place on the map"
    assert points("430304", "today", last=JUNE) == [(5, 5, "reported"), (6, 6, "reported")]


def test_whoever_is_gone_has_no_place_on_todays_map(settings, merged):
    from dataclasses import replace

    later = replace(settings, fixed_now=settings.now().replace(month=9))
    with pytest.raises(JinguoError, match="since 2026-07 it is part of 雨塘区"):
        cell_series(later, CELL, unit_code="430304", first=MAY, last=JULY, view="today")


@pytest.mark.parametrize("how", ["nothing", "blank"])
def test_missing_member_makes_the_sum_incomplete_never_smaller_unseen(settings, change, reports, points, how):
    reports.send("430302", MAY, 10)
    if how == "blank":
        reports.send("430304", MAY, 5, cells={CELL: CellState.BLANK})
    change(MERGE)
    assert points("430311", "today", last=MAY) == [(5, 10, "incomplete")]
    (point,) = cell_series(settings, CELL, unit_code="430311", first=MAY, last=MAY, view="today")
    assert [part.unit.code for part in point.missing] == ["430304"]
    assert point.note == "不完整：1/2个单位，缺岳塘区"


def test_declared_zero_is_a_member(change, reports, points):
    reports.send("430302", MAY, 10)
    reports.send("430304", MAY, 5, cells={CELL: CellState.NO_ACTIVITY})
    change(MERGE)
    assert points("430311", "today", last=MAY) == [(5, 10, "complete")]


def test_mergers_and_new_codes_chain(settings, change, change_file, reports, points):
    reports.send("430302", MAY, 10)
    reports.send("430304", MAY, 5)
    reports.send("430381", MAY, 1)
    change(MERGE, "recode: 430311, from: 2026-08, to: 430312", "merge: [430312, 430381], from: 2026-09, into: 430381")
    assert points("430381", "today", last=MAY) == [(5, 16, "complete")]
    found = cell_series(settings, CELL, unit_code="430312", first=JULY, last=AUGUST, view="then")
    assert [(p.period.month, p.code) for p in found] == [(7, "430311"), (8, "430312")]


@pytest.mark.parametrize(("heir", "values"), [("none", [None, None]), ("430121", [8, None]), ("430126", [None, 8])])
def test_division_is_not_comparable_and_shows_the_old_figure_only_by_decision(change, reports, points, heir, values):
    reports.send("430121", JUNE, 8)
    change(
        "add: 430126, from: 2026-07, name: 星沙市, parent: 430100, category: 县级市",
        f"split: 430121, from: 2026-07, into: [430121, 430126], old_values: {heir}",
    )
    reports.send("430121", JULY, 5)
    for unit, value in zip(("430121", "430126"), values, strict=True):
        assert points(unit, "today", first=JUNE, last=JUNE) == [(6, value, "not_comparable")]
    assert points("430121", "then", first=JUNE, last=JULY) == [(6, 8, "reported"), (7, 5, "reported")]
    assert points("430121", "today", first=JULY, last=JULY) == [(7, 5, "reported")]


def test_transfer_moves_figures_only_where_the_place_reported_itself(change, reports, points):
    for city, number in (("430300", 100), ("430400", 200)):
        reports.send(city, MAY, number)
        reports.send(city, JUNE, number)
    reports.send("430481", JUNE, 7)
    change("transfer: 430481, from: 2026-07, to: 430300")
    assert points("430300", "today", last=JUNE) == [(5, 100, "not_comparable"), (6, 107, "complete")]
    assert points("430400", "today", last=JUNE) == [(5, 200, "not_comparable"), (6, 193, "complete")]
    assert points("430400", "then", last=JUNE) == [(5, 200, "reported"), (6, 200, "reported")]


def test_province_is_the_sum_of_who_owed_it_a_report(settings, reports):
    for code in ("430100", "43000Z"):
        reports.send(code, MAY, 3)
    (point,) = cell_series(settings, CELL, unit_code="430000", first=MAY, last=MAY, view="then")
    assert (point.value, point.state, len(point.parts), len(point.missing)) == (6 * SCALE, "incomplete", 16, 14)


def test_quarterly_cells_have_points_at_quarters_ends(reports, points):
    reports.send("430100", JUNE, 4)
    assert points("430100", "then", cell="t07.r01.c1") == [(6, 4, "reported")]


@pytest.mark.parametrize(("unit", "cell"), [("430999", CELL), ("430100", "t01.r99.c1")])
def test_no_such_unit_or_cell(settings, unit, cell):
    with pytest.raises(JinguoError):
        cell_series(settings, cell, unit_code=unit, first=MAY, last=MAY, view="then")


def test_json(merged, settings):
    found = describe_series(cell_series(settings, CELL, unit_code="430311", first=JUNE, last=JUNE, view="today"))
    (row,) = json.loads(json.dumps(found))
    assert (row["value"], row["state"], row["missing"]) == (17, "complete", [])
    assert [(part["unit_code"], part["value"]) for part in row["parts"]] == [("430302", 11), ("430304", 6)]


@pytest.mark.parametrize(("is_whole", "opening"), [(True, 17), (False, None)])
def test_opening_of_a_merged_unit_is_the_sum_of_all_its_makers_or_none(settings, change, reports, is_whole, opening):
    reports.send("430302", JUNE, 11)
    if is_whole:
        reports.send("430304", JUNE, 6)
    change(MERGE)
    with open_office(settings) as office, office.warehouse.read() as conn:
        context = period_context(office, conn, JULY, ["430311"], for_checks=False)
        index = office.form(JULY).cell_by_id[CELL].index
    found = context.openings.get("430311")
    assert (found.numbers[index] / SCALE if found else None) == opening
