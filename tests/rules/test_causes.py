"""Findings under their causes: each exactly once, in order, the cause first."""

from dataclasses import replace

import pytest
from jinguo.rules.causes import group_by_cause
from jinguo.rules.findings import Finding


def finding(rule_id, cell_id="", *cells, table="", severity="error"):
    table = table or cell_id.split(".")[0]
    return Finding(rule_id, severity, table, "", "", cell_id, (cell_id, *cells) if cell_id else cells, "", "")


def told(causes):
    return {
        f"{cause.finding.rule_id} {cause.finding.cell_id}".strip(): [
            f"{below.rule_id} {below.cell_id}".strip() for below in cause.consequences
        ]
        for cause in causes
    }


def grouped(*findings, form=None):
    causes = group_by_cause(findings, form)
    everything = [one for cause in causes for one in (cause.finding, *cause.consequences)]
    assert sorted(map(id, everything)) == sorted(map(id, findings))
    return told(causes)


def test_findings_that_have_nothing_to_do_with_each_other_stand_alone():
    assert grouped(finding("BN-102", "t01.r01.c4"), finding("BN-403", "t04.r23.c2")) == {
        "BN-102 t01.r01.c4": [],
        "BN-403 t04.r23.c2": [],
    }
    assert group_by_cause([]) == []


def test_a_wrong_month_is_why_nothing_chains():
    found = grouped(
        finding("WZ-002", "cover.period"),
        finding("KQ-001", "t01.r25.c1"),
        finding("BN-102", "t01.r01.c4"),
        finding("KQ-006", "t01.r17.c4"),
        finding("TZ-001", "ledger.n001.c2"),
    )
    assert found == {
        "WZ-002 cover.period": ["KQ-001 t01.r25.c1", "KQ-006 t01.r17.c4", "TZ-001 ledger.n001.c2"],
        "BN-102 t01.r01.c4": [],
    }


def test_one_sentence_about_several_missing_tables_is_why_nothing_beside_them_fits(form):
    missing = replace(finding("WZ-004"), value="02表、03表")
    beside = [finding("BJ-002", "t01.r18.c4", "t02.r01.c2"), finding("BN-301", "t03.r01.c1")]
    assert grouped(missing, *beside, finding("BN-101", "t01.r25.c4"), form=form) == {
        "WZ-004": ["BJ-002 t01.r18.c4", "BN-301 t03.r01.c1"],
        "BN-101 t01.r25.c4": [],
    }


def test_a_shifted_table_is_why_its_figures_and_those_beside_it_do_not_fit():
    causes = group_by_cause(
        [
            finding("WZ-009", table="t02"),
            finding("WZ-010", "t02.r03.c1"),
            finding("BJ-002", "t01.r18.c4", "t02.r01.c2"),
            finding("BN-101", "t01.r25.c4"),
            finding("WZ-009", table="t03"),
        ]
    )
    assert [(cause.finding.table, [below.rule_id for below in cause.consequences]) for cause in causes] == [
        ("t02", ["WZ-010", "BJ-002"]),
        ("t01", []),
        ("t03", []),
    ]


def broken(cell_id, value="#REF!"):
    return Finding("D31", "error", cell_id.split(".")[0], "", "", cell_id, (cell_id,), value, "")


def test_a_missing_ledger_is_why_what_follows_from_it_is_blank(form):
    found = grouped(
        finding("WZ-004", table="ledger"),
        finding("WZ-010", "t03.r02.c1"),
        finding("WZ-010", "t03.r10.c4"),
        finding("WZ-010", "t01.r02.c2"),
        form=form,
    )
    assert found == {"WZ-004": ["WZ-010 t03.r02.c1", "WZ-010 t03.r10.c4"], "WZ-010 t01.r02.c2": []}


@pytest.mark.parametrize("rule_id", ["WZ-010", "TZ-002"])
def test_a_line_without_its_code_is_why_the_groups_by_that_code_and_their_totals_do_not_fit(form, rule_id):
    found = grouped(
        finding(rule_id, "ledger.n003.c6"),  # 服务内容代码: rows 02 to 11
        finding("WZ-010", "t03.r02.c1"),
        finding("TZ-003", "t03.r01.c1"),  # their total
        finding("BN-303", "t03.r01.c5"),  # and what runs on from it
        finding("WZ-010", "t03.r14.c1"),  # by 形式代码
        form=form,
    )
    assert found == {
        f"{rule_id} ledger.n003.c6": ["WZ-010 t03.r02.c1", "TZ-003 t03.r01.c1", "BN-303 t03.r01.c5"],
        "WZ-010 t03.r14.c1": [],
    }


def test_another_mistake_in_a_line_explains_nothing_else(form):
    found = grouped(finding("D59", "ledger.n003.c2"), finding("WZ-010", "t03.r02.c1"), form=form)
    assert found == {"D59 ledger.n003.c2": [], "WZ-010 t03.r02.c1": []}


