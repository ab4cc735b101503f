"""The 审核关系 under a table."""

from types import SimpleNamespace

import openpyxl
import pytest
from jinguo.periods import Period
from jinguo.templates.checks import printed_checks


def rule(text, *, applies_from=None, severity="error", **changes):
    return SimpleNamespace(
        **{"table": "t01", "severity": severity, "scope": None, "parts": (), "text": text} | changes,
        is_in_force=lambda period: applies_from is None or applies_from <= period,
        severity_in=lambda period: severity,
    )


RULES = (
    rule("01行=02行+03行"),
    rule("县级口径。", scope=frozenset({"county"})),
    rule("17行波动", severity="query"),
    rule("提示", severity="info"),
    rule("明年起", applies_from=Period(2027, 1)),
)


@pytest.fixture
def rulebook():
    return SimpleNamespace(for_table=lambda table: [rule for rule in RULES if rule.table == table])


@pytest.mark.parametrize(
    ("unit_type", "period", "texts"),
    [
        ("city", Period(2026, 10), ("01行=02行+03行", "17行波动（核实）")),
        ("county", Period(2026, 10), ("01行=02行+03行", "县级口径", "17行波动（核实）")),
        ("city", Period(2027, 1), ("01行=02行+03行", "17行波动（核实）", "明年起")),
    ],
)
def test_rules_that_hold_for_the_unit_and_period(form, rulebook, unit_type, period, texts):
    checks = printed_checks(rulebook, form, period, unit_type)
    assert checks["t01"] == texts
    assert checks["t02"] == ()


def test_without_a_rule_book_nothing_is_printed(form):
    assert printed_checks(None, form, Period(2026, 10), "city") == {}


def test_the_paragraph_stands_under_the_table(issue, rulebook, tmp_path):
    (tmp_path / "x.xlsx").write_bytes(issue(rulebook=rulebook))
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    below = [str(row[0].value) for row in book["01表"].iter_rows(min_row=36)]
    assert below[-1] == "审核关系：(1)01行=02行+03行；(2)17行波动（核实）。"
    assert below[1] == "说明：1.统计范围：本单位及所辖各级妇联组建、管理的巾帼志愿服务队伍和志愿者。"
    assert not any("审核关系" in str(row[0].value) for row in book["02表"].iter_rows(min_row=27))
