"""Some tables sent again: they and the other tables of the version before are the next version."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from jinguo.flow.intake.check import check_files
from jinguo.flow.intake.collect import Collected, collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.release.editions import make_release, trace_figure
from jinguo.flow.review.decide import decide_report
from jinguo.forms.model import SCALE
from jinguo.settings import Settings
from jinguo.workbench.report import look_at_cell, make_report

from .conftest import OCTOBER, Clerks

CITY = "430800"
FIGURE = "t02.r18.c1"  # 附记: no other figure hangs on it


@pytest.fixture
def settings(settings: Settings, clerks: Clerks, warehouse_url: str) -> Settings:
    """The same office on SQLite and on PostgreSQL."""
    clerks.settings = replace(settings, warehouse_url=warehouse_url)
    return clerks.settings


@pytest.fixture
def accepted(settings: Settings, clerks: Clerks) -> Collected:
    clerks.fill(OCTOBER, CITY)
    (item,) = collect_inbox(settings)
    assert item.state == "accepted"
    return item


def send_tables(settings: Settings, clerks: Clerks, *sheets: str, name: str, change: dict[str, object]) -> Path:
    """A workbook with some sheets of a filled template and nothing else, neither cover nor hidden block."""
    (whole,) = clerks.fill(OCTOBER, CITY, change=change)
    book = openpyxl.load_workbook(whole)
    whole.unlink()
    for sheet in book.sheetnames:
        if sheet not in sheets:
            del book[sheet]
    path = settings.inbox / name
    book.save(path)
    return path


def found(item: Collected, rule_id: str) -> list[str]:
    return [finding.message for finding in item.checked.findings if finding.rule_id == rule_id]


def test_one_table_sent_again_is_a_new_version_with_the_other_tables_of_the_first(settings, clerks, accepted):
    path = send_tables(settings, clerks, "02表", name="张家界市更正02表.xlsx", change={FIGURE: 7})
    data = path.read_bytes()
    (rehearsed,) = check_files(settings, [path])
    (item,) = collect_inbox(settings)
    assert (rehearsed.state, item.state, item.row.version) == ("accepted", "accepted", 2)
    assert found(item, "WZ-004") == []
    (message,) = found(item, "D17")
    assert message.startswith("收到部分表：02表取自本次的文件。")
    assert "封面、01表、03表、04表、06表取自第1版“430800_张家界_湘妇志_202610_v1.xlsx”" in message
    assert [finding.message for finding in rehearsed.findings if finding.rule_id == "D17"] == [message]
    assert item.row.correction_reason == "部分表更正（02表）：文件名“张家界市更正02表.xlsx”"
    receipt = item.answered.receipt.read_text("utf-8")
    assert "取自第1版" in receipt

    (settings.inbox / "再发一次.xlsx").write_bytes(data)
    (again,) = collect_inbox(settings)
    assert [finding.rule_id for finding in again.checked.findings] == ["D16"]
    assert again.row.version == 2


def test_the_trace_of_every_figure_leads_to_the_file_that_it_stands_in(settings, clerks, accepted):
    first = accepted.arrival
    send_tables(settings, clerks, "02表", name="张家界市补报02表.xlsx", change={FIGURE: 7})
    (item,) = collect_inbox(settings)
    make_release(settings, OCTOBER)
    (changed,) = trace_figure(settings, OCTOBER, FIGURE, unit_code=CITY, edition=None)["inputs"]
    assert (changed["value"], changed["file"], changed["sha256"], changed["version"]) == (
        7,
        "张家界市补报02表.xlsx",
        item.arrival.sha256,
        2,
    )
    (kept,) = trace_figure(settings, OCTOBER, "t01.r02.c2", unit_code=CITY, edition=None)["inputs"]
    assert (kept["file"], kept["sha256"], kept["version"], kept["source_version"]) == (first.name, first.sha256, 2, 1)
    with (settings.home / "archive" / first.sha256[:2] / first.sha256).open("rb") as file:
        cell = openpyxl.load_workbook(io.BytesIO(file.read()))[kept["sheet"]][kept["address"]]
    assert cell.value == kept["value"] == clerks.figures_of(CITY, OCTOBER)["t01.r02.c2"] / SCALE


def test_a_second_partial_file_builds_on_the_first(settings, clerks, accepted):
    send_tables(settings, clerks, "02表", name="张家界市更正02表.xlsx", change={FIGURE: 7})
    collect_inbox(settings)
    send_tables(settings, clerks, "04表", "06表", name="张家界市更正04表06表.xlsx", change={})
    (item,) = collect_inbox(settings)
    (message,) = found(item, "D17")
    assert "封面、01表、03表取自第1版“430800_张家界_湘妇志_202610_v1.xlsx”" in message
    assert "02表取自第2版“张家界市更正02表.xlsx”" in message
    assert (item.state, item.row.version) == ("accepted", 3)


def test_a_file_that_does_not_say_that_it_corrects_needs_a_reason_after_acceptance(settings, clerks, accepted):
    send_tables(settings, clerks, "02表", name="张家界市02表.xlsx", change={FIGURE: 7})
    (item,) = collect_inbox(settings)
    assert item.state == "returned"
    assert [f.rule_id for f in item.checked.findings if f.severity == "error"] == ["WZ-016"]


def test_the_return_workbook_of_a_completed_version_is_whole_and_can_be_sent_back(settings, clerks, accepted):
    send_tables(settings, clerks, "02表", name="张家界市更正02表.xlsx", change={FIGURE: 10**7})
    (item,) = collect_inbox(settings)
    assert (item.state, [f.rule_id for f in item.checked.findings if f.severity == "error"]) == ("returned", ["BN-206"])
    book = openpyxl.load_workbook(item.answered.return_workbook)
    assert {"封面", "01表", "02表", "03表", "04表", "06表", "问题清单"} <= set(book.sheetnames)
    assert book["01表"]["E10"].value == clerks.figures_of(CITY, OCTOBER)["t01.r02.c2"] / SCALE
    told = [str(cell.value) for row in book["问题清单"].iter_rows() for cell in row if cell.value]
    assert any("取自第1版" in text for text in told)
    (wrong,) = [cell for row in book["02表"].iter_rows() for cell in row if cell.value == 10**7]
    wrong.value = 7
    book["封面"]["C15"] = "更正附记"
    book.save(settings.inbox / "改好了.xlsx")
    (third,) = collect_inbox(settings)
    assert (third.state, third.row.version, found(third, "D17")) == ("accepted", 3, [])


def test_without_an_earlier_version_the_other_tables_are_missing_in_one_sentence(settings, clerks):
    send_tables(settings, clerks, "02表", name="张家界市更正02表.xlsx", change={})
    (item,) = collect_inbox(settings)
    assert item.state == "returned"
    (message,) = found(item, "WZ-004")
    assert message.startswith("2026年10月报表缺少：01表、03表、04表、06表。")
    assert found(item, "D17") == []


def test_nothing_is_taken_from_an_excluded_version(settings, clerks, accepted):
    decide_report(settings, CITY, OCTOBER, action="exclude", reason="数据不实", actor="张审核")
    send_tables(settings, clerks, "02表", name="张家界市更正02表.xlsx", change={FIGURE: 7})
    (item,) = collect_inbox(settings)
    assert (item.state, len(found(item, "WZ-004")), found(item, "D17")) == ("returned", 1, [])


def test_the_page_of_a_cell_names_the_file_that_it_stands_in(settings, clerks, accepted):
    send_tables(settings, clerks, "02表", name="张家界市更正02表.xlsx", change={FIGURE: 7})
    collect_inbox(settings)
    with open_office(settings) as office:
        report = make_report(office, office.register.by_code[CITY], OCTOBER)
        own, kept = (look_at_cell(office, report, cell_id).place for cell_id in (FIGURE, "t01.r02.c2"))
    assert own.startswith("02表 D")
    assert "第" not in own
    assert kept == "01表 E10（第1版“430800_张家界_湘妇志_202610_v1.xlsx”）"
