"""A whole month: templates filled from the cell map by other software, collected, released, exported, traced."""

import csv
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import openpyxl
import pytest
from jinguo.errors import Refused
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.month import close_period
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.release.editions import explain_figure, export_figures, make_release, trace_figure
from jinguo.flow.review.decide import decide_report
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.release.gate import GateClosed
from jinguo.warehouse.engine import open_warehouse
from jinguo.warehouse.explanations import explanations_of
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.tables import core_fact
from sqlalchemy import update

pytestmark = pytest.mark.filterwarnings("ignore:module .sre_:DeprecationWarning")  # of Great Expectations

OCTOBER = Period(2026, 10)
CITY = "430800"


def states(collected):
    return {item.as_json()["unit_code"]: item.state for item in collected}


def exported(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def all_settings(settings, warehouse_url):
    return replace(settings, warehouse_url=warehouse_url)


def test_sixteen_coherent_units_are_accepted_and_every_exported_total_is_the_sum_of_what_was_typed(
    all_settings, clerks, tmp_path, form
):
    clerks.settings = all_settings
    clerks.fill(OCTOBER)
    assert set(states(collect_inbox(all_settings)).values()) == {"accepted"}
    release = make_release(all_settings, OCTOBER)
    assert (release["state"], len(release["included"]), release["excluded"]) == ("draft", 16, [])

    export_figures(all_settings, OCTOBER, edition=None, out=tmp_path / "figures.csv")
    rows = exported(tmp_path / "figures.csv")
    typed = defaultdict(Decimal)
    for unit_code in release["included"]:
        for cell_id, value in clerks.figures_of(unit_code, OCTOBER).items():
            if cell_id in form.cell_by_id and isinstance(value, int):
                typed[cell_id] += Decimal(value) / SCALE
    totals = {
        row["cell_id"]: Decimal(row["value"])
        for row in rows
        if row["unit_code"] == "430000" and row["cell_id"] in form.cell_by_id and row["state"] == "complete"
    }
    due = [c for c in form.cells if c.frequency == "monthly" and "city" not in c.na_for]
    assert set(totals) == {cell.id for cell in due}
    assert {cell_id: typed[cell_id] for cell_id in totals} == totals


def test_a_missing_unit_is_named_and_never_counted_as_zero(settings, clerks):
    clerks.fill(OCTOBER, "430100", "430200")
    collect_inbox(settings)
    decide_report(settings, "430300", OCTOBER, action="declare_missing", reason="催报三次未报", actor="张审核")
    release = make_release(settings, OCTOBER)
    assert release["included"] == ["430100", "430200"]
    assert {"unit_code": "430300", "state": "missing"} in release["excluded"]
    assert len(release["excluded"]) == 14
    book = openpyxl.load_workbook(release["workbook"])
    assert all(
        any("2/16" in str(cell.value) for row in sheet.iter_rows(max_row=14) for cell in row if cell.value)
        for sheet in book.worksheets
    )


def test_the_gate_opens_when_every_unit_is_settled(settings, clerks):
    clerks.fill(OCTOBER, CITY)
    clerks.fill(OCTOBER, "430900", change={"t01.r15.c4": 10**6})
    collect_inbox(settings)
    with pytest.raises(GateClosed) as closed:
        make_release(settings, OCTOBER, approver="李主任")
    assert len(closed.value.reasons) == 15
    decide_report(settings, "430900", OCTOBER, action="exclude", reason="未及时改正", actor="张审核")
    close_period(settings, str(OCTOBER))
    published = make_release(settings, OCTOBER, approver="李主任")
    assert (published["state"], published["included"], published["to_settle"]) == ("published", [CITY], [])
    assert make_release(settings, OCTOBER, approver="王主任")["edition"] == 1


def test_a_warehouse_that_contradicts_itself_is_not_published(settings, clerks):
    clerks.fill(OCTOBER, CITY)
    collect_inbox(settings)
    close_period(settings, str(OCTOBER))
    with closing(open_warehouse(settings.warehouse_url)) as warehouse, warehouse.write() as conn:
        conn.execute(update(core_fact).where(core_fact.c.value.is_not(None)).values(state=0))
    with pytest.raises(GateClosed) as closed:
        make_release(settings, OCTOBER, approver="李主任")
    unsound = [reason.message for reason in closed.value.reasons if reason.code == "unsound"]
    assert unsound == [
        "库内数据自相矛盾（KU-07：应当格的状态合法：有数的有值，未填、无法识别、缺表的无值）：430800。请报告系统管理员。"
    ]


def test_the_draft_workbook_gives_way_to_the_published_one(settings, clerks, tmp_path):
    clerks.fill(OCTOBER, CITY)
    collect_inbox(settings)
    close_period(settings, str(OCTOBER))
    make_release(settings, OCTOBER)
    make_release(settings, OCTOBER, out=tmp_path)
    make_release(settings, OCTOBER, out=tmp_path, approver="李主任")
    for folder in (tmp_path, settings.outbox / "releases" / str(OCTOBER)):
        assert [path.name for path in folder.glob("*.xlsx")] == ["湘妇志_202610_全省汇总_第1版_正式.xlsx"]


def test_a_clock_before_the_receipts_is_refused(settings, clerks):
    clerks.fill(OCTOBER, CITY)
    collect_inbox(settings)
    before = replace(settings, fixed_now=settings.fixed_now.replace(day=1))
    with pytest.raises(Refused, match="at 2026-11-01 09:00 the report of 430800 had not come yet"):
        make_release(before, OCTOBER)


def test_nothing_accepted_is_refused(settings):
    with pytest.raises(Refused, match="2026-10"):
        make_release(settings, OCTOBER)


def test_a_query_waits_for_the_steward_and_an_error_cannot_be_accepted(settings, clerks):
    clerks.fill(OCTOBER, CITY, change={"t04.r19.c2": 0, "t04.r19.c3": 0})  # 站点标牌少于站点数: a query
    (item,) = collect_inbox(settings)
    assert item.state == "awaiting_explanation"
    assert [(f.rule_id, f.cell_id) for f in item.checked.findings if f.severity == "query"] == [
        ("BN-409", "t04.r19.c2")
    ]
    decision = decide_report(settings, CITY, OCTOBER, action="accept", reason="标牌在制作", actor="张审核")
    assert (decision.state_before, decision.state_after) == ("awaiting_explanation", "accepted")
    assert not list((settings.outbox / "returns").rglob("*.xlsx"))  # nothing is left to be corrected

    clerks.fill(OCTOBER, "430900", change={"t01.r15.c4": 10**6})
    (item,) = collect_inbox(settings)
    assert item.state == "returned"
    with pytest.raises(Refused, match="BN-104"):
        decide_report(settings, "430900", OCTOBER, action="accept", reason="放行", actor="张审核")


def test_a_returned_workbook_corrected_by_the_unit_is_the_next_version(settings, clerks):
    clerks.fill(OCTOBER, CITY, change={"t02.r18.c1": 10**7})
    (first,) = collect_inbox(settings)
    assert (first.state, first.row.version) == ("returned", 1)
    finding = next(f for f in first.checked.findings if f.rule_id == "BN-206")
    book = openpyxl.load_workbook(first.answered.return_workbook)
    assert "问题清单" in book.sheetnames
    with open_office(settings) as office, office.warehouse.read() as conn:
        sheet, address = load_reading(conn, first.row.id).place("t02.r18.c1")
    assert finding.sheet == sheet == "02表"
    book[sheet][address] = 3
    book.save(settings.inbox / "改好了.xlsx")
    (second,) = collect_inbox(settings)
    assert (second.state, second.row.version) == ("accepted", 2)
    statuses = {row["unit_code"]: (row["status"], row["version"]) for row in period_status(settings, OCTOBER)}
    assert statuses[CITY] == ("accepted", 2)


def test_a_second_report_after_acceptance_needs_a_reason_and_leaves_the_first_in_force(settings, clerks):
    clerks.fill(OCTOBER, CITY)
    collect_inbox(settings)
    clerks.fill(OCTOBER, CITY, change={"t02.r18.c1": 1}, name=lambda name: "again_" + name)
    (again,) = collect_inbox(settings)
    assert again.state == "returned"
    assert [f.rule_id for f in again.checked.findings if f.severity == "error"] == ["WZ-016"]
    assert make_release(settings, OCTOBER)["included"] == [CITY]
    row = next(row for row in period_status(settings, OCTOBER) if row["unit_code"] == CITY)
    assert (row["status"], row["version"], row["newer_status"], row["newer_version"]) == ("accepted", 1, "returned", 2)
    clerks.fill(OCTOBER, CITY, change={"t02.r18.c1": 1, "cover.correction_reason": "附记人数漏报"})
    (third,) = collect_inbox(settings)
    assert (third.state, third.row.version) == ("accepted", 3)


def test_the_same_bytes_again_are_recognised_and_not_counted_twice(settings, clerks):
    (path,) = clerks.fill(OCTOBER, CITY)
    data = path.read_bytes()
    collect_inbox(settings)
    (settings.inbox / "转发.xlsx").write_bytes(data)
    (again,) = collect_inbox(settings)
    assert [f.rule_id for f in again.checked.findings] == ["D16"]
    shown = again.as_json()
    assert (shown["status"], shown["unit_code"], shown["version"]) == ("accepted", CITY, 1)
    assert collect_inbox(settings) == []
    assert verify_all(settings) == []


@pytest.mark.parametrize(
    ("change", "decision", "words"),
    [
        ({"t02.r18.c1": 10**7}, None, "已于2026-11-03定为“退回”，原因：强制性问题1处，首先是02表 D"),
        ({"t04.r19.c2": 0, "t04.r19.c3": 0}, None, "已于2026-11-03定为“待说明”，原因：核实性问题1处，首先是04表 E"),
        ({"t02.r18.c1": 10**7}, "请与台账核对。", "已于2026-11-03定为“退回”，原因：请与台账核对。原样再报不改变结论"),
        ({"t04.r19.c2": 0, "t04.r19.c3": 0}, "标牌数与实地不符", "已于2026-11-05定为“退回”，原因：标牌数与实地不符。"),
    ],
    ids=["an error", "a query", "an error and a steward", "a steward"],
)
def test_the_same_bytes_after_a_return_are_answered_with_the_reason(settings, clerks, change, decision, words):
    (path,) = clerks.fill(OCTOBER, CITY, change=change)
    data = path.read_bytes()
    collect_inbox(settings)
    later = replace(settings, fixed_now=settings.fixed_now.replace(day=5))
    if decision:
        decide_report(later, CITY, OCTOBER, action="return", reason=decision, actor="张审核")
    (settings.inbox / "又发一次.xlsx").write_bytes(data)
    (again,) = collect_inbox(replace(settings, fixed_now=settings.fixed_now.replace(day=6)))
    (finding,) = again.checked.findings
    assert (finding.rule_id, finding.severity, again.row.version) == ("D81", "error", 1)
    assert words in finding.message
    assert finding.message.endswith("请报送改正后的文件。")
    receipt = again.answered.receipt.read_text("utf-8")
    assert "又发一次.xlsx" in receipt
    assert "收到时间　2026-11-06" in receipt
    assert "没有问题" not in receipt
    assert "无需处理" not in receipt
    assert again.answered.return_workbook.exists()
    assert verify_all(settings) == []


def test_the_same_unreadable_bytes_again_are_answered_with_what_is_wrong_with_them(settings):
    for name in ("报表.xlsx", "报表再报.xlsx"):
        settings.inbox.mkdir(parents=True, exist_ok=True)
        (settings.inbox / name).write_bytes(b"hello")
        (item,) = collect_inbox(settings)
    assert [f.rule_id for f in item.checked.findings] == ["D81"]
    assert "已于2026-11-03定为“" in item.checked.findings[0].message


def test_a_figure_leads_to_its_cells_and_a_change_to_its_units(settings, clerks):
    september = Period(2026, 9)
    clerks.fill(september, CITY, "430900")
    collect_inbox(settings)
    clerks.fill(OCTOBER, CITY, "430900")
    collect_inbox(settings)
    found = trace_figure(settings, OCTOBER, "t03.r01.c1", unit_code=None, edition=None)
    assert [item["unit_code"] for item in found["inputs"]] == [CITY, "430900"]
    assert sum(item["value"] for item in found["inputs"]) == found["value"]
    assert {item["sheet"] for item in found["inputs"]} == {"03表"}
    why = explain_figure(settings, "t03.r01.c1", unit_code="430000", before=september, after=OCTOBER)
    assert why["value_to"] - why["value_from"] == why["difference"]
    assert {item["unit_code"] for item in why["by_unit"]} >= {CITY, "430900"}


def test_an_explanation_written_into_the_list_waits_for_the_steward_with_its_text(settings, clerks):
    clerks.fill(OCTOBER, CITY, change={"t04.r19.c2": 0, "t04.r19.c3": 0})
    (first,) = collect_inbox(settings)
    book = openpyxl.load_workbook(first.answered.return_workbook)
    sheet = book["问题清单"]
    header = next(row for row in sheet.iter_rows() if any(cell.value == "规则编号" for cell in row))
    columns = {cell.value: cell.column for cell in header}
    line = next(row[0].row for row in sheet.iter_rows() if row[columns["规则编号"] - 1].value == "BN-409")
    sheet.cell(line, columns["情况说明"]).value = "标牌已向厂家订制，十一月中旬全部挂出"
    book.save(settings.inbox / "说明.xlsx")
    (second,) = collect_inbox(settings)
    assert (second.state, second.row.version) == ("awaiting_explanation", 2)
    decide_report(settings, CITY, OCTOBER, action="accept", reason="说明属实", actor="张审核")
    with closing(open_warehouse(settings.warehouse_url)) as warehouse, warehouse.read() as conn:
        (given,) = explanations_of(conn, second.row.unit_id, OCTOBER.key)
    assert (given.rule_id, given.cell_id, given.accepted_by) == ("BN-409", "t04.r19.c2", "张审核")
    assert given.text.startswith("标牌已向厂家订制")


def test_a_wrong_month_file_is_held_under_the_month_it_was_sent_for(settings, clerks):
    (path,) = clerks.fill(Period(2026, 9), CITY)
    path.rename(path.with_name(path.name.replace("202609", "202610")))
    (item,) = collect_inbox(settings)
    assert (item.state, [f.rule_id for f in item.checked.findings]) == ("held", ["WZ-002"])
    statuses = {row["unit_code"]: row["status"] for row in period_status(settings, OCTOBER)}
    assert statuses[CITY] == "held"


def test_a_correction_of_last_month_is_information_to_the_clerk_whose_template_carried_the_old_figure(settings, clerks):
    september = Period(2026, 9)
    clerks.fill(september, CITY)
    collect_inbox(settings)
    clerks.fill(OCTOBER, CITY)
    collect_inbox(settings)
    members = clerks.figures_of(CITY, september)["t01.r26.c2"] // SCALE
    change = {"t01.r26.c2": members + 5, "cover.correction_reason": "漏报五人"}
    clerks.fill(september, CITY, change=change)
    (corrected,) = collect_inbox(settings)
    assert (corrected.state, corrected.row.version) == ("accepted", 2)
    row = next(row for row in period_status(settings, OCTOBER) if row["unit_code"] == CITY)
    assert (row["status"], row["errors"], row["queries"]) == ("accepted", 0, 0)
