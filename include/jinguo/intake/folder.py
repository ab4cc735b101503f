"""The folder channel: files that units, or people for them, put into the inbox."""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import hashlib
import io
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TextIO

from sqlalchemy import Connection

from jinguo.errors import Busy
from jinguo.intake.archive import Archive, Staged
from jinguo.intake.bundles import HEAD_BYTES, may_be_bundle, unpack
from jinguo.intake.packages import PackageEncryptedError, PackageError
from jinguo.intake.screening import MAX_BYTES
from jinguo.settings import TIMEZONE
from jinguo.warehouse.deliveries import delivery, finish_deliveries, record_deliveries
from jinguo.warehouse.engine import Warehouse
from jinguo.warehouse.records import Delivery, Outcome

_UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp")  # what browsers and copiers write into
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # the archive's trouble, not the file's
_BATCH = 500
_LOCK_POLL = 0.1  # seconds


@dataclass(frozen=True)
class Received:
    """``delivery_ids``: one for each file that was taken, members of bundles included. ``left``: files still in the
    inbox, with why."""

    delivery_ids: list[int]
    left: list[tuple[Path, str]]


@dataclass(frozen=True)
class _Taken:
    """``members``: names and bytes of what a bundle holds; of any other file none."""

    path: Path
    status: os.stat_result
    staged: Staged
    members: tuple[tuple[str, Staged], ...] = ()


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
            and not entry.name.lower().endswith(_UNFINISHED)
        ]
    return [inbox / name for name in sorted(names)]


def receive(
    paths: Sequence[Path], archive: Archive, warehouse: Warehouse, *, now: dt.datetime, channel: str = "folder"
) -> Received:
    """Take files into the archive and the warehouse, then out of the folder, in this order and durably.

    Killed between any two steps and run again, the result is the same: bytes are stored under their hash, and a file
    that is still there is known by its inode and times. A file that changes while it is read, or before it is removed,
    stays for the next run.
    """
    received = Received([], [])
    for start in range(0, len(paths), _BATCH):
        _receive_batch(paths[start : start + _BATCH], archive, warehouse, now, channel, received)
    return received


def _receive_batch(
    paths: Sequence[Path], archive: Archive, warehouse: Warehouse, now: dt.datetime, channel: str, received: Received
) -> None:
    taken = []
    for path in paths:
        try:
            taken.append(_take(path, archive))
        except OSError as error:
            if error.errno in _DISK_IS_FULL:
                raise
            received.left.append((path, error.strerror or str(error)))
    archive.settle([staged for item in taken for staged in (item.staged, *(member for _, member in item.members))])
    with warehouse.write() as conn:
        ids = record_deliveries(conn, [_delivery(item, now, channel) for item in taken])
        for item, delivery_id in zip(taken, ids, strict=True):
            if item.members:
                received.delivery_ids.extend(_record_members(conn, item, delivery_id, now, channel))
    for item, delivery_id in zip(taken, ids, strict=True):
        received.delivery_ids.append(delivery_id)
        try:
            _remove(item)
        except OSError as error:
            received.left.append((item.path, error.strerror or str(error)))


def _take(path: Path, archive: Archive) -> _Taken:
    """Stage one file; OSError when it is no plain file, cannot be read, or is being written."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise OSError("not a plain file")
        staged = archive.stage(file)
        after = os.fstat(file.fileno())
        if not _is_same(before, after) or staged.size != after.st_size:
            archive.discard(staged)
            raise OSError("it is being written")
        members = _members(file, archive)
    return _Taken(path, after, staged, members)


def _members(file: BinaryIO, archive: Archive) -> tuple[tuple[str, Staged], ...]:
    """The staged members of a bundle; none of what is no bundle or must not be unpacked, as its reader will say."""
    if not may_be_bundle(os.pread(file.fileno(), HEAD_BYTES, 0)):
        return ()
    file.seek(0)
    members: list[tuple[str, Staged]] = []
    try:
        for name, body in unpack(file.read(MAX_BYTES + 1)[:MAX_BYTES]):
            members.append((name, archive.stage(io.BytesIO(body))))
    except (PackageError, PackageEncryptedError):
        for _, staged in members:
            archive.discard(staged)
        return ()
    return tuple(members)


def _record_members(conn: Connection, item: _Taken, delivery_id: int, now: dt.datetime, channel: str) -> list[int]:
    """Each member as a delivery of its own; the bundle itself needs no more work."""
    bundle = _delivery(item, now, channel)
    members = [
        replace(bundle, sha256=staged.sha256, size=staged.size, name=name, evidence=f"{bundle.evidence}:{number}")
        for number, (name, staged) in enumerate(item.members)
    ]
    if delivery(conn, delivery_id).outcome is None:
        finish_deliveries(conn, [Outcome(delivery_id, "unpacked")], at=now)
    return record_deliveries(conn, members)


def _remove(item: _Taken) -> None:
    """Unlink the original, unless it has been replaced or changed since it was read."""
    if not _is_same(item.path.lstat(), item.status):
        raise OSError("it was changed after it was read")
    item.path.unlink()


def _is_same(one: os.stat_result, other: os.stat_result) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("st_ino", "st_size", "st_mtime_ns"))


def _delivery(item: _Taken, now: dt.datetime, channel: str) -> Delivery:
    status = item.status
    marks = (item.path.name, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, item.staged.sha256)
    evidence = hashlib.sha256(repr(marks).encode()).hexdigest()
    return Delivery(
        sha256=item.staged.sha256,
        size=item.staged.size,
        name=_readable(item.path.name),
        channel=channel,
        delivered_at=min(_moment(status.st_mtime, now), now),
        received_at=now,
        evidence=f"{channel}:{evidence}",
    )


def _moment(seconds: float, otherwise: dt.datetime) -> dt.datetime:
    """A file time, to the second; a nonsensical one is no evidence."""
    try:
        return dt.datetime.fromtimestamp(int(seconds), TIMEZONE)
    except (OverflowError, ValueError, OSError):
        return otherwise


def _readable(name: str) -> str:
    """A file name that is not UTF-8 is, in Hunan, GBK: Windows zip files unpacked on Linux."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("gb18030", "replace")
    return name


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
