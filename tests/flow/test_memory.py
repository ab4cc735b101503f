"""An explanation that was accepted is not asked for again, while the value stays in its band, until a date."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace

import openpyxl
import pytest
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.check import check_files
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.release.editions import explain_figure
from jinguo.flow.review.decide import decide_report
from jinguo.periods import Period
from jinguo.review.settlements import AUTOMATIC
from jinguo.settings import TIMEZONE
from jinguo.warehouse.explanations import explanations_of

SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
CITY, RULE, CELL = "430800", "BN-409", "t04.r19.c2"
FEW_PLATES = {CELL: 0, "t04.r19.c3": 0}  # 站点标牌少于站点数
WORDS = "标牌由省里统一制作，预计明年一季度配齐。"
NOTE = "沿用 2026-09 的说明（有效至2027-03-31）："


@pytest.fixture
def september(settings, warehouse_url):
    return at(replace(settings, warehouse_url=warehouse_url), "2026-10-03T09:00")


@pytest.fixture
def october(september):
    return at(september, "2026-11-03T09:00")


def at(settings, moment: str):
    return replace(settings, fixed_now=dt.datetime.fromisoformat(moment).replace(tzinfo=TIMEZONE))


def send(clerks, settings, period: Period, change=FEW_PLATES, **how):
    clerks.settings = settings
    clerks.fill(period, CITY, change=change, **how)
    (item,) = collect_inbox(settings)
    return item


def explain(settings, item, words: str = WORDS):
    """The unit writes into 问题清单 of its return workbook and sends it back."""
    book = openpyxl.load_workbook(item.answered.return_workbook)
    sheet = book["问题清单"]
    titles = {cell.value: cell.column for cell in sheet[4]}
    for row in sheet.iter_rows(min_row=5):
        if row[titles["规则编号"] - 1].value == RULE:
            row[titles["情况说明"] - 1].value = words
    book.save(settings.inbox / "说明.xlsx")
    (answered,) = collect_inbox(settings)
    return answered


def explained_in_september(clerks, settings, words: str = WORDS):
    answered = explain(settings, send(clerks, settings, SEPTEMBER), words)
    decide_report(settings, CITY, SEPTEMBER, action="accept", reason="已电话核实", actor="张审核")
    return answered


def verdict(item):
    return item.state, [(f.severity, f.settled_by) for f in item.checked.findings if f.rule_id == RULE]


def test_an_accepted_explanation_settles_the_same_query_of_the_next_month(clerks, september, october):
    answered = explained_in_september(clerks, september)
    assert verdict(answered) == ("awaiting_explanation", [("query", "")])  # her words alone settle nothing
    item = send(clerks, october, OCTOBER)
    assert verdict(item) == ("accepted", [("info", "explanation 1")])
    (finding,) = [f for f in item.checked.findings if f.rule_id == RULE]
    assert finding.message.startswith(NOTE)
    assert f"BN-409　{NOTE}" in item.answered.receipt.read_text("utf-8")
    assert item.answered.return_workbook is None
    row = next(row for row in period_status(october, OCTOBER) if row["unit_code"] == CITY)
    assert (row["status"], row["queries"]) == ("accepted", 0)
    assert verify_all(october) == []


def test_a_rehearsal_knows_it_too(clerks, september, october, tmp_path):
    explained_in_september(clerks, september)
    clerks.settings = october
    (path,) = clerks.fill(OCTOBER, CITY, change=FEW_PLATES)
    (checked,) = check_files(october, [path])
    assert verdict(type("Item", (), {"state": checked.state, "checked": checked})) == (
        "accepted",
        [("info", "explanation 1")],
    )


def test_beside_other_queries_it_stands_in_the_return_workbook_with_her_own_words(clerks, september, october):
    explained_in_september(clerks, september)
    item = send(clerks, october, OCTOBER, {**FEW_PLATES, "t04.r20.c2": 400, "t04.r20.c3": 400})
    assert item.state == "awaiting_explanation"
    sheet = openpyxl.load_workbook(item.answered.return_workbook)["问题清单"]
    titles = [cell.value for cell in sheet[4]]
    rows = [dict(zip(titles, (cell.value for cell in row), strict=True)) for row in sheet.iter_rows(min_row=5)]
    (row,) = [row for row in rows if row["规则编号"] == RULE]
    assert (row["严重程度"], row["状态"], row["情况说明"]) == ("提示", "已说明", WORDS)
    assert row["问题"].startswith(NOTE)
    assert row["怎么办"] == "供知悉，不用再说明或改动；数有错的，仍可改正。"


@pytest.mark.parametrize(
    ("moment", "period", "plates", "state"),
    [
        ("2026-11-03T09:00", OCTOBER, 0, "accepted"),
        ("2026-11-03T09:00", OCTOBER, 1, "awaiting_explanation"),  # of nothing, only nothing is within a fifth
        ("2027-04-03T09:00", Period(2027, 3), 0, "accepted"),
        ("2027-05-04T09:00", Period(2027, 4), 0, "awaiting_explanation"),
    ],
    ids=["next month", "another value", "the last month", "after the date"],
)
def test_band_and_date(clerks, september, moment, period, plates, state):
    explained_in_september(clerks, september)
    later = at(september, moment)
    change = {CELL: plates, "t04.r19.c3": 0}
    clerks.figures = {}
    item = send(clerks, later, period, change)
    found = verdict(item)[1]
    assert found == ([("info", "explanation 1")] if state == "accepted" else [("query", "")])


def test_a_return_takes_the_acceptance_back(clerks, september, october):
    explained_in_september(clerks, september)
    decide_report(september, CITY, SEPTEMBER, action="return", reason="说明与实地不符", actor="张审核")
    assert verdict(send(clerks, october, OCTOBER)) == ("awaiting_explanation", [("query", "")])
    assert verify_all(october) == []


def test_what_waited_for_it_is_settled_when_it_is_accepted(clerks, september, october):
    explain(september, send(clerks, september, SEPTEMBER))
    assert verdict(send(clerks, october, OCTOBER)) == ("awaiting_explanation", [("query", "")])
    decide_report(october, CITY, SEPTEMBER, action="accept", reason="已电话核实", actor="张审核")
    row = next(row for row in period_status(october, OCTOBER) if row["unit_code"] == CITY)
    assert (row["status"], row["queries"]) == ("accepted", 0)


def test_a_correction_of_the_same_month_is_not_asked_again_and_a_recheck_changes_nothing(clerks, september, october):
    explained_in_september(clerks, september)
    send(clerks, october, OCTOBER)
    clerks.figures_of(CITY, SEPTEMBER)
    item = send(clerks, october, SEPTEMBER, {**FEW_PLATES, "cover.correction_reason": "补报宣传数"})
    assert (item.row.version, verdict(item)) == (3, ("accepted", [("info", "explanation 1")]))
    row = next(row for row in period_status(october, OCTOBER) if row["unit_code"] == CITY)
    assert (row["status"], row["queries"], row["newer_version"]) == ("accepted", 0, None)


def test_explain_names_the_earlier_explanation(clerks, september, october):

    explained_in_september(clerks, september)
    send(clerks, october, OCTOBER)
    found = explain_figure(october, CELL, unit_code=CITY, before=SEPTEMBER, after=OCTOBER)
    assert [(e["period"], e["text"], e["accepted_by"], e["remembered_until"]) for e in found["explanations"]] == [
        ("2026-09", WORDS, "张审核", "2027-03-31"),
        ("2026-10", WORDS, "张审核", "2027-03-31"),
    ]


def test_the_policy_may_accept_for_the_steward(clerks, september, schemas, tmp_path):
    own = tmp_path / "schemas"
    shutil.copytree(schemas, own)
    policy = own / "review" / "policy.yaml"
    policy.write_text(policy.read_text("utf-8").replace("automatic: []", f"automatic: [{RULE}]"), "utf-8")
    settings = replace(september, schemas=own)
    item = send(clerks, settings, SEPTEMBER)
    assert verdict(explain(settings, item, "已核实")) == ("awaiting_explanation", [("query", "")])  # too short
    assert verdict(explain(settings, item)) == ("accepted", [("info", "policy")])
    with open_office(settings) as office, office.warehouse.read() as conn:
        (given,) = explanations_of(conn, office.register.by_code[CITY].unit_id, SEPTEMBER.key)
    assert (given.accepted_by, given.text) == (AUTOMATIC, WORDS)
    assert verdict(send(clerks, at(settings, "2026-11-03T09:00"), OCTOBER)) == (
        "accepted",
        [("info", "explanation 1")],
    )
