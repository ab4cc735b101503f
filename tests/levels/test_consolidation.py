"""A city's report drawn up from its counties', confirmed, overtaken, confirmed again."""

from __future__ import annotations

import dataclasses
import datetime as dt
from contextlib import closing

import numpy as np
import openpyxl
import pytest
from jinguo.errors import NotYours, Refused
from jinguo.flow.consolidation.consolidate import confirm_report, describe, draft_report, draft_reports
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.register.staff import import_staff
from jinguo.flow.release.editions import make_release, trace_figure
from jinguo.flow.review.decide import decide_report
from jinguo.periods import Period
from jinguo.rules.frame import Applicability
from jinguo.settings import TIMEZONE
from jinguo.warehouse.audit import entries
from jinguo.warehouse.engine import open_warehouse

OCTOBER = Period(2026, 10)
CITY, COUNTIES, OFFICES = "430800", ("430802", "430811", "430821", "430822"), "43080Z"
BELOW = ("430802", "43080Z", "430811", "430821", "430822")  # in the register's order
SIGNED = {"head": "张主任", "stat_head": "李科长", "filler": "王统计", "phone": "0744-80000001"}
POSTERS, POSTERS_OF_YEAR = "t06.r01.c1", "t06.r01.c2"


def confirm(chain, **changed):
    words = {"actor": "王统计", "reason": "县市区报表均已审定", "signatures": SIGNED} | changed
    return confirm_report(chain.settings, CITY, OCTOBER, **words)


def test_the_confirmed_report_is_the_sum_of_those_below_in_every_cell(reported, form):
    found, row = confirm(reported)
    assert (row.state, row.version, found.draft.is_complete) == ("accepted", 1, True)
    figures = reported.figures([CITY, *BELOW])
    city = Applicability(form, "city", OCTOBER).na_mask
    parts = [
        np.where(Applicability(form, "own" if code == OFFICES else "county", OCTOBER).na_mask, 0, figures[code])
        for code in BELOW
    ]
    assert np.array_equal(figures[CITY][~city], np.sum(parts, axis=0)[~city])
    assert reported.status(CITY)["waiting_for"] is None


def test_confirming_again_changes_nothing(reported):
    _, first = confirm(reported)
    _, second = confirm(reported)
    assert (second.id, second.version) == (first.id, 1)
    with closing(open_warehouse(reported.settings.warehouse_url)) as warehouse, warehouse.read() as conn:
        said = [entry for entry in entries(conn) if entry.action == "confirm_consolidation"]
    assert [(entry.actor, entry.details["reason"]) for entry in said] == [("王统计", "县市区报表均已审定")]
    assert verify_all(reported.settings) == []


def test_the_draft_is_the_city_s_own_template_with_the_sums_in_it(reported):
    found = draft_report(reported.settings, CITY, OCTOBER)
    assert found.path.name == "430800_张家界_湘妇志_202610_v1.xlsx"
    sheet = openpyxl.load_workbook(found.path)["06表"]
    expected = sum(numbers[found.draft.form.cell_by_id[POSTERS].index] for numbers in reported.figures(BELOW).values())
    assert sheet["D9"].value == expected / 1000
    again = draft_report(reported.settings, CITY, OCTOBER)
    assert (again.path.read_bytes(), again.path) == (found.path.read_bytes(), found.path)


def test_who_is_missing_is_named_and_the_draft_says_that_it_is_incomplete(chain):
    chain.send(*BELOW[:3])
    found = draft_report(chain.settings, CITY, OCTOBER)
    told = describe(found)
    assert told["complete"] is False
    assert [(each["unit_code"], each["state"]) for each in told["absent"]] == [
        ("430821", "missing"),
        ("430822", "missing"),
    ]
    cover = openpyxl.load_workbook(found.path)["封面"]
    assert "不含未审定的2个单位（慈利县妇联、桑植县妇联）" in " ".join(str(c.value) for row in cover for c in row)
    status = chain.status(CITY)
    assert (status["waiting_for"], status["below_open"]) == ("430821", ["430821", "430822"])
    assert (status["below_expected"], status["below_accepted"]) == (5, 3)


def test_an_incomplete_draft_may_be_confirmed_and_is_overtaken_when_the_rest_comes(chain):
    chain.send(*BELOW[:4])
    _, row = confirm(chain)
    assert row.state == "awaiting_explanation"  # SX-009: the coverage counts a county that has not come
    decide_report(chain.settings, CITY, OCTOBER, action="accept", reason="桑植县另补", actor="张审核")
    chain.send(BELOW[4])
    status = chain.status(CITY)
    assert (status["status"], status["stale"], status["waiting_for"]) == ("accepted", True, CITY)


def test_nothing_accepted_below_is_no_draft(chain):
    with pytest.raises(Refused, match="永定区、张家界市妇联本级、武陵源区、慈利县、桑植县"):
        draft_report(chain.settings, CITY, OCTOBER)
    assert draft_reports(chain.settings, OCTOBER) == []
    with pytest.raises(Refused, match="没有下级单位向其报送"):
        draft_report(chain.settings, "430100", OCTOBER)


