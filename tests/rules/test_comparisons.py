"""What a report is compared with: the unit's earlier months, its neighbours, the units below it."""

import numpy as np
import pytest
from jinguo.forms.model import SCALE
from jinguo.rules.context import Children
from jinguo.rules.history_checks import HISTORY_MONTHS

NAMES = ("甲", "乙", "丙", "丁", "戊", "己", "庚", "辛")


def asked(report, rule_id):
    return [finding for finding in report.findings() if finding.rule_id == rule_id]


def history(*values, cell="t01.r17.c4"):
    """Twelve months, newest first; unknown where nothing is given."""
    months = np.full(HISTORY_MONTHS, np.nan)
    months[: len(values)] = [np.nan if value is None else value * SCALE for value in values]
    return {cell: months}


# KQ-008: the same figures again

FLOWS = [f"t03.r{row:02d}.c{column}" for row in range(2, 7) for column in (1, 2, 3, 4)]


def repeated(report, cells, *, into="prev"):
    """A report whose last month (or year) had the same figures in ``cells`` and is not known elsewhere."""
    found = report("city", "2026-11")
    getattr(found, into).update({cell_id: found.cells[cell_id] for cell_id in cells})
    return found


def test_last_month_s_figures_again_are_asked_about(report):
    (finding,) = asked(repeated(report, FLOWS), "KQ-008")
    assert (finding.severity, finding.cell_id, finding.table) == ("query", "", "")
    assert finding.message.startswith("本月发生数24格中有24格与2026年10月报表完全相同，疑似将旧报表改日期重报。")


def test_the_figures_of_a_year_ago_again_are_asked_about_once(report):
    (finding,) = asked(repeated(report, FLOWS, into="last_year"), "KQ-008")
    assert "与2025年11月报表完全相同" in finding.message
    both = repeated(report, FLOWS)
    both.last_year |= {cell_id: both.cells[cell_id] for cell_id in FLOWS}
    assert len(asked(both, "KQ-008")) == 1


def test_up_to_one_cell_in_twenty_may_differ(report):
    found = repeated(report, [*FLOWS, *(f"t03.r{row}.c1" for row in ("07", "09", "10", "11", "12", "17", "18", "19"))])
    found.prev |= {f"t03.r{row}.c{column}": 1 for row in ("20", "21") for column in (1, 2, 3, 4)}
    assert asked(found, "KQ-008") == []  # 32 of 40
    found = repeated(report, [*FLOWS, *(f"t03.r{row}.c{c}" for row in ("07", "09", "10", "11") for c in (1, 2, 3, 4))])
    found.prev["t03.r02.c1"] = 29
    found.prev["t03.r02.c2"] = 149
    assert len(asked(found, "KQ-008")) == 1  # 38 of 40: exactly 95 in a hundred
    found.prev["t03.r02.c3"] = 314
    assert asked(found, "KQ-008") == []


def test_few_figures_stocks_and_zeros_say_nothing(report):
    few = repeated(report, FLOWS[:15])  # and the four of row 01
    assert asked(few, "KQ-008") == []
    zeros = repeated(report, FLOWS[:15])
    zeros.prev |= {f"t03.r{row}.c{column}": 0 for row in ("14", "15") for column in (1, 2, 3, 4)}
    assert asked(zeros, "KQ-008") == []
    stocks = report("city", "2026-11")
    stocks.prev |= {cell_id: value for cell_id, value in stocks.cells.items() if cell_id.startswith(("t04", "t02"))}
    assert [f for f in asked(stocks, "KQ-008") if "04表" in f.message] == []


# KQ-010: volunteers that never change


def still(report, *, volunteers=(1080, 1080), active=(390, 390)):
    found = report("city", "2026-11")
    found.context = {"history": history(*volunteers) | history(*active, cell="t01.r24.c4")}
    return found


def test_volunteers_of_three_months_are_the_same_while_the_active_change(report):
    (finding,) = asked(still(report), "KQ-010")
    assert (finding.severity, finding.cell_id, finding.value) == ("query", "t01.r17.c4", "1080")
    assert "连续3个月都是1080人" in finding.message
    assert "（近3个月：390、390、400）" in finding.message


@pytest.mark.parametrize(
    "change",
    [
        {"volunteers": (1080, 1079)},
        {"volunteers": (1080,)},  # the month before last is not known
        {"volunteers": (1080, None)},
        {"active": (400, 400)},  # nothing moves at all
        {"active": (390, None)},
    ],
)
def test_volunteers_that_are_not_asked_about(report, change):
    assert asked(still(report, **change), "KQ-010") == []


