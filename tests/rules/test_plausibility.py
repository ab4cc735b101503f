"""Festivals by the lunar calendar, round numbers, events told twice, names that do not belong in a ledger."""

import pytest
from jinguo.rules.calendar_checks import festival_period


@pytest.mark.parametrize(
    ("year", "spring", "double_ninth"),
    [
        (2025, "2025-01", "2025-10"),
        (2026, "2026-02", "2026-10"),
        (2027, "2027-02", "2027-10"),
        (2028, "2028-01", "2028-10"),
    ],
)
def test_the_months_of_the_festivals(year, spring, double_ninth):
    assert (str(festival_period(year, 1, 1)), str(festival_period(year, 9, 9))) == (spring, double_ninth)


@pytest.mark.parametrize(
    ("row", "rule_id", "period", "is_asked"),
    [
        ("15", "BN-317", "2026-01", False),
        ("15", "BN-317", "2026-03", False),
        ("15", "BN-317", "2026-04", True),
        ("15", "BN-317", "2026-12", True),  # 春节 2027 is in February
        ("15", "BN-317", "2027-12", False),  # 春节 2028 is in January
        ("15", "BN-317", "2027-11", True),
        ("16", "BN-318", "2026-08", True),
        ("16", "BN-318", "2026-09", False),
        ("16", "BN-318", "2026-11", False),
        ("16", "BN-318", "2026-12", True),
    ],
)
def test_a_festival_s_activities_in_its_month_and_the_ones_beside_it(report, row, rule_id, period, is_asked):
    found = report(period=period).change(**{f"t03.r{row}.c1": 3}).findings()
    asked = [finding for finding in found if finding.rule_id == rule_id]
    assert [(f.severity, f.cell_id, f.value) for f in asked] == [("query", f"t03.r{row}.c1", "3")] * is_asked


def test_a_festival_out_of_season_says_when_it_is(report):
    found = report(period="2026-12").change(**{"t03.r15.c1": 3}).findings()
    (message,) = [finding.message for finding in found if finding.rule_id == "BN-317"]
    assert message.startswith("03表15行1栏：2026年12月填报春节主题活动3次，最近的春节在2027年2月。")


def asked(report, rule_id):
    return [finding for finding in report.findings() if finding.rule_id == rule_id]


def rounded(report, unit_type, step=5):
    """The coherent report with all that is typed rounded down."""
    found = report(unit_type)
    for cell in found.form.cells:
        value = found.cells.get(cell.id)
        if not cell.fills and cell.decimals == 0 and value is not None and value >= 10:
            found.cells[cell.id] = int(value) // step * step
    return found


def test_nearly_all_numbers_round_are_asked_about(report):
    (finding,) = asked(rounded(report, "city"), "KQ-009")
    assert (finding.severity, finding.cell_id, finding.table) == ("query", "", "")
    assert finding.message.startswith("填报的168个数（10及以上）中有168个的末位是0或5，疑似估报。")


def test_many_round_numbers_are_not_enough_and_few_numbers_say_nothing(report):
    assert asked(report("city"), "KQ-009") == []  # 92 in a hundred
    few = rounded(report, "city")
    few.cells |= {cell_id: 5 for cell_id in few.cells if cell_id.startswith(("t02", "t03"))}
    assert asked(few, "KQ-009") == []


def test_one_last_digit_everywhere_is_asked_about(report):
    (finding,) = asked(last_digit(report, 7, every=1), "KQ-009")
    assert finding.message.startswith("填报的168个数（10及以上）中有168个的末位都是7，疑似估报。")
    assert asked(last_digit(report, 7, every=3), "KQ-009") == []
    assert asked(last_digit(report, 0, every=6), "KQ-009") == []  # rounding is judged by its own share


