"""The audit chain: it holds as written, and any change by hand is named."""

from __future__ import annotations

import pytest
from jinguo.warehouse import audit
from jinguo.warehouse.tables import core_audit
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


def test_a_removed_line_is_named(written):
    with written.write() as conn:
        conn.execute(delete(core_audit).where(core_audit.c.seq == 1))
        assert audit.verify(conn) == ["audit line 1 is missing (the next one is 2)"]