def test_a_small_register_may_well_stand_still(report):
    small = still(report, volunteers=(299, 299)).change(**{"t01.r17.c4": 299})
    assert asked(small, "KQ-010") == []
    assert len(asked(still(report, volunteers=(300, 300)).change(**{"t01.r17.c4": 300}), "KQ-010")) == 1


# KQ-012: the list of demonstration communities

CODES = {f"43010200100{number}": f"社区{number}" for number in (1, 2, 3)}


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (CODES, ""),
        (CODES | {"430102001009": "旧社区"}, "05表：与上季相比，减少旧社区。"),
        ({code: name for code, name in CODES.items() if name != "社区2"}, "05表：与上季相比，增加社区2。"),
        ({}, "05表：与上季相比，增加社区1、社区2、社区3。"),
        (None, ""),
    ],
)
def test_the_list_of_communities_against_last_quarter_s(report, before, said):
    found = report("city")
    found.context = {"last_communities": before}
    findings = asked(found, "KQ-012")
    assert [finding.message.split("请附")[0] for finding in findings] == ([said] if said else [])
    assert all((f.severity, f.table, f.sheet) == ("query", "t05", "05表") for f in findings)


def test_a_list_that_has_not_come_or_lacks_a_code_is_not_compared(report):
    found = report("city")
    found.context = {"last_communities": {"430102001009": "旧社区"}}
    found.change(**{"t05.n001.c2": None})
    assert asked(found, "KQ-012") == []
    found.lists = {}
    assert asked(found, "KQ-012") == []


# HL-010: outliers of one's own


def outlier(report, value, *months):
    found = report("city", "2026-11").change(**{"t06.r06.c1": value})
    found.context = {"history": history(*months, cell="t06.r06.c1")}
    return asked(found, "HL-010")


USUAL = (100, 110, 95, 105, 98, 102)


def test_a_figure_far_from_the_unit_s_own_months_is_asked_about(report):
    (finding,) = outlier(report, 1000, *USUAL)
    assert (finding.severity, finding.cell_id, finding.value) == ("query", "t06.r06.c1", "1000")
    assert finding.message.startswith("06表06行1栏（宣传受众·本月数）填1000人次，与本单位以往各月（中位数101人次）")
    assert len(outlier(report, 20, *USUAL)) == 1


@pytest.mark.parametrize(
    ("value", "months"),
    [
        (360, USUAL),  # a festival's month
        (30, USUAL),
        (0, USUAL),  # asked by others
        (None, USUAL),
        (1000, USUAL[:5]),  # too short a history
        (1000, (*USUAL[:5], None)),
        (1000, (5, 400, 20, 900, 60, 150)),  # up and down as ever
        (990, (99, 98, 97, 99, 98, 97)),  # small
    ],
)
def test_figures_that_are_no_outliers(report, value, months):
    assert outlier(report, value, *months) == []


# HL-005, HL-011: neighbours

RATIO = ("t03.r01.c1", "t01.r01.c4")  # the coherent report: 200 / 106
MAIN = (*(f"t03.r01.c{column}" for column in (1, 2, 3, 4)), "t01.r17.c4", "t01.r24.c4")


def among(report, events, *, teams=100, count=8):
    """A report among peers that had so many activities each."""
    found = report("city", "2026-11")
    peers = {"t03.r01.c1": np.array(events[:count], float) * SCALE, "t01.r01.c4": np.full(count, teams * SCALE, float)}
    found.context = {"peers": peers, "peer_names": NAMES[:count]}
    return found


ORDINARY = (100, 110, 90, 105, 95, 100, 102, 98)


def test_a_city_far_from_the_others_is_asked_about(report):
    (finding,) = asked(among(report, ORDINARY), "HL-005")
    assert (finding.severity, finding.cell_id, finding.cells) == ("query", RATIO[0], RATIO)
    assert "队均活动1.89场，明显偏离已审定的8个市州（中位数1.00场）" in finding.message


