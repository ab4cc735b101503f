"""Places of cells, and the cell map that is made of them."""

from collections import Counter

import numpy as np
import pytest
from jinguo.periods import Period
from jinguo.templates.cellmap import HEADER, cell_map
from jinguo.templates.layout import Place, column_letters, layout_for

OCTOBER, SEPTEMBER = Period(2026, 10), Period(2026, 9)


@pytest.mark.parametrize(("column", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_column_letters(column, letters):
    assert column_letters(column) == letters


@pytest.mark.parametrize(
    ("cell_id", "place"),
    [
        ("cover.period", Place("封面", 3, 2)),
        ("t01.r01.c1", Place("01表", 8, 3)),
        ("t01.r27.c4", Place("01表", 34, 6)),
        ("t03.r25.c9", Place("03表", 32, 11)),
        ("t05.n001.c1", Place("05表", 8, 0)),
        ("t05.n030.c15", Place("05表", 37, 14)),
    ],
)
def test_place(form, cell_id, place):
    assert layout_for(form, SEPTEMBER, "city").place(cell_id) == place


def test_tick_places(form):
    layout = layout_for(form, SEPTEMBER, "county")
    assert layout.tick_place("t03").address == "B6"
    assert layout.tick_place("t03", "17").address == "M25"
    assert layout.tick_place("ledger").address == "D6"
    assert layout.tick_place("ledger", "01") is None
    assert layout.tick_place("t01") is None


@pytest.mark.parametrize(
    ("unit_type", "period", "tables"),
    [
        ("city", OCTOBER, "t01 t02 t03 t04 t06"),
        ("city", SEPTEMBER, "t01 t02 t03 t04 t05 t06 t07"),
        ("organs", SEPTEMBER, "t01 t02 t03 t04 t06 t07"),
        ("own", OCTOBER, "t01 t02 t03 t04 t06"),
        ("village", SEPTEMBER, "t01 t03 t04 t06 ledger"),
    ],
)
def test_tables_that_are_due(form, unit_type, period, tables):
    layout = layout_for(form, period, unit_type)
    assert [sheet.table for sheet in layout.tables] == tables.split()
    assert layout.has("t05.n001.c1") is ("t05" in tables)


def rows_of(form, register, code, period, **known):
    unit = register.by_code[code]
    return list(cell_map(form, unit, period, measures=register.denominators(code), file="x.xlsx", **known))


def test_map_of_a_city_between_quarters(form, register):
    rows = rows_of(form, register, "430100", OCTOBER, has_prev=True)
    assert tuple(rows[0]) == HEADER
    grid = [row for row in rows if row["table"] != "cover"]
    assert len(grid) == 609 - len(form.cells_by_table["t07"]) == 557
    assert len(rows) - len(grid) == len(form.cover)
    assert Counter(row["input"] for row in grid) == {"input": 289, "formula": 177, "na": 53, "prefilled": 38}


def test_map_of_a_quarter_lists_three_lines_of_list_tables(form, register):
    rows = rows_of(form, register, "430102", SEPTEMBER, has_prev=True)
    assert [row["address"] for row in rows if row["cell_id"].startswith("t05.n003")][::14] == ["A11", "O11"]
    ledger = {row["cell_id"]: row["input"] for row in rows if row["table"] == "ledger"}
    assert len(ledger) == 3 * 18
    assert {name for name, kind in ledger.items() if kind == "formula"} == {
        f"ledger.n00{line}.c{column}" for line in (1, 2, 3) for column in (1, 11)
    }


def test_map_of_organs_marks_what_has_no_villages(form, register):
    kinds = {row["cell_id"]: row["input"] for row in rows_of(form, register, "43Z001", SEPTEMBER, has_prev=True)}
    assert "t05.n001.c1" not in kinds
    for cell_id in ("t01.r04.c4", "t01.r05.c1", "t04.r01.c2", "t04.r06.c3", "t07.r03.c1", "t07.r06.c2"):
        assert kinds[cell_id] == "na"
    assert kinds["t04.r07.c1"] == "input"  # nothing registered for organs


def test_a_figure_unknown_last_period_is_typed(form, register, prev):
    prev = prev.copy()
    prev[form.cell_by_id["t01.r02.c4"].index] = np.nan
    prev[form.cell_by_id["t03.r02.c5"].index] = np.nan
    prev[form.cell_by_id["t03.r01.c5"].index] = np.nan
    rows = rows_of(form, register, "430100", OCTOBER, has_prev=True, prev=prev)
    kinds = {row["cell_id"]: row["input"] for row in rows}
    assert kinds["t01.r02.c1"] == kinds["t03.r02.c5"] == "input"
    assert kinds["t01.r03.c1"] == "prefilled"
    assert kinds["t03.r01.c5"] == "formula"  # the sum of its rows


def test_without_a_predecessor_openings_and_running_totals_are_typed(form, register):
    kinds = {row["cell_id"]: row["input"] for row in rows_of(form, register, "430100", OCTOBER, has_prev=False)}
    assert kinds["t01.r02.c1"] == kinds["t03.r02.c5"] == "input"
    assert kinds["t01.r01.c1"] == "formula"
    january = {
        row["cell_id"]: row["input"] for row in rows_of(form, register, "430100", Period(2027, 1), has_prev=False)
    }
    assert january["t03.r02.c5"] == "formula"
