"""同比: a month beside the same month of the year before, in the figures, the workbook and the bulletin."""

from __future__ import annotations

import datetime as dt

import docx
import pytest
from jinguo.periods import Period
from jinguo.release.bulletin import write_bulletin
from jinguo.release.workbook import write_release_workbook
from jinguo.settings import TIMEZONE
from openpyxl import load_workbook

CITY, OTHER, NEW = "430100", "430200", "430300"
LAST_YEAR, THIS_YEAR = Period(2026, 10), Period(2027, 10)
EVENTS, RUNNING = "t03.r01.c1", "t03.r01.c5"
NOW = dt.datetime(2027, 11, 9, 9, 30, tzinfo=TIMEZONE)


@pytest.fixture
def edition(office):
    """This year's October: two units that also reported a year ago, and one that did not."""
    for period, events in ((LAST_YEAR, {CITY: 100, OTHER: 50}), (THIS_YEAR, {CITY: 110, OTHER: 55, NEW: 40})):
        for code, count in events.items():
            office.send(code, period=period, cells={EVENTS: 1000 * count, RUNNING: 10_000 * count})
        office.declare_rest_missing(period)
        draft = office.editions(period).draft(now=NOW)
        made = office.editions(period).publish(approver="王主任", now=NOW, approved_hash=draft.frozen_hash)
    return made


def test_figures_stand_beside_those_of_a_year_ago(edition):
    compared = edition.compared.last_year(EVENTS)
    assert (compared.now, compared.before, compared.growth_pct) == (205_000, 150_000, 36_670)
    assert (compared.same_now, compared.same_before, compared.same_units) == (165_000, 150_000, 2)
    assert compared.same_growth_pct == 10_000
    running = edition.compared.year_to_date(EVENTS)
    assert (running.figure_id, running.now, running.before) == (RUNNING, 2_050_000, 1_500_000)


def test_the_workbook_shows_both_calibers(edition, schemas, tmp_path):
    path = tmp_path / "release.xlsx"
    write_release_workbook(path, edition, schemas=schemas)
    sheet = load_workbook(path)["同比"]
    assert "去年同期：2026年10月第1版（已汇总 2/16 个单位" in sheet["A3"].value
    (line, *_) = [row for row in sheet.iter_rows(values_only=True) if row[2] == EVENTS]
    assert line[3:] == (205, 150, 55, 36.67, 2, 165, 150, 15, 10)


def test_the_bulletin_says_it(edition, schemas, tmp_path):
    path = tmp_path / "bulletin.docx"
    write_bulletin(path, edition, schemas=schemas)
    text = "\n".join(paragraph.text for paragraph in docx.Document(str(path)).paragraphs)
    assert "活动205次，比上年同期增加55次、增长36.67%（同口径增长10.00%）。" in text
