"""Runs, fixity and alerts, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest
from jinguo.warehouse import audit
from jinguo.warehouse.alerts import claim_notice, finish_notice, open_alerts, record_alerts
from jinguo.warehouse.contacts import import_contacts
from jinguo.warehouse.fixity import damaged_files, least_checked, oldest_check, record_checks
from jinguo.warehouse.records import Contact, NoticeRow
from jinguo.warehouse.runs import record_run, runs
from jinguo.warehouse.tables import out_notice
from sqlalchemy import select

HOUR = dt.timedelta(hours=1)


def test_a_run_keeps_since_when_it_goes_so_and_when_it_went_well(warehouse, now):
    with warehouse.write() as conn:
        for hours, state in enumerate(("success", "failed", "failed")):
            record_run(conn, "refresh_month", state, at=now + hours * HOUR, detail=f"run {hours}")
        row = runs(conn)["refresh_month"]
    assert (row.state, row.since, row.last_at, row.succeeded_at, row.detail) == (
        "failed",
        now + HOUR,
        now + 2 * HOUR,
        now,
        "run 2",
    )


def test_of_the_last_run_is_kept_why_and_when_it_was_started(warehouse, now):
    with warehouse.write() as conn:
        record_run(conn, "refresh_month", "success", at=now, kind="manual", started_at=now - HOUR)
        assert (runs(conn)["refresh_month"].kind, runs(conn)["refresh_month"].started_at) == ("manual", now - HOUR)
        record_run(conn, "refresh_month", "success", at=now)
        assert (runs(conn)["refresh_month"].kind, runs(conn)["refresh_month"].started_at) == (None, None)


def test_files_are_looked_at_in_turn(warehouse, make, now):
    with warehouse.write() as conn:
        hashes = [make.reading(first=first).sha256 for first in (1000.0, 2000.0, 3000.0)]
        for first in (1000.0, 2000.0, 3000.0):
            make.deliver(conn, make.reading(first=first))
        ids = list(least_checked(conn, now, limit=9))
        assert list(least_checked(conn, now, limit=9).values()) == hashes
        record_checks(conn, {ids[0]: True, ids[2]: False}, at=now)
        assert oldest_check(conn) is None  # one was never looked at
        later = now + HOUR
        assert list(least_checked(conn, later, limit=9)) == [ids[1], ids[0], ids[2]]
        assert list(least_checked(conn, now, limit=9)) == [ids[1]]
        record_checks(conn, {ids[1]: True}, at=later)
        assert (damaged_files(conn), oldest_check(conn)) == ([hashes[2]], now)
        record_checks(conn, {ids[2]: True}, at=later)
        assert damaged_files(conn) == []


def test_an_alert_lasts_until_it_is_over_and_comes_back_as_another(warehouse, now):
    key, other = ("failing_dag", "refresh_month"), ("full_disk", "JINGUO_HOME")
    with warehouse.write() as conn:
        (first,) = record_alerts(conn, {key: "one"}, at=now)
        again = record_alerts(conn, {key: "two", other: "full"}, at=now + HOUR)
        assert [(row.id, row.message, row.since) for row in again] == [
            (first.id, "two", now),
            (first.id + 1, "full", now + HOUR),
        ]
        assert record_alerts(conn, {}, at=now + 2 * HOUR) == open_alerts(conn) == []
        (later,) = record_alerts(conn, {key: "one"}, at=now + 3 * HOUR)
    assert later.id not in {row.id for row in again}


@pytest.mark.parametrize(("ended", "again"), [("sent", False), ("sending", False), ("failed", True)])
def test_a_notice_is_sent_once_unless_it_failed(warehouse, now, ended, again):
    contact = Contact(1, "王运维", "operator", "op@example.org", "2026-01-01")
    with warehouse.write() as conn:
        import_contacts(conn, [contact], actor="张审核", at=now)
        (alert,) = record_alerts(conn, {("full_disk", "JINGUO_HOME"): "full"}, at=now)
        notice = NoticeRow(alert.id, 1, "mail", "op@example.org", "0" * 64, now)
        notice_id = claim_notice(conn, notice)
        if ended != "sending":
            finish_notice(conn, notice_id, state=ended, attempts=3, detail="SMTP 451", at=now)
        assert claim_notice(conn, notice) == (notice_id if again else None)
        rows = conn.execute(select(out_notice.c.alert_id, out_notice.c.attempt_count)).all()
        assert rows == [(alert.id, 0 if ended == "sending" else 3)]
        assert audit.verify(conn) == []
