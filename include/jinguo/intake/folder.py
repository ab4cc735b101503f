"""The folder channel: files that units, or people for them, put into the inbox."""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

from jinguo.errors import Busy
from jinguo.intake.archive import Archive, Staged
from jinguo.intake.receiving import Intake, Received, Taken
from jinguo.intake.texts import decode_name
from jinguo.settings import TIMEZONE
from jinguo.warehouse.engine import Warehouse
from jinguo.warehouse.records import Delivery

UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp")  # what browsers and copiers write into
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # the archive's trouble, not the file's
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".et", ".ods", ".csv", ".zip")
_BATCH = 500
_LOCK_POLL = 0.1  # seconds


def waiting_files(inbox: Path) -> list[Path]:
    """The files that lie directly in the inbox, by name.

    Hidden and unfinished ones are not looked at, nor what is no plain file. Office's lock files ``~$…`` are: whoever
    sent one instead of the report should hear of it.
    """
    if not inbox.is_dir():
        return []
    with os.scandir(inbox) as entries:
        names = [
            entry.name
            for entry in entries
            if entry.is_file(follow_symlinks=False)
            and not entry.name.startswith(".")
            and not entry.name.lower().endswith(UNFINISHED)
        ]
    return [inbox / name for name in sorted(names)]


def passed_over(inbox: Path) -> list[str]:
    """Names of workbooks in the inbox that are not collected because they begin with a dot; no lock files."""
    if not inbox.is_dir():
        return []
    return sorted(
        path.name
        for path in inbox.glob(".*")
        if path.suffix.lower() in _WORKBOOKS and not path.name.startswith(".~") and path.is_file()
    )


def receive(
    paths: Sequence[Path],
    archive: Archive,
    warehouse: Warehouse,
    *,
    now: dt.datetime,
    channel: str = "folder",
    sender: str = "",
) -> Received:
    """Take files into the archive and the warehouse, then out of the folder, in this order and durably.

    Killed between any two steps and run again, the result is the same: bytes are stored under their hash, and a file
    that is still there is known by its inode and times. A file that changes while it is read, or before it is removed,
    stays for the next run. ``sender``: the account that handed the files in, where there is one.
    """
    intake, received = Intake(archive, warehouse, now, sender), Received([], [])
    for start in range(0, len(paths), _BATCH):
        intake.commit(_take_batch(paths[start : start + _BATCH], intake, channel, received), received)
    return received


def _take_batch(paths: Sequence[Path], intake: Intake, channel: str, received: Received) -> list[Taken]:
    taken = []
    for path in paths:
        try:
            taken.append(_take(path, intake, channel))
        except OSError as error:
            if error.errno in DISK_IS_FULL:
                raise
            received.left.append((path, error.strerror or str(error)))
    return taken


def _take(path: Path, intake: Intake, channel: str) -> Taken:
    """Stage one file; OSError when it is no plain file, cannot be read, or is being written."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise OSError("not a plain file")
        staged = intake.archive.stage(file)
        after = os.fstat(file.fileno())
    if not _is_same(before, after) or staged.size != after.st_size:
        intake.archive.discard(staged)
        raise OSError("it is being written")
    return Taken(staged, _delivery(path, after, staged, intake.now, channel), path, partial(_remove, path, after))


def _remove(path: Path, status: os.stat_result) -> None:
    """Unlink the original, unless it has been replaced or changed since it was read."""
    if not _is_same(path.lstat(), status):
        raise OSError("it was changed after it was read")
    path.unlink()


def _is_same(one: os.stat_result, other: os.stat_result) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("st_ino", "st_size", "st_mtime_ns"))


def _delivery(path: Path, status: os.stat_result, staged: Staged, now: dt.datetime, channel: str) -> Delivery:
    marks = (path.name, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, staged.sha256)
    evidence = hashlib.sha256(repr(marks).encode()).hexdigest()
    return Delivery(
        sha256=staged.sha256,
        size=staged.size,
        name=readable_name(path.name),
        channel=channel,
        delivered_at=min(moment_of(status.st_mtime, now), now),
        received_at=now,
        evidence=f"{channel}:{evidence}",
    )


def moment_of(seconds: float, otherwise: dt.datetime) -> dt.datetime:
    """A file time, to the second; a nonsensical one is no evidence."""
    try:
        return dt.datetime.fromtimestamp(int(seconds), TIMEZONE)
    except (OverflowError, ValueError, OSError):
        return otherwise


def readable_name(name: str) -> str:
    """A file name as Python has it from the system: Windows zip files unpacked on Linux leave GBK names."""
    return decode_name(os.fsencode(name))


@contextmanager
def home_lock(home: Path, *, patience: float | None = None) -> Iterator[None]:
    """One at a time works on this data directory; a second one waits. The kernel releases it when we die.

    ``patience``: seconds after which a page that somebody looks at gives up with Busy; None: waits as long as it takes.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("a") as file:
        if patience is None:
            fcntl.flock(file, fcntl.LOCK_EX)
        else:
            _lock_within(file, patience)
        yield


def _lock_within(file: TextIO, patience: float) -> None:
    until = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise Busy("系统正在处理别的报表，请过一会儿再试") from None
            time.sleep(_LOCK_POLL)