def test_a_deleted_hidden_sheet_is_why_running_totals_are_broken():
    findings = (
        finding("D80", table=""),
        broken("t03.r01.c5"),
        broken("t06.r01.c2"),
        finding("WZ-010", "t03.r01.c5"),
        broken("t01.r01.c4", value="#DIV/0!"),
        finding("BN-403", "t04.r23.c2"),
    )
    assert grouped(*findings) == {
        "D80": ["D31 t03.r01.c5", "D31 t06.r01.c2", "WZ-010 t03.r01.c5"],
        "D31 t01.r01.c4": [],
        "BN-403 t04.r23.c2": [],
    }
    assert [cause.is_structural for cause in group_by_cause(findings)] == [True, False, False]


def test_several_rules_at_a_cell_are_no_structural_cause():
    (cause,) = group_by_cause([finding("BN-102", "t01.r01.c4"), finding("BN-103", "t01.r01.c4")])
    assert (len(cause.consequences), cause.is_structural) == (1, False)


def test_last_month_s_report_again_is_why_openings_are_wrong():
    assert grouped(finding("KQ-008", severity="query"), finding("KQ-001", "t01.r25.c1")) == {
        "KQ-008": ["KQ-001 t01.r25.c1"]
    }


def test_a_wrong_unit_of_measure_takes_every_rule_that_reads_the_figure():
    found = grouped(
        finding("KQ-006", "t01.r17.c4", severity="query"),
        finding("HL-002", "t01.r17.c4", severity="query"),
        finding("BN-108", "t01.r17.c4", "t01.r20.c4"),
        finding("BJ-001", "t02.r01.c1", "t01.r17.c4"),
        finding("BN-207", "t02.r17.c1", "t02.r01.c1", severity="query"),
    )
    assert found == {
        "HL-002 t01.r17.c4": ["KQ-006 t01.r17.c4", "BN-108 t01.r17.c4", "BJ-001 t02.r01.c1"],
        "BN-207 t02.r17.c1": [],
    }


def test_money_in_yuan_takes_the_totals_that_contain_it(form):
    found = grouped(
        finding("BN-706", "t07.r13.c1", severity="query"),
        finding("HL-008", "t07.r14.c1", severity="query"),
        finding("BN-702", "t07.r13.c2", "t07.r14.c2"),
        form=form,
    )
    assert found == {"HL-008 t07.r14.c1": ["BN-706 t07.r13.c1", "BN-702 t07.r13.c2"]}


def test_a_wrong_opening_takes_its_totals(form):
    findings = (
        finding("KQ-001", "t01.r01.c1"),
        finding("BN-103", "t01.r01.c1", "t01.r07.c1"),
        finding("KQ-001", "t01.r02.c1"),
        finding("KQ-001", "t01.r25.c1"),
        finding("KQ-006", "t01.r01.c4", severity="query"),
    )
    assert grouped(*findings, form=form) == {
        "KQ-001 t01.r02.c1": ["KQ-001 t01.r01.c1", "BN-103 t01.r01.c1", "KQ-006 t01.r01.c4"],
        "KQ-001 t01.r25.c1": [],
    }
    assert grouped(*findings) == {  # without the form nobody knows what is added up
        "KQ-001 t01.r01.c1": ["BN-103 t01.r01.c1"],
        "KQ-001 t01.r02.c1": [],
        "KQ-001 t01.r25.c1": [],
        "KQ-006 t01.r01.c4": [],
    }


def test_swapped_rows_are_why_both_do_not_chain():
    found = grouped(
        finding("KQ-001", "t01.r25.c1"),
        finding("HL-004", "t01.r25.c1", "t01.r27.c1", severity="query"),
        finding("KQ-001", "t01.r27.c1"),
    )
    assert found == {"HL-004 t01.r25.c1": ["KQ-001 t01.r25.c1", "KQ-001 t01.r27.c1"]}


@pytest.mark.parametrize("first", ["query", "error"])
def test_rules_that_fail_at_one_cell_are_one_cause_the_gravest_first(first):
    second = "error" if first == "query" else "query"
    head, below = ("BN-303", "BN-314") if first == "query" else ("BN-314", "BN-303")
    found = grouped(finding("BN-314", "t03.r01.c4", severity=first), finding("BN-303", "t03.r01.c4", severity=second))
    assert found == {f"{head} t03.r01.c4": [f"{below} t03.r01.c4"]}


def test_all_of_a_real_report_s_findings_are_there(report):
    wrong = report("city").change(**{"t01.r17.c4": 10000, "prev.t01.r25.c4": 299})
    findings = wrong.findings()
    causes = group_by_cause(findings, wrong.form)
    assert sum(1 + len(cause.consequences) for cause in causes) == len(findings)
    assert [cause.finding.rule_id for cause in causes] == ["HL-002", "KQ-001"]  # in the order of the sheet
    assert {"KQ-006", "BN-101", "BJ-001"} <= {below.rule_id for below in causes[0].consequences}