@pytest.mark.parametrize(
    "peers",
    [
        {"events": [2 * number for number in ORDINARY]},
        {"events": (40, 250, 90, 180, 60, 100, 220, 98)},  # they differ as much
        {"events": ORDINARY, "count": 7},
        {"events": ORDINARY, "teams": 0},
        {"events": (*ORDINARY[:7], np.nan)},
    ],
)
def test_a_city_among_the_others(report, peers):
    assert asked(among(report, **peers), "HL-005") == []


def test_the_edge_of_three_times_the_distance_between_the_quartiles(report):
    found = among(report, ORDINARY).change(
        **{"t01.r01.c4": 100}
    )  # quartiles 97.25 and 102.75: a fifth of the median apart at least
    assert asked(found.change(**{"t03.r01.c1": 162}), "HL-005") == []
    assert len(asked(found.change(**{"t03.r01.c1": 163}), "HL-005")) == 1


def beside(report, **other):
    found = report("city", "2026-11")
    peers = {cell_id: np.array([7 * SCALE, found.cells[cell_id] * SCALE], float) for cell_id in MAIN}
    for cell_id, value in other.items():
        peers[cell_id][1] = value
    found.context = {"peers": peers, "peer_names": NAMES[:2]}
    return found


def test_a_neighbour_s_figures_are_asked_about(report):
    (finding,) = asked(beside(report), "HL-011")
    assert (finding.severity, finding.cell_id, finding.cells) == ("query", MAIN[0], MAIN)
    assert "与乙的报表完全相同" in finding.message
    assert asked(beside(report, **{"t01.r24.c4": 399 * SCALE}), "HL-011") == []
    assert asked(beside(report, **{"t01.r24.c4": np.nan}), "HL-011") == []


def test_small_figures_may_be_a_neighbour_s_too(report):
    nine = beside(report, **{"t03.r01.c1": 9 * SCALE}).change(**{"t03.r01.c1": 9})
    assert asked(nine, "HL-011") == []
    assert len(asked(beside(report, **{"t03.r01.c1": 10 * SCALE}).change(**{"t03.r01.c1": 10}), "HL-011")) == 1


# SX-001, -002, -007, -010: the units below


def above(report, *, missing=(), unit_type="city", communities=CODES, known=None, **differences):
    """A report whose figures are those of the units below, but for ``differences`` there (in units of measure).
    ``known``: further fields of Children."""
    found = report(unit_type)
    numbers = np.nan_to_num(found.frame().now[:, 0])
    for cell_id, difference in differences.items():
        numbers[found.form.cell_by_id[cell_id].index] += difference * SCALE
    found.context = {"children": Children(numbers, 3, tuple(missing), dict(communities), **known or {})}
    return found


@pytest.mark.parametrize(("unit_type", "rule_id"), [("city", "SX-001"), ("county", "SX-002")])
@pytest.mark.parametrize("difference", [1, -1])
def test_a_total_is_the_sum_of_the_units_below(report, unit_type, rule_id, difference):
    assert above(report, unit_type=unit_type).places() == []
    (finding,) = above(report, unit_type=unit_type, **{"t04.r21.c2": difference}).findings()
    assert (finding.rule_id, finding.severity, finding.cell_id) == (rule_id, "error", "t04.r21.c2")
    assert f"填40个，下级3份已审定报表之和{40 + difference}个，相差1个。" in finding.message
    assert "?" not in finding.message  # nobody is missing: nothing is said of it


def test_persons_may_repeat_between_units_but_not_come_from_nowhere(report):
    assert above(report, **{"t01.r24.c4": 5, "t02.r03.c4": 2}).places() == []
    (finding,) = above(report, **{"t01.r24.c4": -5}).findings()
    assert (finding.rule_id, finding.severity, finding.cell_id) == ("SX-007", "query", "t01.r24.c4")


def test_while_a_unit_is_missing_only_what_cannot_be_is_shown(report):
    assert above(report, missing=["岳麓区妇联"], **{"t04.r21.c2": -30, "t01.r24.c4": -5}).places() == []
    found = above(report, missing=["岳麓区妇联"], **{"t04.r21.c2": 1, "t01.r24.c4": -5})
    (finding,) = found.findings()
    assert (finding.rule_id, finding.severity, finding.cell_id) == ("SX-001", "info", "t04.r21.c2")
    assert "（尚有1个下级单位未审定：岳麓区妇联，本条仅作提示。）" in finding.message


def test_what_one_of_them_did_not_say_is_not_compared(report):
    found = above(report, **{"t04.r21.c2": np.nan})
    assert found.places() == []
    found.context["children"] = Children(found.context["children"].numbers, 0)
    assert found.change(**{"t04.r21.c2": "+1"}).places() == []


