"""Rates from their own parts, totals over list lines, statistics of the reporting, and their definitions."""

from __future__ import annotations

import csv
import shutil

import pytest
from jinguo.errors import SchemaError
from jinguo.periods import Period
from jinguo.reading.model import CellState, ListLine
from jinguo.release.definitions import load_definitions
from jinguo.release.model import FigureState, ReportStatistics

CITY, OTHER_CITY, ORGANS, OWN = "430100", "430200", "43Z001", "43000Z"
DECEMBER = Period(2026, 12)


def test_definitions_cover_every_derived_indicator(schemas, definitions):
    with (schemas / "indicators.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted = {row["id"] for row in rows if row["stock_or_flow"] == "derived"}
    assert {item.id for item in (*definitions.ratios, *definitions.statistics)} == wanted
    listed = {row["id"] for row in rows if row["form_cell"].startswith("05表")}
    assert {item.id for item in definitions.lists} == listed


def test_rate_is_recomputed_not_averaged(make_report, make_figures):
    parts = "t04.r05.c2", "t04.r05.c1"
    figures = make_figures(
        make_report(CITY, cells=dict(zip(parts, (1000, 2000), strict=True))),
        make_report(OTHER_CITY, cells=dict(zip(parts, (10_000, 10_000), strict=True))),
        make_report(ORGANS),
    )
    rate = figures.province["coverage_town_team"]
    assert (rate.value, rate.numerator, rate.denominator) == (91_670, 11_000, 12_000)
    assert (rate.state, rate.counted, rate.expected, rate.aggregation) == (FigureState.COMPLETE, 2, 2, "recompute")
    assert [figures.beyond_cells[row]["coverage_town_team"].value for row in range(3)] == [50_000, 100_000, None]
    assert figures.beyond_cells[2]["coverage_town_team"].state is FigureState.NA


@pytest.mark.parametrize("hole", ["t01.r18.c4", "t01.r17.c4"], ids=["numerator", "denominator"])
def test_unit_with_half_a_rate_is_in_neither_half(make_report, make_figures, hole):
    cells = {"t01.r18.c4": 30_000, "t01.r17.c4": 40_000}
    figures = make_figures(
        make_report(CITY, cells={**cells, hole: CellState.BLANK}),
        make_report(OTHER_CITY, cells=cells),
        make_report(OWN, state="missing"),
    )
    rate = figures.province["rate_female"]
    assert (rate.value, rate.numerator, rate.denominator) == (75_000, 30_000, 40_000)
    assert (rate.state, rate.counted, rate.expected) == (FigureState.PARTIAL, 1, 3)
    assert [figures.beyond_cells[row]["rate_female"].state.word for row in range(3)] == ["blank", "reported", "missing"]


def test_nothing_to_divide_by_is_no_rate(make_report, make_figures):
    cells = {"t03.r01.c3": CellState.NO_ACTIVITY, "t03.r01.c2": CellState.NO_ACTIVITY}
    figures = make_figures(make_report(CITY, cells=cells))
    own = figures.beyond_cells[0]["avg_hours_per_participation"]
    assert (own.value, own.state) == (None, FigureState.NA)
    assert figures.province["avg_hours_per_participation"].value is None


def test_numerator_of_two_terms(make_report, make_figures):
    figures = make_figures(make_report(CITY, cells={"t03.r01.c1": 8000, "t03.r11.c1": 2000}))
    assert figures.province["share_focus_seven"].value == 75_000


def test_counties_are_those_of_the_units_that_are_in(make_report, make_figures, register):
    cells = {"t07.r03.c1": 3000}
    figures = make_figures(
        make_report(CITY, cells=cells, at=DECEMBER),
        make_report(OTHER_CITY, state="missing"),
        make_report(ORGANS, at=DECEMBER),
        at=DECEMBER,
    )
    rate = figures.province["inclusion_rate_city"]
    assert rate.denominator == 9000 == register.denominators(CITY)["counties"].value * 1000
    assert (rate.value, rate.state, rate.counted, rate.expected) == (33_330, FigureState.PARTIAL, 1, 2)


def _communities(*levels: str, **columns: int) -> dict[str, list[ListLine]]:
    lines = [{4: level, **{int(key[1:]): value for key, value in columns.items()}} for level in levels]
    return {"t05": [ListLine(number, 8 + number, values) for number, values in enumerate(lines, start=1)]}


def test_totals_over_listed_communities(make_report, make_figures):
    figures = make_figures(
        make_report(CITY, at=DECEMBER, lists=_communities("1", "2", "2", c13=500, c10=1000)),
        make_report(OTHER_CITY, at=DECEMBER, lists=_communities("2", c13=1000, c10=0)),
        make_report(ORGANS, at=DECEMBER),
        at=DECEMBER,
    )
    shown = {name: figures.province[f"demo_community_{name}"].value for name in ("provincial", "city", "hours")}
    assert shown == {"provincial": 1000, "city": 3000, "hours": 2500}
    assert figures.province["demo_community_unified_mark"].value == 3000
    assert figures.province["demo_community_city"].expected == 2, "省直妇工委 lists none"
    assert figures.province["demo_target_rate"].value == 75_000
    assert figures.beyond_cells[0]["demo_target_rate"].value == 100_000


def test_empty_list_ticked_list_and_blank_line_are_three_things(make_report, make_figures):
    line_without_hours = _communities("2", c13=500)
    line_without_hours["t05"].append(ListLine(2, 10, {4: "2"}))
    figures = make_figures(
        make_report("430100", at=DECEMBER),
        make_report("430200", at=DECEMBER, ticked=frozenset({"t05"})),
        make_report("430300", at=DECEMBER, lists=line_without_hours),
        make_report("430400", state="returned"),
        at=DECEMBER,
    )
    own = [figures.beyond_cells[row]["demo_community_hours"] for row in range(4)]
    assert [(figure.value, figure.state.word) for figure in own] == [
        (None, "blank"),
        (0, "no_activity"),
        (500, "partial"),
        (None, "unaccepted"),
    ]
    total = figures.province["demo_community_hours"]
    assert (total.value, total.state, total.counted, total.expected) == (500, FigureState.PARTIAL, 1, 4)


def test_statistics_of_the_reporting(make_report, make_figures):
    late = ReportStatistics(3, None, False, 0, 0, False, True, True)
    figures = make_figures(
        make_report("430100"),
        make_report("430200", statistics=late, version=3),
        make_report("430300", state="missing"),
        make_report("430400", state="returned", statistics=ReportStatistics(1, None, True, 2, 1, False, False, False)),
    )
    shown = {item.id: figures.province[item.id] for item in figures.definitions.statistics}
    assert shown["report_on_time_rate"].value == 50_000, "2 of the 4 that were expected"
    assert shown["report_first_pass_rate"].value == 33_330, "1 of the 3 that reported"
    assert shown["report_correction_count"].value == 2000
    assert shown["data_quality_score"].value == 58_330, "(100 + 35 + 40) / 3"
    assert [figure.state.word for figure in shown.values()] == ["complete", "partial", "partial", "partial"]
    own = figures.beyond_cells
    assert [own[row]["data_quality_score"].value for row in range(4)] == [100_000, 35_000, None, 40_000]
    assert own[2]["report_on_time_rate"].state is FigureState.MISSING


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("numerator: t04.r05.c2", "numerator: t04.r99.c2", "t04.r99.c2"),
        ("id: rate_female", "id: rate_of_dogs", "rate_of_dogs"),
        ("measure: quality", "measure: beauty", "beauty"),
        ("table: t05, sum: 8", "table: t05, sum: 80", "80"),
        ("table: t05, sum: 8", "table: t01, sum: 8", "t01"),
    ],
)
def test_a_definition_that_cannot_be_is_named(tmp_path, schemas, form, old, new, named):
    shutil.copytree(schemas / "release", tmp_path / "release")
    shutil.copy(schemas / "indicators.csv", tmp_path)
    path = tmp_path / "release" / "derived.yaml"
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(SchemaError, match=named.replace(".", r"\.")) as error:
        load_definitions(tmp_path, form)
    assert "derived.yaml" in str(error.value)