def last_digit(report, digit, *, every):
    """The coherent report with each so-many-th of what is typed ending in ``digit``."""
    found = report("city")
    typed = [cell.id for cell in found.form.cells if not cell.fills and cell.decimals == 0]
    counts = [cell_id for cell_id in typed if (found.cells.get(cell_id) or 0) >= 10]
    for cell_id in counts[::every]:
        found.cells[cell_id] = int(found.cells[cell_id]) // 10 * 10 + digit
    return found


def test_one_number_everywhere_is_asked_about(report):
    found = report("city")
    found.cells |= {f"t02.r{row:02d}.c{column}": 23 for row in range(1, 18) for column in (1, 2, 3, 4)}
    found.cells |= {f"t04.r{row:02d}.c2": 23 for row in range(1, 25)}
    (finding,) = asked(found, "KQ-009")
    assert "个是同一个数23，疑似估报" in finding.message


def with_remark(report, text, column=17):
    county = report("county")
    county.lists["ledger"][0][column] = text
    return county


@pytest.mark.parametrize(
    "text",
    [
        "儿童姓名：张小花",
        "姓名: 欧阳兰",
        "服务对象：李桂英",
        "看望王某某",
        "帮扶张小花（8岁）",
        "走访陈小妹(女，9岁)",
        "老人：刘玉兰。",
    ],
)
def test_names_of_those_who_were_served(report, text):
    (finding,) = asked(with_remark(report, text), "TZ-006")
    assert (finding.severity, finding.cell_id, finding.value) == ("error", "ledger.n001.c17", "")
    assert text not in finding.message
    assert finding.message.startswith("附1表第1行17栏（备注）疑似含服务对象的姓名")


@pytest.mark.parametrize(
    "text",
    [
        "服务对象：留守儿童和老人",
        "服务对象：高龄老人",
        "服务对象：社区居民",
        "儿童：12名",
        "王家湾村委会",
        "主持人李桂英",
        "某某社区",
        "关爱女童（8岁以下）",
        "高中生（16岁）",
        "服务对象：高中生",
        "老人：马家村",
        "姓名牌制作",
        "老人：马王堆街道",
    ],
)
def test_texts_that_name_nobody(report, text):
    assert asked(with_remark(report, text), "TZ-006") == []


def test_an_event_told_twice_has_the_same_day_name_and_organiser(report):
    county = report("county")
    first, second = county.lists["ledger"][0], county.lists["ledger"][1]
    second |= {2: first[2], 3: first[3]}
    (finding,) = asked(county, "TZ-005")
    assert (finding.severity, finding.cell_id) == ("query", "ledger.n002.c3")
    assert finding.message.startswith("附1表第2行与第1行的活动日期")
    second[4] = "另一个妇联"
    assert asked(county, "TZ-005") == []
    second[4] = None
    assert asked(county, "TZ-005") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("媒体报道复印件9份", "封面附件清单列报道材料9份，06表报道数10，份数与填报数不符。"),
        ("报道３份；报道截图８篇", "封面附件清单列报道材料11份，06表报道数10，份数与填报数不符。"),
        ("表彰文件6份、报道10篇", "封面附件清单列表彰材料6份，06表表彰数9，份数与填报数不符。"),
    ],
)
def test_attachments_that_the_cover_counts_otherwise_are_asked_about(report, text, said):
    (finding,) = report("city").change(**{"cover.attachments": text}).findings()
    assert (finding.rule_id, finding.severity, finding.table) == ("HL-007", "query", "t06")
    assert finding.message.startswith(said)


@pytest.mark.parametrize("text", ["", "报道10篇，表彰文件9份", "报道复印件", "盖章扫描件1份", "报道见附件，共3份"])
def test_attachments_that_say_the_same_or_nothing(report, text):
    assert report("city").change(**{"cover.attachments": text}).places() == []


def test_attachments_are_not_compared_with_an_unknown_figure(report):
    found = report("city").change(**{"cover.attachments": "报道9份", "t06.r07.c1": None})
    assert asked(found, "HL-007") == []
