"""What settles a finding, and that settling again changes nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinguo.periods import Period
from jinguo.review.policy import Memory, ReviewPolicy, load_policy
from jinguo.review.settlements import remember, settlements_of
from jinguo.rules.catalogue import load_rules
from jinguo.rules.findings import Finding
from jinguo.settings import PROJECT, TIMEZONE
from jinguo.warehouse.records import Explanation, Waiver

NOW = dt.datetime(2026, 10, 8, 9, tzinfo=TIMEZONE)
RULES = load_rules(PROJECT / "schemas")
POLICY = ReviewPolicy(frozenset(), Memory(months=6, band_pct=20), {"KQ-006": Memory(months=0, band_pct=0)})
WAIVER = Waiver((1,), ("BN-104",), 202609, 202612, dt.date(2026, 12, 31), "口径过渡期", "李主任", NOW, id=3)


def found(value: str, rule_id: str = "BN-409", cell_id: str = "t04.r19.c2", severity: str = "query") -> Finding:
    return Finding(rule_id, severity, "t04", "04表", "E27", cell_id, (cell_id,), value, "站点标牌少于站点数。")


def accepted(finding: Finding) -> Explanation:
    said = Explanation(1, 202609, finding.rule_id, finding.cell_id, "标牌由省里统一制作。", 7, NOW, id=12)
    return remember(said, finding, POLICY, accepted_by="张审核", at=NOW)


@pytest.mark.parametrize(
    ("before", "now", "holds"),
    [
        ("100", "120", True),
        ("100", "80", True),
        ("100", "120.001", False),
        ("100", "79.9", False),
        ("0", "0", True),
        ("0", "1", False),
        ("-10", "-12", True),
        ("-10", "-12.1", False),
        ("", "", True),
        ("李家湾社区", "李家湾社区", True),
        ("李家湾社区", "王家湾社区", False),
        ("100", "一百", False),
    ],
)
def test_the_band(before, now, holds):
    settled = settlements_of([accepted(found(before))], []).apply([found(now)], 1, RULES)
    assert settled[0].severity == ("info" if holds else "query")
    assert settled[0].settled_by == ("explanation 12" if holds else "")


@pytest.mark.parametrize(
    ("rule_id", "cell_id", "until"),
    [
        ("BN-409", "t04.r19.c2", dt.date(2027, 3, 31)),
        ("KQ-006", "t01.r17.c4", dt.date(2026, 9, 30)),
        ("BN-507", "t05.n001.c8", dt.date(2026, 9, 30)),
    ],
    ids=["usual", "declared for the rule", "a line is another one next month"],
)
def test_until_when(rule_id, cell_id, until):
    assert accepted(found("5", rule_id, cell_id)).remembered_until == until


@pytest.mark.parametrize(
    ("finding", "unit_id"),
    [
        (found("100"), 2),
        (found("100", cell_id="t04.r19.c3"), 1),
        (found("100", rule_id="BN-408"), 1),
        (found("100", severity="error"), 1),
    ],
    ids=["another unit", "another place", "another rule", "an error"],
)
def test_only_the_same_query_of_the_same_unit(finding, unit_id):
    assert settlements_of([accepted(found("100"))], []).apply([finding], unit_id, RULES) == [finding]


def test_a_waiver_settles_errors_and_goes_before_an_explanation():
    error = found("100", "BN-104", "t01.r01.c4", "error")
    both = settlements_of([accepted(found("100"))], [replace(WAIVER, rule_ids=("BN-104", "BN-409"))])
    settled = both.apply([error, found("100")], 1, RULES)
    assert [(f.severity, f.settled_by) for f in settled] == [("info", "waiver 3"), ("info", "waiver 3")]
    assert settled[0].message == "已豁免（口径过渡期；李主任批准，至2026-12-31）：站点标牌少于站点数。"


@pytest.mark.parametrize(
    ("cell_id", "severity"), [("", "info"), ("t01.r01.c4", "info"), ("t01.r05.c4", "info"), ("t01.r06.c4", "error")]
)
def test_a_waiver_for_a_cell_covers_what_the_rule_says_of_that_cell(cell_id, severity):
    total = replace(found("100", "BN-104", "t01.r01.c4", "error"), cells=("t01.r01.c4", "t01.r05.c4"))
    [settled] = settlements_of([], [replace(WAIVER, cell_id=cell_id)]).apply([total], 1, RULES)
    assert settled.severity == severity


FINDINGS = st.lists(
    st.builds(
        found,
        st.sampled_from(["", "0", "100", "119", "121", "甲"]),
        st.sampled_from(["BN-104", "BN-409"]),
        st.sampled_from(["t04.r19.c2", "t01.r01.c4", ""]),
        st.sampled_from(["error", "query", "info"]),
    ),
    max_size=6,
)


@given(FINDINGS, st.sampled_from([1, 2]))
def test_settling_loses_nothing_and_again_changes_nothing(findings, unit_id):
    known = settlements_of([accepted(found("100"))], [WAIVER])
    once = known.apply(findings, unit_id, RULES)
    assert known.apply(once, unit_id, RULES) == once
    assert [(f.rule_id, f.cell_id, f.value) for f in once] == [(f.rule_id, f.cell_id, f.value) for f in findings]
    assert all(f.message.endswith(before.message) for f, before in zip(once, findings, strict=True))


def test_the_policy_in_force_accepts_nothing_by_itself():
    policy = load_policy(PROJECT / "schemas")
    assert policy.automatic == frozenset()
    assert policy.memory_of("BN-112") == policy.usual == Memory(months=6, band_pct=20)
    assert policy.memory_of("SX-008") == Memory(months=12, band_pct=0)
    assert Period(2026, 9).plus(policy.usual.months) == Period(2027, 3)
