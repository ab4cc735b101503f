"""The folder channel: what is taken, what is left, and that nothing is lost or doubled, whenever it is killed."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import sys
import threading
import warnings
from pathlib import Path

import pytest
from jinguo import files as files_module
from jinguo.intake import archive as archive_module
from jinguo.intake import folder as folder_module
from jinguo.intake import receiving as receiving_module
from jinguo.intake.archive import Archive
from jinguo.intake.folder import home_lock, passed_over, receive, waiting_files
from jinguo.settings import TIMEZONE
from jinguo.warehouse import audit
from jinguo.warehouse.deliveries import pending_deliveries
from jinguo.warehouse.engine import open_warehouse

NOW = dt.datetime(2026, 11, 3, 9, 0, tzinfo=TIMEZONE)
SENT = dt.datetime(2026, 11, 2, 17, 30, tzinfo=TIMEZONE)


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


def _put(folder: Path, name: str, data: bytes = b"one", sent: dt.datetime = SENT) -> Path:
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (sent.timestamp(), sent.timestamp()))
    return path


def _pending(warehouse):
    with warehouse.read() as conn:
        return pending_deliveries(conn)


def test_waiting_files_are_plain_finished_and_in_order(inbox):
    for name in ("b.xlsx", "a.XLS", ".hidden.xlsx", "c.xlsx.part", "d.TMP", "e.filepart", "~$b.xlsx", "无后缀"):
        _put(inbox, name)
    (inbox / "folder.xlsx").mkdir()
    (inbox / "link.xlsx").symlink_to(inbox / "b.xlsx")
    os.mkfifo(inbox / "pipe.xlsx")
    assert [path.name for path in waiting_files(inbox)] == ["a.XLS", "b.xlsx", "~$b.xlsx", "无后缀"]
    assert waiting_files(inbox / "nowhere") == []


def test_files_are_archived_recorded_and_removed(inbox, archive, warehouse):
    _put(inbox, "a.xlsx")
    _put(inbox, "b.xlsx", b"two", NOW + dt.timedelta(days=1))
    received = receive(waiting_files(inbox), archive, warehouse, now=NOW)
    rows = _pending(warehouse)
    assert ([row.id for row in rows], received.left) == (received.delivery_ids, [])
    assert [(row.name, row.delivered_at, row.received_at) for row in rows] == [
        ("a.xlsx", SENT, NOW),
        ("b.xlsx", NOW, NOW),  # a clock that runs ahead does not make a file later than its arrival
    ]
    assert [archive.read(row.sha256) for row in rows] == [b"one", b"two"]
    assert waiting_files(inbox) == []


def test_the_same_file_put_in_again_is_a_new_delivery_of_the_same_bytes(inbox, archive, warehouse, tmp_path):
    kept = _put(tmp_path, "kept.xlsx")
    for _ in range(2):
        shutil.copy2(kept, inbox / "a.xlsx")  # same name, same time; the inode may be the same again too
        receive(waiting_files(inbox), archive, warehouse, now=NOW)
    first, second = _pending(warehouse)
    assert (first.earlier_id, second.earlier_id) == (None, first.id)


def test_names_are_data(inbox, archive, warehouse):
    hostile = ["=HYPERLINK(1).xlsx", "..xlsx", "a\nb.xlsx", "x" * 200, "湘西州\u202exslx.exe"]
    paths = [_put(inbox, name, name.encode()) for name in hostile]
    gbk = inbox / os.fsdecode("长沙市.xlsx".encode("gbk"))
    gbk.write_bytes(b"gbk")
    receive([*paths, gbk], archive, warehouse, now=NOW)
    assert [row.name for row in _pending(warehouse)] == [*hostile, "长沙市.xlsx"]
    assert list(archive.damaged()) == []


def test_a_file_that_is_still_growing_is_left(inbox, archive, warehouse, monkeypatch):
    growing, whole = _put(inbox, "a.xlsx"), _put(inbox, "b.xlsx", b"two")
    stage = archive.stage

    def append_meanwhile(stream):
        staged = stage(stream)
        if os.fstat(stream.fileno()).st_ino == growing.stat().st_ino:
            with growing.open("ab") as file:
                file.write(b" more")
        return staged

    monkeypatch.setattr(archive, "stage", append_meanwhile)
    received = receive([growing, whole], archive, warehouse, now=NOW)
    assert received.left == [(growing, "it is being written")]
    assert [row.name for row in _pending(warehouse)] == ["b.xlsx"]
    assert waiting_files(inbox) == [growing]


def test_a_file_replaced_after_it_was_read_is_left_for_the_next_run(inbox, archive, warehouse, monkeypatch):
    path = _put(inbox, "a.xlsx")
    settle = archive.settle

    def replace_meanwhile(staged):
        settle(staged)
        _put(inbox, ".new", b"two", SENT + dt.timedelta(hours=1)).replace(path)
        monkeypatch.undo()

    monkeypatch.setattr(archive, "settle", replace_meanwhile)
    assert receive([path], archive, warehouse, now=NOW).left == [(path, "it was changed after it was read")]
    assert receive(waiting_files(inbox), archive, warehouse, now=NOW).left == []
    assert [archive.read(row.sha256) for row in _pending(warehouse)] == [b"one", b"two"]


def test_what_cannot_be_taken_disturbs_nothing_else(inbox, archive, warehouse):
    gone, pipe, link, good = (inbox / name for name in ("gone", "pipe", "link", "good.xlsx"))
    os.mkfifo(pipe)
    link.symlink_to("/etc/passwd")
    _put(inbox, "good.xlsx")
    received = receive([gone, pipe, link, good], archive, warehouse, now=NOW)
    assert [path.name for path, _ in received.left] == ["gone", "pipe", "link"]
    assert [row.name for row in _pending(warehouse)] == ["good.xlsx"]


def test_a_full_disk_stops_the_run(inbox, archive, warehouse, monkeypatch):
    path = _put(inbox, "a.xlsx")

    def full(_stream):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "stage", full)
    with pytest.raises(OSError, match="No space"):
        receive([path], archive, warehouse, now=NOW)
    assert waiting_files(inbox) == [path]


def test_home_is_worked_on_by_one_at_a_time(tmp_path):
    order, inside = [], threading.Event()

    def second():
        inside.wait()
        with home_lock(tmp_path):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with home_lock(tmp_path):
        inside.set()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def _kill_at_line(number: int) -> None:
    """From here on, SIGKILL ourselves before the n-th line of a step of taking in."""
    steps = {"_take_batch", "_take", "_remove", "commit", "stage", "settle", "_make_root", "sync_all"}
    files, count = {module.__file__ for module in (archive_module, files_module, folder_module, receiving_module)}, 0

    def trace(frame, event, _argument):
        nonlocal count
        if frame.f_code.co_name not in steps or frame.f_code.co_filename not in files:
            return None
        if event == "line":
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def _receive_in_child(url: str, inbox: Path, archive: Archive, *, kill_at: int) -> bool:
    """Receive in a process of its own, killed at a line; whether it lived to the end."""
    with warnings.catch_warnings(action="ignore"):  # Python 3.12 warns of fork where a thread exists
        child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            warehouse = open_warehouse(url)
            _kill_at_line(kill_at)
            receive(waiting_files(inbox), archive, warehouse, now=NOW)
            status = 0
        os._exit(status)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), "the child failed of itself"
    return status == 0


def _receive_again(url: str, inbox: Path, archive: Archive, *, after: int) -> tuple[object, ...]:
    """Receive what is still there; the deliveries after the first so many, what is archived, what is left."""
    warehouse = open_warehouse(url)
    receive(waiting_files(inbox), archive, warehouse, now=NOW)
    rows = [(row.name, row.earlier_id is not None) for row in _pending(warehouse)[after:]]
    warehouse.close()
    return rows, len(list(archive.root.glob("??/*"))), list(archive.damaged()), waiting_files(inbox)


def test_killed_before_any_line_and_run_again_gives_the_same_result(warehouse_url, inbox, tmp_path):
    """Each time with new files and a new archive, killed one line later, until it lives to the end."""
    kills, lived = 0, False
    while not lived:
        archive = Archive(tmp_path / f"archive{kills}")
        _put(inbox, "a.xlsx", b"%d" % kills)
        _put(inbox, "b.xlsx", b"%d" % kills)
        kills += 1
        lived = _receive_in_child(warehouse_url, inbox, archive, kill_at=kills)
        result = _receive_again(warehouse_url, inbox, archive, after=2 * (kills - 1))
        assert result == ([("a.xlsx", False), ("b.xlsx", True)], 1, [], [])
    assert kills > 50
    warehouse = open_warehouse(warehouse_url)
    with warehouse.read() as conn:
        assert audit.verify(conn) == []
    warehouse.close()


def test_workbooks_that_begin_with_a_dot_are_named(tmp_path):
    for name in (".长沙.xlsx", ".~lock.长沙.xlsx#", ".DS_Store", ".~长沙.xlsx", "长沙.xlsx"):
        (tmp_path / name).write_bytes(b"x")
    assert passed_over(tmp_path) == [".长沙.xlsx"]
    assert passed_over(tmp_path / "nowhere") == []