def test_a_county_corrected_afterwards_marks_the_city_s_report_and_one_confirmation_settles_it(reported):
    confirm(reported)
    reported.send("430802", change={POSTERS: 7, POSTERS_OF_YEAR: 7}, version=2)
    assert (reported.status(CITY)["stale"], reported.status(CITY)["waiting_for"]) == (True, CITY)
    told = describe(draft_report(reported.settings, CITY, OCTOBER))
    assert [(each["unit_code"], each["was_version"], each["version"]) for each in told["overtaken"]] == [
        ("430802", 1, 2)
    ]
    assert [(each["cell_id"], each["difference"], each["unexplained"]) for each in told["differences"]] == [
        (POSTERS, 7, 0),
        (POSTERS_OF_YEAR, 7, 0),
    ]
    assert [unit["unit_code"] for unit in told["differences"][0]["units"]] == ["430802"]
    assert make_release(reported.settings, OCTOBER)["stale"] == [CITY]

    found, row = confirm(reported, reason="永定区更正宣传画数", signatures={})
    assert (row.state, row.version, row.correction_reason) == ("accepted", 2, "永定区更正宣传画数")
    assert (found.differences, reported.status(CITY)["stale"]) == ((), False)


def test_a_city_may_send_a_workbook_of_its_own_and_is_told_which_units_make_the_difference(reported, form):
    confirm(reported)
    figures = reported.figures(COUNTIES)
    (sent,) = reported.send(CITY, version=2)
    assert sent.state == "returned"
    finding = next(f for f in sent.checked.findings if f.rule_id == "SX-001" and f.cell_id == "t03.r01.c1")
    events = figures["430822"][form.cell_by_id["t03.r01.c1"].index] / 1000
    assert f"桑植县{events:.0f}" in finding.message
    assert reported.status(CITY)["version"] == 1


def test_counties_and_their_city_in_one_collection_are_judged_from_below(chain):
    """The city's file came first and is looked at last."""
    assert [item.as_json()["unit_code"] for item in chain.send(CITY, "430802", version=2)] == ["430802", CITY]


def test_a_returned_city_is_accepted_when_its_county_is_corrected(reported):
    confirm(reported)
    reported.send("430802", change={POSTERS: 7, POSTERS_OF_YEAR: 7}, version=2)
    path = draft_report(reported.settings, CITY, OCTOBER).path
    book = openpyxl.load_workbook(path)
    for address, text in (("C9", "张主任"), ("C10", "李科长"), ("C11", "王统计"), ("C12", "0744-80000001")):
        book["封面"][address] = text
    book["封面"]["C13"], book["封面"]["C14"] = dt.date(2026, 11, 2), "县里更正"
    for address in ("D9", "E9"):
        book["06表"][address] = book["06表"][address].value + 3
    book.save(reported.settings.inbox / path.name)
    (sent,) = reported.send()
    assert (sent.state, [f.rule_id for f in sent.checked.findings if f.severity == "error"]) == (
        "returned",
        ["SX-001", "SX-001"],
    )
    reported.send("430802", change={POSTERS: 10, POSTERS_OF_YEAR: 10}, version=3)
    status = reported.status(CITY)
    assert (status["version"], status["status"], status["stale"]) == (2, "accepted", False)


def test_a_figure_of_the_province_leads_down_to_the_counties_cells(reported):
    confirm(reported)
    found = trace_figure(reported.settings, OCTOBER, POSTERS, unit_code=None, edition=None)
    assert [item["unit_code"] for item in found["inputs"]] == [CITY]
    assert [(item["unit_code"], item["reports_to"]) for item in found["below"]] == [(code, CITY) for code in BELOW]
    assert sum(item["value"] for item in found["below"]) == found["value"]
    assert {(item["sheet"], item["address"]) for item in found["below"]} == {("06表", "D9")}
    assert found["gaps"] == []
    county = trace_figure(reported.settings, OCTOBER, POSTERS, unit_code="430802", edition=None)
    assert (county["level"], county["value"]) == ("county", found["below"][0]["value"])


def test_the_signatures_of_the_cover_are_asked_for_and_then_kept(reported):
    with pytest.raises(Refused, match=r"单位负责人、统计负责人、填表人、联系电话没有可沿用的"):
        confirm(reported, signatures={})
    with pytest.raises(Refused, match="确认人"):
        confirm(reported, reason=" ")


def test_an_account_confirms_and_decides_within_its_own_part_of_the_tree(reported, tmp_path):
    lines = ["account,role,unit_code,valid_from,valid_to", "zjj,steward,430800,2026-01-01,"]
    lines += ["yongding,reporter,430802,2026-01-01,", "csc,steward,430100,2026-01-01,"]
    (tmp_path / "staff.csv").write_text("\n".join(lines), "utf-8")
    import_staff(reported.settings, tmp_path / "staff.csv")
    for stranger in ("yongding", "csc"):
        with pytest.raises(NotYours, match="不能替张家界市确认汇总数"):
            confirm(reported, actor=stranger)
        with pytest.raises(NotYours, match="不能处理永定区的报表"):
            decide_report(reported.settings, "430802", OCTOBER, action="return", reason="请核对", actor=stranger)
    with pytest.raises(NotYours, match="不能处理张家界市的报表"):
        decide_report(reported.settings, CITY, OCTOBER, action="return", reason="请核对", actor="zjj")
    decide_report(reported.settings, "430802", OCTOBER, action="return", reason="请核对", actor="zjj")
    assert reported.status("430802")["status"] == "returned"
    _, row = confirm(reported, actor="zjj")
    assert row.version == 1
    with pytest.raises(Refused):  # whoever confirmed it does not accept it as well
        decide_report(reported.settings, CITY, OCTOBER, action="accept", reason="好", actor="zjj")


def test_levels_have_deadlines_of_their_own(reported):
    late = dataclasses.replace(reported.settings, fixed_now=dt.datetime(2026, 11, 5, 12, tzinfo=TIMEZONE))
    assert (reported.status(CITY)["due"], reported.status("430802")["due"]) == (
        "2026-11-05T23:59:59+08:00",
        "2026-11-04T23:59:59+08:00",
    )
    _, row = confirm_report(late, CITY, OCTOBER, actor="王统计", reason="汇总", signatures=SIGNED)
    assert row.is_on_time
