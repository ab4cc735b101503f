"""Batches, problems of reading, months, chains without a predecessor, a pre-fill that is out of date."""

import pytest
from jinguo.errors import RuleError, SchemaError
from jinguo.reading.model import Problem
from jinguo.rules.builtins import BUILTINS
from jinguo.rules.engine import check_batch


def test_findings_of_a_batch_come_in_the_order_of_the_files(report, form, rulebook):
    reports = [report("city"), report("own"), report("city"), report("county", "2026-10")]
    reports[0].change(**{"t01.r25.c4": "+1"})
    reports[2].change(**{"t04.r14.c2": 131})
    reports[3].change(**{"t06.r11.c1": "+1"})
    found = check_batch(
        [one.reading() for one in reports],
        [one.check_context() for one in reports],
        form=form,
        rulebook=rulebook,
        register=reports[0].register,
    )
    assert [[f.rule_id for f in findings] for findings in found] == [["BN-101"], [], ["BN-405"], ["BN-602", "KQ-003"]]


def test_a_rule_that_crashes_is_named_and_no_file_is_judged(report, monkeypatch):
    def crash(rule, frame, register):
        raise KeyError("张三")

    monkeypatch.setitem(BUILTINS, "negative", crash)
    with pytest.raises(
        RuleError, match=r"^rule WZ-011 could not be run \(KeyError in test_engine.py:\d+\); no file"
    ) as told:
        report().findings()
    assert "张三" not in str(told.value)
    assert isinstance(told.value.__cause__, KeyError)


def test_a_finding_names_its_place_and_all_its_cells(report):
    _, finding = report().change(**{"t01.r06.c2": "+1", "t01.r06.c4": "+1"}).findings()
    assert finding.as_json() == {
        "rule_id": "BN-102",
        "severity": "error",
        "table": "t01",
        "sheet": "01表",
        "cell": "G9",
        "cell_id": "t01.r01.c4",
        "cells": [f"t01.r{row:02d}.c4" for row in range(1, 7)],
        "value": "106",
        "message": "01表4栏（本月末数）：01行队伍合计106支，02—06行分层级之和107支，相差1支。"
        "请核对02—06行是否漏填或错行。",
    }


def test_several_conditions_failing_at_one_place_are_one_finding(report):
    found = report().change(**{"t02.r14.c2": 31, "t02.r14.c4": 32})
    finding = next(f for f in found.findings() if f.rule_id == "BN-203")
    assert finding.cells == ("t02.r14.c1", "t02.r14.c2", "t02.r14.c4")
    assert "14行2栏31人" in finding.message


def test_conditions_failing_at_several_places_are_several_findings(report):
    found = report().change(**{"t03.r24.c5": 29, "t03.r24.c8": 400})
    found.prev = None
    assert found.places() == [("t03.r24.c5", "BN-307"), ("t03.r24.c8", "BN-307")]


def test_the_guard_s_cells_are_operands_too(report):
    found = report().change(**{"t03.r24.c2": 29, "t03.r24.c6": "-121"})
    assert found.findings()[0].cells == ("t03.r24.c2", "t03.r24.c1")


def test_sums_over_lines_name_every_line(report):
    (finding,) = report().change(**{"t05.n001.c6": "+17", "t05.n001.c7": 30}).findings()
    assert finding.cells == ("t05.n001.c6", "t05.n002.c6", "t05.n003.c6", "t01.r05.c4")


def test_quarterly_and_annual_rules_wait_for_their_month(report):
    changes = {"t07.r12.c1": "+1", "t07.r24.c1": 0, "t07.r24.c2": 0}
    assert report(period="2026-10").change(**changes).places() == []
    september = report(period="2026-09").change(**changes)
    assert {rule for _, rule in september.places()} == {"BN-701", "KQ-004"}


def test_march_8_is_celebrated_from_february_to_april(report):
    changes = {
        f"t03.r{row}.c{column}": change for row, change in (("14", "+1"), ("17", "-1")) for column in (1, 2, 3, 5, 6, 7)
    }
    assert report(period="2026-04").change(**changes).places() == []
    assert report(period="2026-05").change(**changes).places() == [("t03.r14.c1", "BN-316")]


