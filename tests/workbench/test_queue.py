"""待办: grouped by cause, oldest first, by pages, of the reader's subtree only; each item says what it is about."""

from __future__ import annotations

import datetime as dt

import pytest
from jinguo.workbench import queue
from jinguo.workbench.queue import decide_all, make_group, make_queue

from .conftest import OCTOBER

COUNTIES = ("430302", "430304", "430321", "430381", "430382")  # of 湘潭


@pytest.fixture
def steward(staff):
    return staff("steward", "430300")


@pytest.fixture
def heard(store):
    """The counties of 湘潭 have reported, so that nobody is 缺报 there."""
    for code in COUNTIES:
        store(code, "accepted")


def shown(groups):
    return [(group.key, group.total, [item.unit.code for item in group.items]) for group in groups]


def test_reports_are_grouped_by_what_they_wait_for_in_the_order_in_which_to_work(office, steward, store):
    store("430302", "awaiting_explanation", failing={"BN-311": 1, "BN-312": 2}, explained={"BN-311": "村级队伍撤并"})
    store("430304", "awaiting_explanation", failing={"BN-311": 1}, explained={"BN-502": "说的是别的"})
    store("430321", "returned", failing={"!BN-102": 1, "BN-311": 3})
    store("430381", "quarantined", hours=1)
    assert shown(make_queue(office, steward)) == [
        ("answered~BN-312", 1, ["430302"]),
        ("held", 1, ["430381"]),
        ("absent", 1, ["430382"]),
        ("unanswered~BN-311", 1, ["430304"]),
        ("returned", 1, ["430321"]),
    ]


def test_an_item_carries_what_fails_what_was_explained_and_what_stands(office, steward, store, heard):
    store(
        "430302",
        "returned",
        "awaiting_explanation",
        period=OCTOBER.previous,
        failing={"BN-311": 2},
        explained={"BN-311": "村级队伍撤并", "BN-999": "没有问"},
    )
    (group,) = make_queue(office, steward)
    (item,) = group.items
    assert (item.version, item.rules, item.answers) == (2, {("query", "BN-311"): 2}, ["村级队伍撤并"])
    assert item.key == "430302|2026-09|1:returned 2:awaiting_explanation"
    assert group.title.startswith("单位已写情况说明 · BN-311　")


def test_a_query_without_a_finding_waits_in_a_group_of_its_own(office, steward, store, heard):
    store("430302", "superseded", "awaiting_explanation", period=OCTOBER.previous)
    (group,) = make_queue(office, steward)
    assert (group.key, group.title) == ("unanswered", "等单位说明")
    assert make_group(office, steward, "unanswered").total == 1


def test_only_the_newest_version_waits_and_only_of_the_last_year(office, steward, store, heard):
    store("430302", "returned", "accepted", period=OCTOBER.previous)
    store("430304", "held", period=OCTOBER.plus(-12))
    assert make_queue(office, steward) == []


def test_nobody_sees_beyond_her_subtree_nor_her_own_report(office, staff, store):
    store("430302", "held")
    store("430300", "held")
    store("430400", "held")
    held = {code: make_group(office, staff("steward", code), "held") for code in ("430300", "430400", "430000")}
    assert [item.unit.code for item in held["430300"].items] == ["430302"]
    assert held["430400"] is None
    assert {item.unit.code for item in held["430000"].items} == {"430302", "430300", "430400"}


def test_the_first_page_shows_the_oldest_and_says_how_many_there_are(office, staff, store, monkeypatch):
    monkeypatch.setattr(queue, "FIRST_ITEMS", 2)
    monkeypatch.setattr(queue, "PAGE_ITEMS", 3)
    reader = staff("office", "430000")
    for hours, code in enumerate(COUNTIES):
        store(code, "held", hours=hours)
    group = next(each for each in make_queue(office, reader) if each.key == "held")
    assert (group.total, [item.unit.code for item in group.items]) == (5, ["430382", "430381"])
    pages = [make_group(office, reader, "held", page=number) for number in (1, 2, 99)]
    assert [(each.page, each.pages, each.total) for each in pages] == [(1, 2, 5), (2, 2, 5), (2, 2, 5)]
    assert [[item.unit.code for item in each.items] for each in pages[:2]] == [
        ["430382", "430381", "430321"],
        ["430304", "430302"],
    ]


def test_the_units_that_sent_nothing_come_by_pages_too_the_longest_overdue_first(office, steward, store, monkeypatch):
    monkeypatch.setattr(queue, "PAGE_ITEMS", 2)
    store("430304", "accepted")
    store("430302", "accepted", period=OCTOBER.previous)  # an earlier report does not help
    first, last = (make_group(office, steward, "absent", page=number) for number in (1, 2))
    assert [item.unit.code for item in first.items] == ["430302", "430321"]
    assert (last.page, last.pages, last.total) == (2, 2, 4)
    assert {item.key for item in first.items} == {"430302|2026-10|missing", "430321|2026-10|missing"}


def test_only_who_owes_a_report_can_be_missing(office, steward):
    owing = {office.register.by_id[unit_id].code for unit_id in office.register.ids_owing()}
    assert {code for code in owing if code.startswith("4303")} == {"430300", *COUNTIES}
    assert {item.unit.code for item in make_group(office, steward, "absent").items} == set(COUNTIES)


def test_before_a_deadline_the_month_before_counts(office, steward, store):
    object.__setattr__(office.settings, "fixed_now", dt.datetime(2026, 10, 25, 9, tzinfo=office.settings.now().tzinfo))
    store("430304", "accepted", period=OCTOBER.previous)
    assert {item.period for item in make_group(office, steward, "absent").items} == {OCTOBER.previous}


@pytest.mark.parametrize("key", ["held", "absent~BN-311", "answered~BN-999", "nonsense", ""])
def test_where_nothing_waits_there_is_no_group(office, steward, heard, key):
    assert make_group(office, steward, key) is None


def test_all_that_a_page_shows_can_be_decided_at_once(office, steward):
    assert max(queue.PAGE_ITEMS, queue.FIRST_ITEMS) <= queue.MOST_AT_ONCE
    keys = [item.key for item in make_group(office, steward, "absent").items]
    done = decide_all(office, steward, keys, action="declare_missing", reason="催报三次未报", patience=1)
    assert [each.refused for each in done] == [""] * len(COUNTIES)
    assert make_queue(office, steward) == []


def test_what_is_refused_stops_nothing_else(office, steward, store):
    keys = ["430302|2026-10|missing", "430400|2026-10|missing", "430304|十月|missing", "430321|2026-10|1:held"]
    done = decide_all(office, steward, keys, action="declare_missing", reason="催报三次未报", patience=1)
    refused = {each.unit: each.refused for each in done}
    assert refused["雨湖区"] == ""
    assert refused["衡阳市"] == "您的账号不能处理这个单位的报表。"
    assert refused["岳塘区"] == "“十月”不是报告期。"
    assert "请刷新页面" in refused["湘潭县"]
