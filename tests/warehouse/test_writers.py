"""Several writers at once: nothing is lost, doubled or broken; readers see one state and never wait."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import warnings

import pytest
from jinguo.warehouse import audit
from jinguo.warehouse.engine import lock_period, open_warehouse
from jinguo.warehouse.submissions import accept, accepted_submissions, submissions_of

WRITERS, TIMES = 4, 5


def _write(url, make, now):
    warehouse = open_warehouse(url)
    for _ in range(TIMES):
        with warehouse.write() as conn:
            lock_period(conn, 202610)
            accept(conn, make.insert(conn), at=now)
    warehouse.close()


def _demand_all_there(warehouse):
    with warehouse.read() as conn:
        rows = submissions_of(conn, 1, 202610)
        assert [row.version for row in rows] == list(range(1, WRITERS * TIMES + 1))
        assert accepted_submissions(conn, 202610)[1].version == WRITERS * TIMES
        assert audit.verify(conn) == []


def test_threads_write_one_after_the_other(warehouse_url, make, now):
    threads = [threading.Thread(target=_write, args=(warehouse_url, make, now)) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    warehouse = open_warehouse(warehouse_url)
    _demand_all_there(warehouse)
    warehouse.close()


def _fork(work) -> int:
    with warnings.catch_warnings(action="ignore"):  # Python 3.12 warns of fork where a thread exists
        child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            work()
            status = 0
        os._exit(status)
    return child


def test_processes_write_one_after_the_other(warehouse_url, make, now):
    children = [_fork(lambda: _write(warehouse_url, make, now)) for _ in range(WRITERS)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * WRITERS
    warehouse = open_warehouse(warehouse_url)
    _demand_all_there(warehouse)
    warehouse.close()


def test_a_writer_killed_in_the_middle_leaves_nothing_and_holds_nobody_up(warehouse_url, make, now):
    def die_before_commit():
        with open_warehouse(warehouse_url).write() as conn:
            accept(conn, make.insert(conn, times=3), at=now)
            os.kill(os.getpid(), signal.SIGKILL)

    assert os.waitpid(_fork(die_before_commit), 0)[1] == signal.SIGKILL
    warehouse = open_warehouse(warehouse_url)
    with warehouse.write() as conn:
        assert submissions_of(conn, 1, 202610) == []
        make.insert(conn)
    with warehouse.read() as conn:
        assert [row.version for row in submissions_of(conn, 1, 202610)] == [1]
    warehouse.close()


def test_a_reader_sees_one_state_while_another_writes(warehouse, make):
    with warehouse.read() as reader:
        before = submissions_of(reader, 1, 202610)
        with warehouse.write() as writer:
            make.insert(writer)
        assert submissions_of(reader, 1, 202610) == before == []
    with warehouse.read() as reader:
        assert len(submissions_of(reader, 1, 202610)) == 1


def test_one_version_in_force_is_the_databases_own_rule(warehouse, fill):
    from jinguo.warehouse.tables import raw_submission
    from sqlalchemy import update
    from sqlalchemy.exc import IntegrityError

    fill(times=2)
    with pytest.raises(IntegrityError), warehouse.write() as conn:
        conn.execute(update(raw_submission).values(state="accepted"))
