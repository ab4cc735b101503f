"""Blanks, kinds of number, what does not apply, ticks, list codes, the cover and the file's name."""

import datetime as dt

import pytest
from jinguo.reading.model import CellState, Problem


def only(report, rule_id):
    """The findings of one rule, and that there are no others."""
    found = report.findings()
    assert {finding.rule_id for finding in found} == {rule_id}
    return found


def cells(report, rule_id):
    return [finding.cell_id for finding in report.findings() if finding.rule_id == rule_id]


def test_a_blank_cell_is_one_finding_at_its_place(report):
    (finding,) = only(report().change(**{"t04.r23.c3": None}), "WZ-010")
    assert (finding.severity, finding.sheet, finding.cell, finding.cell_id) == ("error", "04表", "F31", "t04.r23.c3")
    assert finding.message.startswith("04表23行3栏（巾帼志愿服务品牌·本月新增）未填写。请补填：没有发生的数填“0”，")


def test_what_does_not_apply_and_ticked_rows_are_not_blanks(report):
    found = report("organs").change(**{f"t03.r24.c{column}": None for column in (1, 2, 3, 4, 9)})
    found.ticks = {"t03.r24"}
    found.states = {f"t03.r24.c{column}": CellState.NO_ACTIVITY for column in (1, 2, 3, 4, 9)}
    assert found.places() == []


def test_a_line_without_a_required_column_is_a_blank(report):
    found = report("county").change(**{"ledger.n003.c4": None, "ledger.n003.c11": None, "t05.n002.c1": None})
    found.lists["ledger"][4].pop(13)  # may be left out
    assert cells(found, "WZ-010") == ["t05.n002.c1", "ledger.n003.c4"]
    assert "日期、名称和代码照实填写" in next(f.message for f in found.findings() if f.cell_id == "ledger.n003.c4")


def test_an_unreadable_cell_of_a_line_is_reported_once(report):
    found = report("county").change(**{"ledger.n003.c12": None})
    found.extra = {"problems": [Problem("D46", "ledger", "附1表", "L11", "ledger.n003.c12", "约15")]}
    assert cells(found, "WZ-010") == []


def test_a_city_lists_or_ticks_its_demonstration_communities_elsewhere_a_list_may_be_empty(report):
    city = report("city")
    city.lists = {}
    assert [(f.rule_id, f.cell_id, f.table, f.sheet) for f in city.findings() if f.rule_id == "WZ-010"] == [
        ("WZ-010", "", "t05", "05表")
    ]
    county = report("county")
    county.lists = {}
    assert cells(county, "WZ-010") == []
    county.ticks = {"t05"}
    county.earlier = {"t03.r23.c1": -40}
    assert county.places() == []


def test_a_ledger_without_levels_is_compared_by_everything_but_the_level(report):
    county = report("county").change(**{"ledger.n001.c18": None, "ledger.n002.c18": None})
    assert county.places() == []
    moved = report("county").change(**{"ledger.n001.c18": None, "ledger.n001.c6": "03"})
    assert {f.rule_id for f in moved.findings()} == {"TZ-003"}


def test_a_ticked_ledger_declares_no_events(report):
    found = report("county")
    found.lists.pop("ledger")
    found.ticks = {"ledger"}
    assert cells(found, "TZ-003")[:2] == ["t03.r01.c1", "t03.r02.c1"]
    assert cells(found, "TZ-004") == ["t03.r01.c2", "t03.r01.c3", "t03.r01.c4"]


@pytest.mark.parametrize(
    ("changes", "rule_id", "cell", "value"),
    [
        ({"t06.r22.c1": -2, "t06.r22.c2": 8}, "WZ-011", "t06.r22.c1", "-2"),
        ({"t04.r23.c3": "0.5"}, "WZ-012", "t04.r23.c3", "0.5"),
        ({"t07.r18.c1": "3.005", "t07.r18.c2": "9.005"}, "WZ-013", "t07.r18.c1", "3.005"),
        ({"t05.n001.c12": "300.5"}, "WZ-012", "t05.n001.c12", "300.5"),
        ({"t05.n001.c13": "610.55"}, "WZ-013", "t05.n001.c13", "610.55"),
        ({"t05.n001.c15": -1}, "WZ-011", "t05.n001.c15", "-1"),
    ],
)
def test_kinds_of_number(report, changes, rule_id, cell, value):
    finding = next(f for f in report().change(**changes).findings() if f.rule_id == rule_id)
    assert (finding.cell_id, finding.value, finding.severity) == (cell, value, "error")
    assert value in finding.message


@pytest.mark.parametrize("value", ["3.01", "3.1", "3"])
def test_money_has_two_decimals(report, value):
    found = report().change(**{"t07.r18.c1": value, "t07.r18.c2": value})
    found.prev = None
    assert found.places() == []


def test_numbers_where_the_form_has_none(report):
    found = report("own")
    found.cells |= {"t01.r16.c1": 3, "t01.r04.c4": 2}
    found.states = {"t01.r16.c1": CellState.NUMBER, "t01.r04.c4": CellState.NUMBER}
    first, second = found.findings()
    assert (first.rule_id, first.cell_id) == ("WZ-018", "t01.r04.c4")
    assert first.message.startswith("本级不设乡镇、村(社区)层级，01表04行4栏")
    assert (second.rule_id, second.cell_id) == ("WZ-014", "t01.r16.c1")


def test_a_table_of_zeros_asks_whether_it_is_meant(report):
    found = report(period="2026-10").change(
        **{f"t06.r{row:02d}.c{column}": 0 for row in range(1, 23) for column in (1, 2)}
    )
    found.prev = None
    (finding,) = only(found, "WZ-015")
    assert (finding.severity, finding.cell_id) == ("query", "t06.r01.c1")
    found.ticks = {"t06"}
    assert found.places() == []
    found.ticks = {f"t06.r{row:02d}" for row in range(1, 23)}
    assert found.places() == []