def test_swings_are_wider_in_march_and_october(report):
    changes = {"prev.t03.r01.c1": 20}  # ten times last month
    assert report(period="2026-10").change(**changes).places() == []
    assert report(period="2026-11").change(**changes).places() == [("t03.r01.c1", "KQ-007")]
    assert report(period="2026-10").change(**{"prev.t03.r01.c1": 19}).places() == [("t03.r01.c1", "KQ-007")]


def test_without_a_predecessor_the_chain_is_not_evaluated(report):
    found = report()
    found.prev = None
    assert found.places() == []


def test_in_january_running_totals_start_afresh(report):
    found = report(period="2027-01")
    found.prev = None
    rules = {rule for _, rule in found.places()}
    assert rules == {"KQ-002", "KQ-003"}


def test_an_unknown_month_of_the_quarter_keeps_the_quarter_s_rule_out(report):
    found = report().change(**{"t05.n001.c11": 41})
    assert found.places() == [("t03.r23.c1", "BJ-012")]
    found.earlier = None
    assert found.places() == []


def test_figures_that_we_pre_filled_and_that_were_corrected_since_are_information(report):
    found = report(period="2026-10").change(**{"prev.t01.r25.c4": 299})
    found.context = {"is_stale_prefill": True}
    found.extra = {"prefilled": {"t01.r25.c1": 300_000.0}}
    (finding,) = found.findings()
    assert (finding.rule_id, finding.severity) == ("KQ-001", "info")
    assert finding.message.endswith("本条仅作提示，请按更正后的数核对。）")
    found.change(**{"t01.r25.c1": 301})  # her own figure: neither the old nor the new one
    assert ("t01.r25.c1", "KQ-001", "error") in [(f.cell_id, f.rule_id, f.severity) for f in found.findings()]


def test_what_reading_saw_is_always_reported_and_nothing_else_when_it_is_nobody_s(report):
    found = report()
    found.context = {"unit": None}
    found.extra = {
        "status": "unidentified",
        "problems": [Problem("D68", "cover", value="某市", details={"raw": "某市"})],
    }
    (finding,) = found.findings()
    assert finding.message == "没有找到填报单位“某市”。请核对填报单位和单位代码。"


def test_a_problem_is_placed_and_worded_by_its_record(report):
    found = report().change(**{"t01.r25.c2": None})
    details = {"v": "1.2万", "s": "12000"}
    found.states = {"t01.r25.c2": 4}
    found.extra = {"problems": [Problem("D44", "t01", "01表", "E33", "t01.r25.c2", "", details)]}
    (finding,) = found.findings()
    assert (finding.severity, finding.cell, finding.cell_id, finding.value) == ("error", "E33", "t01.r25.c2", "1.2万")
    assert finding.message.startswith("01表25行2栏（经常参加服务的志愿者(近12个月3次及以上)·本月增加）填“1.2万”")
    assert "建议值12000" in finding.message


def test_a_problem_that_a_rule_sees_too_is_one_finding(report):
    found = report().change(**{"t04.r23.c3": "0.5"})
    found.extra = {"problems": [Problem("WZ-012", "t04", "04表", "F31", "t04.r23.c3", "0.5", {"v": "0.5"})]}
    assert found.places() == [("t04.r23.c3", "WZ-012")]


def test_a_problem_without_a_record_is_our_mistake(report):
    found = report()
    found.extra = {"problems": [Problem("D99")]}
    with pytest.raises(SchemaError, match=r"rules.*D99"):
        found.findings()


def test_rejected_files_are_not_checked(report):
    found = report().change(**{"t01.r25.c4": "+1"})
    found.extra = {"status": "rejected", "numbers": None, "states": None, "problems": [Problem("D03")]}
    assert [f.rule_id for f in found.findings()] == ["D03"]
    found.extra = {"status": "held"}
    assert [f.rule_id for f in found.findings()] == ["BN-101"]