@pytest.mark.parametrize(
    ("communities", "missing", "severity", "said"),
    [
        (CODES | {"430102001009": "新社区"}, (), "error", "，缺新社区。"),
        ({"430102001001": "社区1", "430102001002": "社区2"}, (), "error", "，多社区3。"),
        (
            CODES | {"430102001009": "新社区"},
            ("甲", "乙", "丙", "丁"),
            "info",
            "，缺新社区。（尚有4个下级单位未审定：甲、乙、丙等，",
        ),
    ],
)
def test_the_list_of_a_city_is_that_of_the_units_below(report, communities, missing, severity, said):
    (finding,) = above(report, communities=communities, missing=missing).findings()
    assert (finding.rule_id, finding.severity, finding.table) == ("SX-010", severity, "t05")
    assert finding.message.startswith(f"05表：市州名单与县市区名单不一致{said}")


def test_communities_of_units_that_have_not_come_are_not_missed(report):
    assert above(report, communities={}, missing=["岳麓区妇联"]).places() == []


def test_a_coverage_that_counts_units_that_owe_their_report_is_noted(report):
    (finding,) = above(report, missing=["岳麓区妇联"], known={"is_owed": True}).findings()
    assert (finding.rule_id, finding.severity, finding.cell_id) == ("SX-009", "query", "t04.r01.c1")
    assert finding.cells == ("t04.r01.c1", "t04.r05.c1", "t04.r06.c1")
    assert finding.message.startswith("04表01行1栏：覆盖率的分母100个含尚未审定的下级单位（岳麓区妇联），请注明。")
    assert above(report, missing=["岳麓区妇联"]).places() == []  # nobody owes the city anything
    assert above(report, known={"is_owed": True}).places() == []


def test_a_community_that_two_units_below_list_is_counted_twice(report):
    shared = {"斑马湖社区": ("望城区妇联", "湘江新区妇联")}
    (finding,) = above(report, known={"shared": shared}).findings()
    assert (finding.rule_id, finding.severity, finding.table, finding.cell_id) == ("SX-005", "error", "t05", "")
    assert finding.message.startswith("05表：斑马湖社区同时出现在望城区妇联与湘江新区妇联的名单中，重复统计。")


# HL-012: far from the neighbours, per activity

HOURS = ("t03.r01.c3", "t03.r01.c1")  # the coherent report: 2100 hours in 200 activities


def per_activity(report, hours, *, events=10, count=8):
    """A report among peers that had so many hours an activity."""
    found = report("city", "2026-11")
    cells = {cell: np.full(count, events * SCALE, float) for cell in ("t03.r01.c1", "t03.r01.c2", "t03.r01.c4")}
    cells["t03.r01.c2"] *= 5
    cells["t03.r01.c4"] *= 15
    cells["t03.r01.c3"] = np.array(hours[:count], float) * events * SCALE
    found.context = {"peers": cells, "peer_names": NAMES[:count]}
    return found


AS_OTHERS = (10, 11, 9, 10.5, 9.5, 10, 10.2, 9.8)


def test_hours_an_activity_far_from_the_neighbours_are_asked_about(report):
    (finding,) = asked(per_activity(report, [hours / 10 for hours in AS_OTHERS]), "HL-012")
    assert (finding.severity, finding.cell_id, finding.cells) == ("query", HOURS[0], HOURS)
    assert finding.message.startswith("03表01行3栏（合计·本月服务时间）÷03表01行1栏：场均10.50小时，")
    assert "与已审定的8个同级单位（中位数1.00小时）相差悬殊。" in finding.message


@pytest.mark.parametrize(
    "peers",
    [
        {"hours": AS_OTHERS},
        {"hours": [hours / 4.5 for hours in AS_OTHERS]},  # up to 4.7 times the median
        {"hours": [hours / 10 for hours in AS_OTHERS], "count": 7},
        {"hours": (1, 30, 2, 50, 3, 10, 40, 1)},  # they differ as much
        {"hours": [hours / 10 for hours in AS_OTHERS], "events": 0},
        {"hours": (*(hours / 10 for hours in AS_OTHERS[:7]), np.nan)},
    ],
)
def test_hours_an_activity_among_the_others(report, peers):
    assert asked(per_activity(report, **peers), "HL-012") == []
