"""Why a figure moved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jinguo.errors import JinguoError
from jinguo.periods import Period
from jinguo.release.explain import explain_figure
from jinguo.rules.findings import Finding
from jinguo.units.register import Succession
from jinguo.warehouse.explanations import record_explanations
from jinguo.warehouse.records import Explanation

CITY, OTHER_CITY, THIRD = "430100", "430200", "430300"
CELL = "t01.r17.c4"
SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
QUERY = Finding("KQ-007", "query", "t01", "01表", "G25", CELL, (CELL, "t01.r17.c1"), "1", "波动")


def chain(opening: int, increase: int, decrease: int, closing: int) -> dict[str, int]:
    return {f"t01.r17.c{n}": v for n, v in enumerate((opening, increase, decrease, closing), start=1)}


@pytest.fixture
def explain(office, now):
    def run(figure_id: str, unit: str, before: Period = SEPTEMBER, after: Period = OCTOBER) -> dict:
        return explain_figure(
            office.warehouse,
            office.editions(before).asked_for(None, now=now),
            office.editions(after).asked_for(None, now=now),
            figure_id,
            unit_code=unit,
            register=office.register,
        )

    return run


@pytest.fixture
def two_months(office, now, register):
    office.send(CITY, period=SEPTEMBER, cells=chain(90_000, 10_000, 0, 100_000))
    office.send(OTHER_CITY, period=SEPTEMBER, cells=chain(50_000, 0, 0, 50_000))
    office.send(CITY, cells=chain(100_000, 40_000, 5000, 135_000))
    corrected = office.send(CITY, cells=chain(100_000, 30_000, 5000, 125_000), reason="17行错行", findings=[QUERY])
    office.send(THIRD, cells=chain(7000, 1000, 0, 8000))
    given = Explanation(register.by_code[CITY].unit_id, 202610, "KQ-007", CELL, "新组建队伍", corrected, now)
    with office.warehouse.write() as conn:
        record_explanations(conn, [given])


@pytest.mark.usefixtures("two_months")
def test_province_by_unit(explain):
    found = explain(CELL, "430000")
    assert (found["from"], found["to"]) == ("2026-09", "2026-10")
    assert (found["value_from"], found["value_to"], found["difference"]) == (150, 133, -17)
    moves = [(i["unit_code"], i["value_from"], i["value_to"], i["difference"], i["in_both"]) for i in found["by_unit"]]
    assert moves[:3] == [
        (OTHER_CITY, 50, None, -50, False),
        (CITY, 100, 125, 25, True),
        (THIRD, None, 8, 8, False),
    ]
    assert sum(move[3] or 0 for move in moves) == found["difference"]
    assert len(moves) == 16
    assert found["same_units"] == {"units": 1, "value_from": 100, "value_to": 125, "difference": 25}
    assert found["openings"] == [], "no opening differs from a closing that is known"
    assert "各报送单位" in found["evidence_ends"]


@pytest.mark.usefixtures("two_months")
def test_unit_chain_revisions_and_explanations(explain):
    found = explain(CELL, CITY)
    assert (found["value_from"], found["value_to"], found["difference"]) == (100, 125, 25)
    step = found["openings"][0]
    shown = [step[key] for key in ("opening", "increase", "decrease", "closing", "previous_closing", "gap")]
    assert shown == [100, 30, 5, 125, 100, 0]
    revision = found["revisions"][0]
    assert (revision["from_version"], revision["to_version"], revision["difference"]) == (1, 2, -10)
    assert revision["reason"] == "17行错行"
    assert [(item["rule_id"], item["text"]) for item in found["explanations"]] == [("KQ-007", "新组建队伍")]
    assert found["by_unit"] == []
    assert found["boundary_changes"] == []
    assert "长沙市妇联所辖各级未单独" in found["evidence_ends"]


def test_opening_that_is_not_the_earlier_closing(office, explain):
    office.send(CITY, period=SEPTEMBER, cells=chain(0, 100_000, 0, 100_000))
    office.send(CITY, cells=chain(97_000, 3000, 0, 100_000))
    (step,) = explain(CELL, "430000")["openings"]
    assert (step["unit_code"], step["opening"], step["previous_closing"], step["gap"]) == (CITY, 97, 100, -3)


def test_running_total(office, explain):
    office.send(CITY, period=SEPTEMBER, cells={"t03.r02.c1": 5000, "t03.r02.c5": 60_000})
    office.send(CITY, cells={"t03.r02.c1": 4000, "t03.r02.c5": 66_000})
    (step,) = explain("t03.r02.c5", CITY)["openings"]
    assert (step["opening"], step["increase"], step["previous_closing"], step["gap"]) == (62, 4, 60, 2)


def test_children_that_report_here(office, explain):
    office.send(CITY, period=SEPTEMBER)
    office.send(CITY)
    office.send("430102", period=SEPTEMBER, cells={CELL: 1000})
    office.send("430102", cells={CELL: 4000})
    found = explain(CELL, CITY)
    assert [(item["unit_code"], item["difference"]) for item in found["by_unit"]] == [("430102", 3)]
    assert "只有以上列出的" in found["evidence_ends"]


@pytest.mark.parametrize(
    ("approved", "is_between"),
    [
        ("2026-10-08", True),
        ("2026-10", True),
        ("2026", True),
        ("2025—2027之间", True),
        ("2026-08-31", False),
        ("", False),
    ],
)
def test_boundary_change_between_the_periods(office, explain, approved, is_between):
    change = Succession("430121", "长沙县", "430182", "长沙市", "撤县设市", approved)
    office.register = replace(office.register, changes=(change,))
    office.send(CITY)
    for unit in (CITY, "430000"):
        found = explain(CELL, unit)["boundary_changes"]
        assert [item["old_name"] for item in found] == (["长沙县"] if is_between else [])
    assert explain(CELL, OTHER_CITY)["boundary_changes"] == []


@pytest.mark.parametrize(
    ("figure_id", "unit", "before", "after"),
    [
        ("t01.r99.c1", CITY, SEPTEMBER, OCTOBER),
        (CELL, "430102", SEPTEMBER, OCTOBER),
        (CELL, CITY, OCTOBER, SEPTEMBER),
        (CELL, CITY, OCTOBER, OCTOBER),
    ],
    ids=["no such cell", "owes no report", "backwards", "same period"],
)
def test_what_cannot_be_explained_is_said(office, explain, figure_id, unit, before, after):
    office.send(CITY)
    with pytest.raises(JinguoError):
        explain(figure_id, unit, before, after)


def test_rate(office, explain):
    for period, women in ((SEPTEMBER, 30_000), (OCTOBER, 36_000)):
        office.send(CITY, period=period, cells={"t01.r18.c4": women, CELL: 40_000})
    found = explain("rate_female", "430000")
    assert (found["value_from"], found["value_to"], found["difference"]) == (75, 90, 15)
    assert found["same_units"] is None, "rates are not added"
    assert [(item["part"], item["value_from"], item["value_to"]) for item in found["parts"]] == [
        ("numerator", 30, 36),
        ("denominator", 40, 40),
    ]


@pytest.mark.usefixtures("two_months")
def test_the_summary_names_the_largest_contributions_first(explain):
    lines = explain(CELL, "430000")["summary"]
    assert lines[0].endswith("2026年9月150 → 2026年10月133，减少17。")
    assert lines[1] == "其中：两期都有数的1个单位增加25；只有一期有数的单位影响-42。"
    assert lines[2] == (
        "按单位（影响从大到小）：株洲市妇联 -50（50 → 缺报）；长沙市妇联 +25（100 → 125）；湘潭市妇联 +8（缺报 → 8）。"
    )
    told = "\n".join(explain(CELL, CITY)["summary"])
    assert "采用的报表：2026年10月第2版，已审定，原因：17行错行。" in told
    assert "期初100，增加30，减少5，期末125" in told
    assert "第2版代替第1版，135 → 125，减少10；原因：17行错行。" in told
    assert "单位说明：长沙市妇联（KQ-007，2026年10月）：新组建队伍" in told


def test_the_rows_that_the_form_sums_into_a_total(office, explain):
    office.send(CITY, period=SEPTEMBER, cells={"t03.r01.c1": 30_000, "t03.r02.c1": 10_000, "t03.r03.c1": 20_000})
    office.send(CITY, cells={"t03.r01.c1": 70_000, "t03.r02.c1": 5_000, "t03.r03.c1": 65_000})
    found = explain("t03.r01.c1", CITY)
    assert [(i["cell_id"], i["difference"]) for i in found["by_row"][:2]] == [("t03.r03.c1", 45), ("t03.r02.c1", -5)]
    assert "按指标行（影响从大到小）：陪护空巢老人 +45（20 → 65）" in "\n".join(found["summary"])


def test_a_unit_that_was_renamed(office, now, explain):
    office.send(CITY, period=SEPTEMBER)
    september = office.editions(SEPTEMBER).draft(now=now)
    assert september.number == 1
    units = [replace(u, org_short="星城市妇联") if u.code == CITY else u for u in office.register.units]
    office.register = replace(office.register, units=tuple(units))
    office.send(CITY)
    found = explain(CELL, CITY)
    assert found["renames"] == [{"unit_code": CITY, "name_from": "长沙市妇联", "name_to": "星城市妇联"}]
    assert "更名：430100 长沙市妇联 → 星城市妇联。" in found["summary"]
