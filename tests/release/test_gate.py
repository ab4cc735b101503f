"""The release gate: every reason at once, and nothing published while one stands."""

from __future__ import annotations

import pytest
from jinguo.periods import Period
from jinguo.release.gate import GateClosed, GateReason
from jinguo.warehouse.deadlines import record_missing
from jinguo.warehouse.decisions import record_decision
from jinguo.warehouse.records import Decision
from jinguo.warehouse.submissions import set_state
from jinguo.warehouse.tables import core_fact, out_figure
from sqlalchemy import update

CITY, OTHER_CITY, THIRD = "430100", "430200", "430300"
CELL = "t01.r17.c4"
OCTOBER = Period(2026, 10)


def refusal(editions, now, **options) -> list[tuple[str, str, str]]:
    """(code, unit, figure) of each reason; the edition is a draft before and after."""
    with pytest.raises(GateClosed) as closed:
        editions.publish(approver="王主任", now=now, **options)
    assert editions.load().state == "draft"
    return [(reason.code, reason.unit_code, reason.figure_id) for reason in closed.value.reasons]


def test_a_settled_month_is_published(office, now):
    office.send(CITY)
    office.declare_rest_missing()
    draft = office.editions().draft(now=now)
    assert office.editions().unsettled() == []
    assert office.editions().publish(approver="王主任", now=now, approved_hash=draft.frozen_hash).state == "published"


def test_units_of_which_nobody_has_decided_are_all_named(office, now):
    office.send(CITY)
    office.declare_rest_missing()
    office.send(OTHER_CITY, state="returned")
    office.send(THIRD, state="awaiting_explanation")
    editions = office.editions()
    editions.draft(now=now)
    assert refusal(editions, now) == [("unsettled", OTHER_CITY, ""), ("unsettled", THIRD, "")]
    with pytest.raises(GateClosed) as closed:
        editions.publish(approver="王主任", now=now)
    assert str(closed.value).splitlines()[:2] == [
        "2026年10月不能发布，原因2条：",
        "1. 430200 株洲市妇联：第1版已报未审定（退回），不是缺报。请审定，或由省办决定暂用初步数、暂不纳入汇总："
        "decide --unit 430200 --period 2026-10 --accept、--provisional 或 --exclude"
        "（有强制问题的不能审定，单位或月份没有核定的不能暂用）。",
    ]


def test_the_clock_alone_makes_no_unit_missing_but_the_record_of_the_deadline_does(office, now):
    office.send(CITY)
    editions = office.editions()
    editions.draft(now=now)
    absent = [o.unit_code for o in office.register.obligations(OCTOBER) if o.unit_code != CITY]
    assert refusal(editions, now) == [("unsettled", code, "") for code in absent]
    with office.warehouse.write() as conn:
        record_missing(conn, OCTOBER, absent, at=now)
    assert editions.publish(approver="王主任", now=now).state == "published"


@pytest.mark.parametrize("came_after", [False, True])
def test_a_declaration_counts_only_for_what_it_was_made_about(office, now, came_after):
    office.send(CITY)
    office.declare_rest_missing()
    returned = office.send(OTHER_CITY, state="returned")
    unit_id = office.register.by_code[OTHER_CITY].unit_id
    with office.warehouse.write() as conn:
        record_decision(conn, Decision(unit_id, 202610, "declare_missing", "不再补报", "张审核", now, returned))
    if came_after:
        office.send(OTHER_CITY, state="held")
    assert [reason.unit_code for reason in office.editions().unsettled()] == [OTHER_CITY] * came_after


def test_an_excluded_report_and_a_newer_version_beside_an_accepted_one_bar_nothing(office, now):
    office.send(CITY)
    office.send(CITY, state="returned")
    excluded = office.send(OTHER_CITY)
    office.declare_rest_missing()
    with office.warehouse.write() as conn:
        set_state(conn, excluded, "excluded", at=now, reason="口径不符", actor="张审核")
    assert office.editions().unsettled() == []


def test_a_total_that_is_not_the_sum_of_the_facts_is_named_with_both_numbers(office, now):
    office.send(CITY, cells={CELL: 5000})
    second = office.send(OTHER_CITY, cells={CELL: 7000})
    office.declare_rest_missing()
    editions = office.editions()
    editions.draft(now=now)
    with office.warehouse.write() as conn:
        changed = update(core_fact).where(core_fact.c.submission_id == second, core_fact.c.value == 7000)
        assert conn.execute(changed.values(value=7001)).rowcount == 1
    with pytest.raises(GateClosed) as closed:
        editions.publish(approver="王主任", now=now)
    assert [(r.code, r.figure_id) for r in closed.value.reasons] == [("not_reconciled", CELL)]
    assert "全省数12（2个单位）≠ 各单位数之和12.001（2个单位）" in str(closed.value)


def test_a_figure_changed_by_hand_is_found(office, now):
    office.send(CITY, cells={CELL: 5000})
    office.declare_rest_missing()
    editions = office.editions()
    editions.draft(now=now)
    with office.warehouse.write() as conn:
        conn.execute(update(out_figure).where(out_figure.c.figure_id == CELL).values(unit_count=2))
    assert refusal(editions, now) == [("not_reconciled", "", CELL)]


def test_what_came_after_the_freeze_is_named(office, now):
    office.send(CITY)
    office.declare_rest_missing()
    editions = office.editions()
    draft = editions.draft(now=now)
    assert refusal(editions, now, approved_hash="0" * 64) == [("changed", "", "")]
    office.send(OTHER_CITY)
    assert refusal(editions, now, approved_hash=draft.frozen_hash) == [("changed", OTHER_CITY, "")]
    assert refusal(office.editions(rules="r2"), now)[0] == ("changed", OTHER_CITY, "")


def test_changed_rules_are_a_change(office, now):
    office.send(CITY)
    office.declare_rest_missing()
    office.editions().draft(now=now)
    assert refusal(office.editions(rules="r2"), now) == [("changed", "", "")]


def test_reasons_of_the_caller_bar_too(office, now):
    office.send(CITY)
    office.declare_rest_missing()
    office.editions().draft(now=now)
    assert refusal(office.editions(), now, reasons=[GateReason("unsound", "KU-03")]) == [("unsound", "", "")]
