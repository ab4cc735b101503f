"""环比, 同比, 本年累计, 示范社区 and 图表 as a reader opens them."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from jinguo.periods import Period
from jinguo.reading.model import ListLine
from jinguo.release.comparison import Base, Comparison, Comparisons, compare
from jinguo.release.workbook import write_release_workbook

SEPTEMBER, DECEMBER, LAST_YEAR = Period(2026, 9), Period(2026, 12), Period(2025, 10)
CITY, OTHER_CITY, THIRD = "430100", "430200", "430300"
TEAMS, EVENTS, RUNNING = "t01.r01.c4", "t03.r01.c1", "t03.r01.c5"


def saved(edition, schemas) -> bytes:
    buffer = io.BytesIO()
    write_release_workbook(buffer, edition, schemas=schemas)
    return buffer.getvalue()


def opened(edition, schemas):
    return openpyxl.load_workbook(io.BytesIO(saved(edition, schemas)))


def lines_of(sheet) -> dict[str, tuple]:
    """The first line of each figure: the headline's, where it is there too."""
    found: dict[str, tuple] = {}
    for row in sheet.iter_rows(min_row=7, values_only=True):
        if row[2]:
            found.setdefault(row[2], row)
    return found


def beside(edition, *earlier):
    """The edition with the figures of earlier months."""
    now = edition.figures
    by_period = {
        before.period: Comparison(
            Base(
                before.period,
                1,
                "f" * 64,
                len(before.members),
                len(before.reports),
                tuple((report.unit.code, report.state) for report in before.left_out),
            ),
            compare(now, before),
        )
        for before in earlier
    }
    return replace(edition, compared=Comparisons(now, by_period))


@pytest.fixture
def edition(make_report, make_figures, make_edition):
    """October with two cities; in September one of them had not come, and there is no year before."""
    now = make_edition(
        make_report(CITY, cells={TEAMS: 11_000, EVENTS: 7000, RUNNING: 60_000}),
        make_report(OTHER_CITY, cells={TEAMS: 20_000, EVENTS: 3000, RUNNING: 30_000}),
    )
    before = make_figures(
        make_report(CITY, cells={TEAMS: 10_000, EVENTS: 0}), make_report(OTHER_CITY, state="missing"), at=SEPTEMBER
    )
    return beside(now, before)


def test_both_calibers_stand_side_by_side(edition, schemas):
    sheet = opened(edition, schemas)["环比"]
    lines = lines_of(sheet)
    assert lines[TEAMS][3:] == (31, 10, 21, 210, 1, 11, 10, 1, 10)
    assert lines[EVENTS][3:] == (10, 0, 10, "—", 1, 7, 0, 7, "—"), "0 before: a difference, and no rate"
    assert "2026年9月第1版（已汇总 1/2 个单位，未汇总：株洲市妇联（缺报））" in sheet["A3"].value


def test_differences_are_numbers_with_formats(edition, schemas):
    sheet = opened(edition, schemas)["环比"]
    row = next(row for row in sheet.iter_rows(min_row=7) if row[2].value == TEAMS)
    assert [cell.number_format for cell in row[3:7]] == ["#,##0_ ", "#,##0_ ", "#,##0_ ", "#,##0.00_ "]
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$5:$6")


def test_month_without_data_is_said_and_never_zero(edition, schemas):
    book = opened(edition, schemas)
    sheet = book["同比"]
    assert "2025年10月没有已发布或已审定的数据" in sheet["A3"].value
    assert [cell.value for row in sheet.iter_rows(min_row=5) for cell in row if cell.value is not None] == ["无数据"]
    year = lines_of(book["本年累计"])
    assert year[RUNNING][:2] == ("03表 合计·本年累计活动场次", "次")
    assert year[RUNNING][3:8] == (90, "无数据", "无数据", "无数据", "—")
    assert TEAMS not in year


def test_year_so_far_beside_last_year(make_report, make_figures, make_edition, schemas):
    now = make_edition(make_report(CITY, cells={RUNNING: 60_000}))
    edition = beside(now, make_figures(make_report(CITY, cells={RUNNING: 48_000}), at=LAST_YEAR))
    assert lines_of(opened(edition, schemas)["本年累计"])[RUNNING][3:7] == (60, 48, 12, 25)


def test_charts_are_native_and_their_numbers_are_there(edition, schemas):
    content = saved(edition, schemas)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        charts = [package.read(name).decode() for name in package.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 4
    sheet = openpyxl.load_workbook(io.BytesIO(content))["图表"]
    months = [row[:2] for row in sheet.iter_rows(values_only=True) if str(row[0]).startswith("2026-")]
    assert months == [("2026-09\n1/2", 10), ("2026-10\n2/2", 31)]


def line(name: str, level: int) -> ListLine:
    return ListLine(1, 9, {1: name, 4: str(level)})


def test_demonstration_communities_against_their_target(make_report, make_edition, schemas):
    edition = make_edition(
        make_report(CITY, at=DECEMBER, lists={"t05": [line("甲社区", 1), line("乙社区", 2), line("丙社区", 2)]}),
        make_report(OTHER_CITY, at=DECEMBER, lists={"t05": [line("丁社区", 2)]}),
        make_report(THIRD, state="missing"),
        at=DECEMBER,
    )
    rows = {row[1]: row for row in opened(edition, schemas)["示范社区"].iter_rows(min_row=5, values_only=True)}
    assert rows[CITY][2:] == (1, 2, 2, 0, "甲社区", "乙社区、丙社区")
    assert rows[OTHER_CITY][2:6] == (0, 1, 2, -1)
    assert rows[THIRD][2:6] == ("缺报", "缺报", 2, "—"), "a city that did not report is not short of two"
    assert rows["430000"][2:] == (1, 3, 4, -1, "目标2个，差1个", "目标4个，差1个")


def test_list_of_communities_is_quarterly(edition, schemas):
    assert "示范社区" not in opened(edition, schemas).sheetnames
