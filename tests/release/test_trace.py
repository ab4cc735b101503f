"""From figures back to cells of files."""

from __future__ import annotations

import pytest
from jinguo.errors import JinguoError, Refused
from jinguo.periods import Period
from jinguo.reading.model import ListLine, Normalisation
from jinguo.release.trace import trace_figure

CITY, OTHER_CITY = "430100", "430200"
CELL = "t01.r17.c4"
OCTOBER = Period(2026, 10)
KEYS = {"unit_code", "value", "sha256", "file", "sheet", "address", "raw", "version"}


@pytest.fixture
def trace(office, now):
    def run(figure_id: str, *, unit: str | None = None, period: Period = OCTOBER) -> dict:
        edition = office.editions(period).asked_for(None, now=now)
        return trace_figure(office.warehouse, edition, figure_id, register=office.register, unit_code=unit)

    return run


def test_inputs_of_a_province_figure_sum_to_it(office, trace):
    office.send(
        CITY,
        cells={CELL: 12_000},
        normalisations=[Normalisation("01表", "G25", CELL, "１２人", "12", "全角、单位")],
    )
    office.send(OTHER_CITY, cells={CELL: -3500})
    office.send("430300", state="returned", cells={CELL: 99_000})
    found = trace(CELL)
    assert (found["cell_id"], found["period"], found["level"], found["edition"]) == (CELL, "2026-10", "province", None)
    assert (found["aggregation"], found["value"]) == ("sum", 8.5)
    assert sum(item["value"] for item in found["inputs"]) == found["value"]
    first, second = found["inputs"]
    assert set(first) >= KEYS
    assert (first["unit_code"], first["file"], first["sheet"], first["address"]) == (CITY, "430100.xlsx", "01表", "G25")
    assert (first["raw"], first["version"], len(first["sha256"])) == ("１２人", 1, 64)
    assert (second["raw"], second["value"]) == ("-3.5", -3.5)


def test_every_additive_figure_is_the_sum_of_its_inputs(office, trace, now):
    for code in (CITY, OTHER_CITY, "43000Z", "43Z001"):
        office.send(code)
    figures = office.editions().current(now=now).figures
    for figure_id in ("t01.r04.c4", "t02.r01.c4", "t03.r01.c3", "t04.r15.c2", "t06.r22.c2", "t01.r16.c1"):
        found = trace(figure_id)
        assert (found["value"] or 0) == sum(item["value"] for item in found["inputs"]), figure_id
        assert len(found["inputs"]) == figures.province[figure_id].counted


def test_unit(office, trace):
    office.send(CITY, cells={CELL: 12_000})
    office.send(CITY, cells={CELL: 13_000}, reason="更正")
    found = trace(CELL, unit=CITY)
    assert (found["level"], found["value"], [i["version"] for i in found["inputs"]]) == ("city", 13, [2])
    absent = trace(CELL, unit=OTHER_CITY)
    assert (absent["value"], absent["state"], absent["inputs"]) == (None, "missing", [])


def test_rate_has_numerator_and_denominator(office, trace):
    office.send(CITY, cells={"t03.r01.c1": 8000, "t03.r11.c1": 2000})
    found = trace("share_focus_seven")
    assert found["value"] == 75
    parts = [(item["part"], item["sign"], item["cell_id"], item["value"]) for item in found["inputs"]]
    assert parts == [
        ("numerator", 1, "t03.r01.c1", 8),
        ("numerator", -1, "t03.r11.c1", 2),
        ("denominator", 1, "t03.r01.c1", 8),
    ]
    assert all(set(item) >= KEYS for item in found["inputs"])


def test_lines_and_registered_denominators(office, trace):
    december = Period(2026, 12)
    lines = [ListLine(n, 8 + n, {1: "社区", 4: level, 13: 1500}) for n, level in enumerate("122", start=1)]
    office.send(CITY, period=december, lists={"t05": lines}, cells={"t07.r03.c1": 3000})
    count = trace("demo_community_city", period=december)
    assert (count["value"], [item["address"] for item in count["inputs"]]) == (2, ["D10", "D11"])
    hours = trace("demo_community_hours", period=december)
    assert (hours["value"], [item["value"] for item in hours["inputs"]]) == (4.5, [1.5, 1.5, 1.5])
    rate = trace("inclusion_rate_city", period=december)
    assert [(item["part"], item["value"]) for item in rate["inputs"]] == [("numerator", 3), ("denominator", 9)]
    assert "民政部" in rate["inputs"][1]["raw"]
    assert trace("demo_target_rate", period=december)["value"] == 100


def test_a_cell_of_a_list_leads_to_the_line_of_one_unit(office, trace):
    december = Period(2026, 12)
    lines = [ListLine(n, 8 + n, {1: "社区", 4: "2", 13: 1500}) for n in (1, 2)]
    office.send(CITY, period=december, lists={"t05": lines})
    hours = trace("t05.n002.c13", unit=CITY, period=december)
    assert (hours["value"], hours["aggregation"], hours["state"]) == (1.5, "none", "reported")
    (source,) = hours["inputs"]
    assert set(source) >= KEYS
    assert (source["sheet"], source["address"], source["raw"], source["version"]) == ("05表", "M10", "1.5", 1)
    assert trace("t05.n001.c1", unit=CITY, period=december)["value"] == "社区"
    blank = trace("t05.n001.c2", unit=CITY, period=december)
    assert (blank["value"], blank["state"], blank["inputs"]) == (None, "blank", [])


@pytest.mark.parametrize(
    ("cell_id", "unit", "words"),
    [
        ("t05.n001.c13", None, "name one with --unit"),
        ("t05.n001.c13", "430000", "name one with --unit"),
        ("t05.n009.c13", CITY, "has 1 lines"),
        ("t05.n001.c13", OTHER_CITY, "no report of 430200 is accepted"),
        ("t05.n001.c99", CITY, "no cell or indicator"),
    ],
)
def test_a_cell_of_a_list_that_is_not_there_is_said(office, trace, cell_id, unit, words):
    december = Period(2026, 12)
    office.send(CITY, period=december, lists={"t05": [ListLine(1, 9, {13: 1500})]})
    with pytest.raises(JinguoError, match=words):
        trace(cell_id, unit=unit, period=december)


def test_before_a_report_came_it_is_not_there(office, trace, now):
    office.send(CITY)
    before = office.editions()
    with pytest.raises(Refused, match="the report of 430100 had not come yet"):
        before.current(now=now.replace(day=1))


def test_reporting_statistics(office, trace):
    office.send(CITY)
    found = trace("report_on_time_rate")
    assert len(found["inputs"]) == 16
    assert [item["value"] for item in found["inputs"]][:2] == [1, 0]
    assert [item["unit_code"] for item in trace("report_correction_count")["inputs"]] == [CITY]


@pytest.mark.parametrize(("figure_id", "unit"), [("t01.r99.c1", None), ("t07.r01.c1", None), (CELL, "430102")])
def test_what_is_not_there_is_said(office, trace, figure_id, unit):
    office.send(CITY)
    with pytest.raises(JinguoError, match=unit or figure_id):
        trace(figure_id, unit=unit)