def test_a_figure_in_a_ticked_row_contradicts_the_tick(report):
    found = report()
    found.ticks = {"t03.r24"}  # the running totals in columns 5–8 may stand
    assert [(f.cell_id, f.severity) for f in only(found, "WZ-019")] == [
        (f"t03.r24.c{column}", "error") for column in (1, 2, 3, 4, 9)
    ]
    found.ticks = {"t05"}
    (finding,) = only(found, "WZ-019")
    assert (finding.table, finding.message[:11]) == ("t05", "05表（已登记3行）勾")


def test_community_codes(report):
    found = report().change(**{"t05.n001.c2": "43010200100", "t05.n002.c2": "430102999999"})
    messages = [f.message for f in found.findings() if f.rule_id == "BN-502"]
    assert ["不是12位数字" in messages[0], "不在村级区划登记表中" in messages[1]] == [True, True]


def test_a_code_listed_twice_names_both_rows(report):
    found = report().change(**{"t05.n003.c2": "430102001001"})
    (finding,) = only(found, "BN-502")
    assert (finding.cell_id, finding.cells) == ("t05.n003.c2", ("t05.n003.c2", "t05.n003.c3", "t05.n001.c2"))
    assert finding.message.startswith("05表第3行2栏：统计用区划代码“430102001001”与第1行重复。")


def test_a_zone_s_village_may_name_the_county_it_lies_in(report):
    found = report().change(**{"t05.n001.c2": "430371001001", "t05.n001.c3": "430304"})
    assert cells(found, "BN-501") == []
    found.change(**{"t05.n001.c3": "430371"})
    assert cells(found, "BN-501") == []
    found.change(**{"t05.n001.c3": "430302"})
    assert cells(found, "BN-501") == ["t05.n001.c3"]


@pytest.mark.parametrize(
    ("changes", "rule_id", "cell", "said"),
    [
        ({"cover.unit_code": "430200"}, "WZ-001", "unit_code", "430200"),
        ({"cover.unit_name": "株洲市妇联"}, "WZ-001", "unit_name", "株洲市妇联"),
        ({"cover.stat_head": " "}, "WZ-005", "stat_head", "“统计负责人”未填写"),
        ({"cover.phone": ""}, "WZ-006", "phone", "联系电话未填写"),
        ({"cover.phone": "1380013800"}, "WZ-006", "phone", "138*****00"),
        ({"cover.sent_date": ""}, "WZ-007", "sent_date", "未填写或无法识别"),
        ({"cover.sent_date": "2026-12-30"}, "WZ-007", "sent_date", "早于报告期末2026-12-31"),
        ({"cover.sent_date": "2027-01-05"}, "WZ-007", "sent_date", "晚于收到日期2027-01-04"),
    ],
)
def test_the_cover(report, changes, rule_id, cell, said):
    (finding,) = only(report().change(**changes), rule_id)
    assert (finding.cell_id, finding.sheet) == (f"cover.{cell}", "封面")
    assert finding.cell.startswith("C")
    assert said in finding.message


@pytest.mark.parametrize("date", ["2026-12-31", "2027-01-04"])
def test_the_first_and_the_last_day_for_sending(report, date):
    assert report().change(**{"cover.sent_date": date}).places() == []


@pytest.mark.parametrize("phone", ["13800138000", "0731-84441234", "（0731）84441234", "0743 8222333"])
def test_phones_that_are_right(report, phone):
    assert report().change(**{"cover.phone": phone}).places() == []


@pytest.mark.parametrize("name", ["长沙市", "长沙市妇联", "长沙市妇女联合会", "长沙市 妇女联合会"])
def test_names_that_mean_the_unit(report, name):
    assert report().change(**{"cover.unit_name": name}).places() == []


def test_a_late_date_is_information(report):
    found = report().change(**{"cover.sent_date": "2027-01-07"})
    found.context = {"received_on": dt.date(2027, 1, 8)}
    (finding,) = only(found, "WZ-008")
    assert (finding.severity, "迟2天" in finding.message) == ("info", True)


def test_a_report_after_an_accepted_one_says_why(report):
    found = report()
    found.context = {"accepted_version": 1}
    (finding,) = only(found, "WZ-016")
    assert (finding.severity, finding.cell_id) == ("error", "cover.correction_reason")
    assert "第1版已审定" in finding.message
    assert found.change(**{"cover.correction_reason": "03表12行漏填"}).places() == []


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("430100", []),
        ("430000", []),  # the province hands on what it was sent
        ("430200", ["株洲市妇联"]),
        ("430102", ["芙蓉区妇联"]),  # a county sends in no city's figures
        (None, []),
    ],
    ids=["its own", "above it", "a neighbour", "below it", "unknown"],
)
def test_a_mail_from_another_units_address_is_information(report, sender, expected):
    found = report()
    found.context["sender"] = found.register.by_code[sender] if sender else None
    warned = [(f.severity, f.message.partition("；")[0]) for f in found.findings()]
    assert warned == [("info", f"报表是长沙市妇联的，邮件却由登记在{name}名下的地址发来") for name in expected]


@pytest.mark.parametrize(
    "name", ["长沙10月.xlsx", "430200_株洲_湘妇志_202612_v1.xlsx", "430100_长沙_湘妇志_202611_v1.xlsx"]
)
def test_a_name_that_says_something_else_is_information(report, name):
    found = report()
    found.extra = {"file": name}
    (finding,) = only(found, "WZ-017")
    assert (finding.severity, finding.value) == ("info", name)
    assert "规范的文件名如“430100_长沙_湘妇志_202612_v1.xlsx”。" in finding.message
