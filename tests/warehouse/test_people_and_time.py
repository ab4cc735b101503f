"""Fetches, contacts, extensions, outages and reminders, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest
from jinguo.warehouse import audit
from jinguo.warehouse.contacts import contacts_on, import_contacts, unit_of_address
from jinguo.warehouse.extensions import (
    came_in_time,
    extensions_of,
    forgive_lateness,
    outages_between,
    record_extension,
    record_outage,
)
from jinguo.warehouse.fetches import known_messages, latest_fetches, record_fetch, record_message
from jinguo.warehouse.records import Contact, Extension, MessageRow, Outage, ReminderRow
from jinguo.warehouse.reminders import claim_reminder, finish_reminder
from jinguo.warehouse.submissions import submissions_of
from jinguo.warehouse.tables import out_reminder
from sqlalchemy import select

HOUR = dt.timedelta(hours=1)


def test_attempts_that_end_alike_are_counted_in_one_row(warehouse, now):
    with warehouse.write() as conn:
        for state in ("ok", "ok", "timed_out"):
            record_fetch(conn, "city", state, files=2, detail="", at=now)
        record_fetch(conn, "mail", "ok", files=0, detail="", at=now)
        latest = latest_fetches(conn)
    assert {name: (row.state, row.attempt_count) for name, row in latest.items()} == {
        "city": ("timed_out", 1),
        "mail": ("ok", 1),
    }


def test_a_mail_is_on_record_once(warehouse, now):
    row = MessageRow("mail", "INBOX:1:7", "0" * 64, now, now, "no_attachment", 0, None)
    with warehouse.write() as conn:
        record_message(conn, row)
        record_message(conn, row)
        assert known_messages(conn, "mail", ["INBOX:1:7", "INBOX:1:8"]) == {"INBOX:1:7": "no_attachment"}


def test_a_hand_over_ends_one_contact_and_begins_another(warehouse, now):
    before = Contact(2, "张三", "filler", "zs@example.org", "2026-01-01", "2026-10-31")
    after = Contact(2, "李四", "filler", "ls@example.org", "2026-11-01")
    with warehouse.write() as conn:
        changed = [import_contacts(conn, [before, after], actor="张审核", at=now) for _ in range(2)]
        days = (dt.date(2026, 10, 31), dt.date(2026, 11, 1))
        people = [[contact.person for contact in contacts_on(conn, day)[2]] for day in days]
        units = [unit_of_address(conn, address, days[1]) for address in ("LS@example.org", "zs@example.org", "")]
    assert (changed, people, units) == ([2, 0], [["张三"], ["李四"]], [2, None, None])


def test_forgiveness_reaches_the_versions_that_followed(warehouse, fill, now):
    fill(is_on_time=False, times=2)
    fill(is_on_time=False, unit_id=2)
    with warehouse.write() as conn:
        assert not came_in_time(conn, 1, 202610)
        assert forgive_lateness(conn, 202610, now - HOUR, unit_ids=[1]) == 0
        assert forgive_lateness(conn, 202610, now, unit_ids=[1]) == 2
        assert (came_in_time(conn, 1, 202610), came_in_time(conn, 2, 202610)) == (True, False)
        assert [row.outputs_done for row in submissions_of(conn, 1, 202610)] == [False, False]


def test_extensions_and_outages_stand_in_the_audit_log(warehouse, now):
    with warehouse.write() as conn:
        for hours in (5, 2):
            record_extension(conn, Extension(1, 202610, now + hours * HOUR, "洪灾", "张审核", now))
        record_outage(conn, Outage(now - HOUR, now, "停电", "王运维", now))
        assert extensions_of(conn, [202609, 202610]) == {(1, 202610): now + 5 * HOUR}
        assert len(outages_between(conn, now, now + HOUR)) == 1
        assert outages_between(conn, now + HOUR, now + 2 * HOUR) == []
        assert [entry.action for entry in audit.entries(conn)] == ["extend_deadline"] * 2 + ["record_outage"]
        assert audit.verify(conn) == []


@pytest.mark.parametrize(("state", "again"), [("sent", False), ("failed", True), ("sending", False)])
def test_only_what_failed_is_sent_again(warehouse, now, state, again):
    row = ReminderRow(1, 202610, "T", None, "mail", "zs@example.org", "0" * 64, "sending", now)
    with warehouse.write() as conn:
        first = claim_reminder(conn, row)
        if state != "sending":
            finish_reminder(conn, first, state=state, attempts=1, detail="", at=now)
        assert claim_reminder(conn, row) == (first if again else None)
        assert conn.scalars(select(out_reminder.c.state)).all() == ["sending" if again else state]
