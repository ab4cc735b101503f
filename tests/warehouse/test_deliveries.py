"""Deliveries: arrivals of files and what became of them."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from jinguo.settings import TIMEZONE
from jinguo.warehouse.deliveries import (
    delivery,
    finish_deliveries,
    parts_of,
    pending_deliveries,
    record_deliveries,
    record_parts,
)
from jinguo.warehouse.findings import findings_of_delivery
from jinguo.warehouse.records import Delivery, Outcome
from jinguo.warehouse.tables import raw_file
from sqlalchemy import func, select

NOW = dt.datetime(2026, 11, 3, 9, 0, tzinfo=TIMEZONE)


def _delivery(content: str, name: str = "a.xlsx", evidence: str = "") -> Delivery:
    return Delivery(content * 64, 10, name, "folder", NOW - dt.timedelta(hours=1), NOW, evidence)


def test_same_bytes_twice_are_one_file_and_two_deliveries(warehouse):
    with warehouse.write() as conn:
        first, second = record_deliveries(conn, [_delivery("a"), _delivery("a", "again.xlsx")])
    with warehouse.write() as conn:
        (third,) = record_deliveries(conn, [_delivery("a")])
    with warehouse.read() as conn:
        assert conn.scalar(select(func.count()).select_from(raw_file)) == 1
        assert [row.id for row in pending_deliveries(conn)] == [first, second, third]
        assert [row.earlier_id for row in pending_deliveries(conn)] == [None, first, first]


def test_same_evidence_is_the_same_delivery(warehouse):
    with warehouse.write() as conn:
        ids = record_deliveries(conn, [_delivery("a", evidence="i1"), _delivery("b", evidence="i2")])
    with warehouse.write() as conn:
        again = record_deliveries(
            conn, [_delivery("b", evidence="i2"), _delivery("c", evidence="i3"), _delivery("c", evidence="i3")]
        )
        assert again == [ids[1], max(again), max(again)]
        assert len(pending_deliveries(conn)) == 3


def test_a_delivery_is_given_back_as_it_was_recorded(warehouse):
    hostile = "=cmd|' /C calc'!A0 \udcff\x00 ../湘西.xlsx"
    with warehouse.write() as conn:
        (row_id,) = record_deliveries(conn, [_delivery("a", hostile)])
    with warehouse.read() as conn:
        row = delivery(conn, row_id)
    assert row.name == "=cmd|' /C calc'!A0 \ufffd\ufffd ../湘西.xlsx"
    assert (row.sha256, row.size, row.channel) == ("a" * 64, 10, "folder")
    assert (row.delivered_at, row.received_at) == (NOW - dt.timedelta(hours=1), NOW)
    assert (row.outcome, row.submission_id) == (None, None)


def test_a_finished_delivery_keeps_its_findings_and_is_no_longer_pending(warehouse, finding):
    with warehouse.write() as conn:
        first, second, third = record_deliveries(conn, [_delivery("a"), _delivery("b"), _delivery("c")])
        finish_deliveries(conn, [Outcome(first, "rejected", findings=[finding])], at=NOW)
        finish_deliveries(conn, [Outcome(second, "submission", 12)], at=NOW)
        assert [row.id for row in pending_deliveries(conn)] == [third]
        assert pending_deliveries(conn, limit=0) == []
        assert findings_of_delivery(conn, first) == [finding]
        assert delivery(conn, second).submission_id == 12


def test_a_delivery_is_finished_once(warehouse):
    with warehouse.write() as conn:
        (row_id,) = record_deliveries(conn, [_delivery("a")])
        finish_deliveries(conn, [Outcome(row_id, "rejected")], at=NOW)
    with pytest.raises(ValueError, match="1 deliveries only 0"), warehouse.write() as conn:
        finish_deliveries(conn, [Outcome(row_id, "held")], at=NOW)
    with warehouse.read() as conn:
        assert delivery(conn, row_id).outcome == "rejected"


def test_an_unknown_outcome_is_our_own_mistake(warehouse):
    with pytest.raises(ValueError, match=r"outcome 'lost' .*duplicate"), warehouse.write() as conn:
        finish_deliveries(conn, [Outcome(1, "lost")], at=NOW)


def test_a_naive_time_is_our_own_mistake(warehouse):
    with pytest.raises(Exception, match="no time zone"), warehouse.write() as conn:
        record_deliveries(conn, [Delivery("a" * 64, 1, "a", "folder", NOW.replace(tzinfo=None), NOW)])


def test_nothing_can_be_written_in_a_read(warehouse):
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError, match=r"read-?only"), warehouse.read() as conn:
        record_deliveries(conn, [_delivery("a")])
    with warehouse.write() as conn:
        assert len(record_deliveries(conn, [_delivery("a")])) == 1


def test_a_failed_transaction_leaves_nothing(warehouse):
    with contextlib.suppress(ZeroDivisionError), warehouse.write() as conn:
        record_deliveries(conn, [_delivery("a")])
        _ = 1 / 0
    with warehouse.read() as conn:
        assert pending_deliveries(conn) == []


def test_parts_wait_in_place_of_their_file_and_are_no_repeats(warehouse):
    with warehouse.write() as conn:
        (whole,) = record_deliveries(conn, [_delivery("a", evidence="folder:1")])
        parts = record_parts(conn, delivery(conn, whole), ["430802", "430811"], at=NOW)
    assert [(row.part, row.part_of, row.earlier_id, row.outcome) for row in parts] == [
        ("430802", whole, None, None),
        ("430811", whole, None, None),
    ]
    with warehouse.write() as conn:
        (again,) = record_deliveries(conn, [_delivery("a", evidence="folder:2")])
        finish_deliveries(conn, [Outcome(parts[0].id, "rejected")], at=NOW)
    with warehouse.read() as conn:
        assert delivery(conn, whole).outcome == "divided"
        assert [(row.id, row.earlier_id) for row in pending_deliveries(conn)] == [(parts[1].id, None), (again, whole)]
        assert [row.id for row in parts_of(conn, whole)] == [row.id for row in parts]


def test_a_file_is_divided_once(warehouse):
    with warehouse.write() as conn:
        (whole,) = record_deliveries(conn, [_delivery("a")])
        record_parts(conn, delivery(conn, whole), ["430802"], at=NOW)
    with pytest.raises(ValueError, match="unfinished"), warehouse.write() as conn:
        record_parts(conn, delivery(conn, whole), ["430802"], at=NOW)
    with warehouse.read() as conn:
        assert len(parts_of(conn, whole)) == 1
