"""Personal data in the inbox: nothing of it stays readable anywhere, and the audit still holds."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.review.decide import decide_report

from .conftest import SEPTEMBER

ID_NUMBER = "430102198803150028"  # made up; the check character is not the right one


@pytest.fixture
def sent(clerks):
    """A report whose 01表 holds an identity number."""
    (path,) = clerks.fill(SEPTEMBER, "430400", change={"t01.r02.c2": ID_NUMBER})
    return path


def readable_places(settings):
    """Every file of the data directory that shows the number, also inside of zip containers."""
    found = []
    for path in settings.home.rglob("*"):
        if path.is_file() and "desk" not in path.parts:
            data = path.read_bytes()
            parts = [data]
            if zipfile.is_zipfile(io.BytesIO(data)):
                with zipfile.ZipFile(io.BytesIO(data)) as package:
                    parts += [package.read(name) for name in package.namelist()]
            if any(ID_NUMBER.encode() in part for part in parts):
                found.append(path)
    return found


def test_the_file_is_sealed_and_shown_masked(settings, sent):
    (item,) = collect_inbox(settings)
    assert item.state == "quarantined"
    assert [(f.rule_id, f.sheet, f.value) for f in item.checked.findings] == [("HL-009", "01表", "4301**********0028")]
    assert [path.name for path in (settings.home / "quarantine").iterdir()] == [item.arrival.sha256]
    assert readable_places(settings) == []
    assert verify_all(settings) == []


def test_the_same_bytes_again_do_not_bring_it_back(settings, sent):
    data = sent.read_bytes()
    collect_inbox(settings)
    sent.write_bytes(data)
    (again,) = collect_inbox(settings)
    assert again.state == "quarantined"
    assert readable_places(settings) == []
    assert verify_all(settings) == []


def test_the_bundle_that_it_came_in_is_sealed_too(settings, sent):
    with zipfile.ZipFile(sent.with_name("九月.zip"), "w") as bundle:
        bundle.write(sent, sent.name)
    sent.unlink()
    collect_inbox(settings)
    assert len(list((settings.home / "quarantine").iterdir())) == 2
    assert readable_places(settings) == []
    assert verify_all(settings) == []


def test_a_roster_alone_is_no_report_and_sealed(settings):
    book = openpyxl.Workbook()
    book.active.append(["姓名", "联系电话", "住址"])
    book.active.append(["张三", "0731-84441234", "东风社区"])
    settings.inbox.mkdir(parents=True)
    book.save(settings.inbox / "志愿者.xlsx")
    (item,) = collect_inbox(settings)
    assert item.state == "unidentified"
    assert len(list((settings.home / "quarantine").iterdir())) == 1
    assert verify_all(settings) == []


def test_returning_it_sends_the_list_of_problems_alone(settings, sent):
    collect_inbox(settings)
    decide_report(settings, "430400", SEPTEMBER, action="return", reason="请删除个人信息", actor="张审核")
    collect_inbox(settings)
    (path,) = (settings.outbox / "returns").rglob("*.xlsx")
    assert openpyxl.load_workbook(path).sheetnames[0] == "问题清单"
    assert readable_places(settings) == []


def test_after_its_days_it_is_destroyed_and_the_log_says_so(settings, sent):
    collect_inbox(settings)
    later = replace(settings, fixed_now=settings.now() + dt.timedelta(days=30))
    collect_inbox(later)
    assert list((settings.home / "quarantine").iterdir()) == []
    assert verify_all(later) == []


def test_a_sealed_file_that_is_taken_away_is_missed(settings, sent):
    collect_inbox(settings)
    (path,) = (settings.home / "quarantine").iterdir()
    path.unlink()
    assert verify_all(settings) == [f"archive: {path.name} is not there as it came"]
