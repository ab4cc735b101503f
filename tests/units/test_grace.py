"""Old codes: read as the new one for a few periods after the change, then refused; old names are always read."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil

import openpyxl
import pytest
from jinguo.flow.expected.issue import issue_templates
from jinguo.flow.intake.check import check_files
from jinguo.flow.register.changes import import_register
from jinguo.periods import Period
from jinguo.settings import TIMEZONE

OLD, NEW = "430321", "430313"
RECODE = f"recode: 430321, from: 2026-07, to: {NEW}, name: 湘莲区"


@pytest.fixture
def sent(settings, change_file, tmp_path):
    """What becomes of a workbook with the old code, made on an old template, of a later period."""

    def check(period, *, schemas=settings.schemas):
        at_work = dataclasses.replace(
            settings, schemas=schemas, fixed_now=dt.datetime(2026, 12, 20, 9, tzinfo=TIMEZONE)
        )
        [path] = issue_templates(settings, Period(2026, 6), out=tmp_path / "old", unit_codes=[OLD])
        book = openpyxl.load_workbook(path)
        book["_jinguo"]["B7"] = str(period)
        for sheet in book.worksheets:
            for row in sheet["A1:H9"]:
                for cell in row:
                    if isinstance(cell.value, str):
                        cell.value = cell.value.replace("2026年6月", period.chinese)
        target = tmp_path / "报表.xlsx"
        book.save(target)
        import_register(at_work, change_file(RECODE), actor="王运维", reason="批复", is_decided=True)
        [checked] = check_files(at_work, [target])
        return checked

    return check


def rules_of(checked):
    return {finding.rule_id: finding for finding in checked.findings}


@pytest.mark.parametrize("month", [7, 8], ids=["first period", "last period of grace"])
def test_within_the_grace_the_old_code_is_read_as_the_new_one(sent, month):
    checked = sent(Period(2026, month))
    assert checked.reading.unit_code == NEW
    found = rules_of(checked)["D86"]
    assert found.severity == "info"
    assert "湘莲区（430313）" in found.message
    assert "旧代码最后用到2026年8月" in found.message


def test_after_the_grace_it_is_refused_with_the_new_code(sent):
    checked = sent(Period(2026, 9))
    assert checked.state == "rejected"
    assert "湘莲区（430313）" in rules_of(checked)["D66"].message


def test_before_the_change_it_is_simply_the_unit_s_code(sent):
    checked = sent(Period(2026, 6))
    assert checked.reading.unit_code in (OLD, NEW)
    assert {"D66", "D86"} & set(rules_of(checked)) == set()


def test_without_a_grace_the_first_period_refuses_it(sent, tmp_path, schemas):
    own = shutil.copytree(schemas, tmp_path / "schemas")
    calendar = own / "calendar" / "calendar.yaml"
    calendar.write_text(calendar.read_text("utf-8").replace("old_code_grace_periods: 2", "old_code_grace_periods: 0"))
    assert sent(Period(2026, 7), schemas=own).state == "rejected"


def test_a_renamed_unit_reports_for_an_earlier_month_under_the_name_of_then(settings, change_file, tmp_path):
    june = Period(2026, 6)
    import_register(settings, change_file("rename: 430321, from: 2026-07, name: 湘莲县"), actor="王运维", reason="批复")
    for period, name in ((june, "湘潭县妇女联合会"), (june.plus(1), "湘莲县妇女联合会")):
        [path] = issue_templates(settings, period, out=tmp_path / "late", unit_codes=["430321"])
        assert openpyxl.load_workbook(path)["封面"]["C5"].value == name
        [checked] = check_files(settings, [path])
        assert (checked.reading.status, checked.reading.unit_code) == ("read", "430321")
        assert not {"WZ-001", "D63", "D66"} & set(rules_of(checked))
