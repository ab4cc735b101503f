"""The web channel: workbooks that somebody hands in on the page, taken in like every other file, answered at once."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import unicodedata
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jinguo.errors import Busy, NotYours, Refused
from jinguo.flow.answering.answers import answer_pending
from jinguo.flow.expected.issue import issue_templates
from jinguo.flow.intake.check import read_files
from jinguo.flow.intake.collect import process
from jinguo.flow.office import Office
from jinguo.intake.folder import home_lock, receive
from jinguo.intake.texts import UNSEEN
from jinguo.periods import Period
from jinguo.staff.roles import Staff
from jinguo.units.register import Unit
from jinguo.warehouse.deliveries import delivery, parts_of

CHANNEL = "web"
_LONGEST_NAME = 200  # bytes


@dataclass(frozen=True)
class Upload:
    """What a browser sent. ``name``: what the sender calls it, data and never a path."""

    name: str
    content: bytes


def hand_in(office: Office, uploads: Sequence[Upload], *, staff: Staff, patience: float = 30.0) -> list[int]:
    """The ids of the deliveries: archived first, then read, checked, settled and answered; a zip's members too, and the
    reports that a 分县表 holds.

    NotYours, and nothing is stored, when a workbook is the report of a unit that the account may not hand in for. When
    others are at work for longer than ``patience`` seconds, the files are safe and the next collection works on them.
    """
    uploads = [upload for upload in uploads if upload.content]
    if not uploads:
        raise Refused("没有收到文件，或者文件是空的。请选择报表文件后再上传。")
    now = office.settings.now()
    with tempfile.TemporaryDirectory() as folder:
        paths = [_spool(Path(folder) / str(number), upload, now) for number, upload in enumerate(uploads)]
        _demand_own_units(office, paths, staff)
        received = receive(
            paths, office.archive, office.warehouse, now=now, channel=CHANNEL, sender=staff.account
        ).delivery_ids
    with suppress(Busy), home_lock(office.settings.home, patience=patience):
        with office.warehouse.read() as conn:
            rows = [delivery(conn, each) for each in received]
        deque(process(office, [row for row in rows if row.outcome is None]), maxlen=0)  # each chunk is committed
        answer_pending(office)
    with office.warehouse.read() as conn:
        parts = {each: [part.id for part in parts_of(conn, each)] for each in received}
    return sorted(part for each, own in parts.items() for part in (own or [each]))


def blank_template(office: Office, unit: Unit, period: Period) -> tuple[str, bytes]:
    """The file name and the bytes of the unit's pre-filled template, as ``issue_templates`` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        [path] = issue_templates(office.settings, period, out=Path(folder), unit_codes=[unit.code])
        return path.name, path.read_bytes()


def _demand_own_units(office: Office, paths: Sequence[Path], staff: Staff) -> None:
    """Files that are nobody's report pass: their sender is told why when they are taken in."""
    for reading in read_files(office, paths):
        unit = office.register.by_code.get(reading.unit_code)
        if unit and not staff.may_hand_in(unit):
            raise NotYours(
                f"“{reading.file}”是{unit.name}（{unit.code}）的报表，您的账号不能替这个单位报送。没有收下任何文件。"
            )


def _spool(folder: Path, upload: Upload, now: dt.datetime) -> Path:
    """The file in a folder of its own, as the folder channel takes them, with the time at which it came."""
    folder.mkdir()
    path = folder / bare_name(upload.name)
    path.write_bytes(upload.content)
    os.utime(path, (now.timestamp(), now.timestamp()))
    return path


def bare_name(name: str) -> str:
    """The last part of a name, whatever system's path a browser made of it, short enough for any file system,
    without letters that nobody sees."""
    last = PurePosixPath(name.replace("\\", "/").replace("\0", "")).name
    last = "".join(letter for letter in last if unicodedata.category(letter) not in UNSEEN).strip()
    last = "" if last in (".", "..") else last
    return last.encode("utf-8", "replace")[-_LONGEST_NAME:].decode("utf-8", "ignore") or "未命名"
