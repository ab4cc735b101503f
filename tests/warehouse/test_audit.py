"""The audit chain: it holds as written, and any change by hand is named."""

from __future__ import annotations

import pytest
from jinguo.warehouse import audit
from jinguo.warehouse.decisions import record_decision
from jinguo.warehouse.deliveries import finish_deliveries
from jinguo.warehouse.records import Decision, Outcome
from jinguo.warehouse.releases import publish, save_draft
from jinguo.warehouse.submissions import accept, set_state
from jinguo.warehouse.tables import core_audit, core_decision, out_release, raw_delivery, raw_submission
from sqlalchemy import delete, update


@pytest.fixture
def written(warehouse, now):
    with warehouse.write() as conn:
        assert audit.head(conn) == (0, "")
        for number in range(1, 6):
            audit.append(
                conn,
                at=now,
                actor="王审核",
                action="accept",
                subject=f"unit {number}",
                details={"原因": "属实", "a": number},
            )
    return warehouse


def test_an_untouched_chain_holds(written, now):
    with written.read() as conn:
        assert audit.verify(conn) == []
        assert audit.head(conn)[0] == 5
        (entry,) = audit.entries(conn, subject="unit 3")
    assert (entry.seq, entry.at, entry.actor, entry.action) == (3, now, "王审核", "accept")
    assert entry.details == {"原因": "属实", "a": 3}


@pytest.mark.parametrize(
    "changed",
    [{"actor": "李"}, {"details": "{}"}, {"subject": "unit 9"}, {"action": "return"}, {"hash": "0" * 64}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_changed_line_is_named(written, changed):
    with written.write() as conn:
        conn.execute(update(core_audit).where(core_audit.c.seq == 3).values(**changed))
        (problem,) = audit.verify(conn)
    assert problem.startswith("audit line 3 was changed:")


def test_a_changed_time_is_named_even_when_it_is_none(written):
    with written.write() as conn:
        conn.exec_driver_sql("UPDATE core_audit SET at = 'yesterday' WHERE seq = 2")
        assert audit.verify(conn) == ["audit line 2 was changed: accept unit 2 at yesterday by 王审核"]


def test_a_line_written_anew_breaks_the_next(written, now):
    """Whoever changes a line and computes its hash again must change every later one too."""
    with written.write() as conn:
        line = {"seq": 3, "actor": "李", "action": "accept", "subject": "unit 3", "details": "{}"}
        previous = list(audit.entries(conn))[1].hash
        forged = audit._hash(previous, at="2026-11-03T09:00:00+08:00", **line)
        conn.execute(update(core_audit).where(core_audit.c.seq == 3).values(**line, hash=forged))
        (problem,) = audit.verify(conn)
    assert problem.startswith("audit line 4 was changed:")


@pytest.fixture
def worked(warehouse, make, fill, now):
    """A warehouse in which one of everything that is audited was done."""
    (first,), (second,) = fill(), fill()
    with warehouse.write() as conn:
        accept(conn, [first, second], at=now)
        set_state(conn, second, "returned", at=now, actor="王\udcff", reason="数据\x00有误")
        finish_deliveries(conn, [Outcome(1, "submission", first)], at=now)
        record_decision(conn, Decision(1, 202610, "return", "数据有误", "王审核", now, second))
        release = save_draft(conn, period_key=202610, members_hash="a", members=[], figures=[], at=now)
        publish(conn, release.id, actor="周", at=now, members_hash="a")
    return warehouse


def test_tables_stand_as_the_log_tells(worked):
    with worked.read() as conn:
        assert audit.verify(conn) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (update(raw_submission).where(raw_submission.c.id == 2).values(state="accepted"), "submission 2 is accepted;"),
        (update(raw_delivery).where(raw_delivery.c.id == 1).values(outcome=None), "delivery 1 is None;"),
        (update(out_release).values(state="draft"), "release 1 is draft; the audit log ends with published"),
        (delete(core_decision), "decision 1 is in the audit log and no longer in the warehouse"),
        (delete(core_audit).where(core_audit.c.seq == 10), "release 1 is published; the audit log ends with draft"),
        (delete(core_audit).where(core_audit.c.seq > 7), "decision 1 is in the warehouse and not in the audit log"),
    ],
)
def test_a_table_changed_by_hand_or_a_log_cut_short_is_named(worked, change, problem):
    with worked.write() as conn:
        conn.execute(change)
        assert audit.verify(conn)[0].startswith(problem)


def test_a_removed_line_is_named(written):
    with written.write() as conn:
        conn.execute(delete(core_audit).where(core_audit.c.seq == 1))
        assert audit.verify(conn) == ["audit line 1 is missing (the next one is 2)"]
