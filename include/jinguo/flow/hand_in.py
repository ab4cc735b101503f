"""The web channel: workbooks that somebody hands in on the page, taken in like every other file, answered at once."""

from __future__ import annotations

import io
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jinguo.errors import Busy, NotYours, Refused
from jinguo.flow.answers import answer_pending
from jinguo.flow.collect import process
from jinguo.flow.issue import issue_templates
from jinguo.flow.office import Office
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.reading.pool import ReaderPool, ReadRequest
from jinguo.staff.roles import Staff
from jinguo.units.register import Unit
from jinguo.warehouse.deliveries import delivery, record_deliveries
from jinguo.warehouse.records import Delivery
from jinguo.warehouse.staff import record_uploads

CHANNEL = "web"
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Upload:
    """What a browser sent. ``name``: what the sender calls it, data and never a path."""

    name: str
    content: bytes


def hand_in(office: Office, uploads: Sequence[Upload], *, staff: Staff, patience: float = 30.0) -> list[int]:
    """The ids of the deliveries, in order: archived first, then read, checked, settled and answered.

    NotYours, and nothing recorded, when a workbook is the report of a unit that the account may not hand in for. When
    others are at work for longer than ``patience`` seconds, the files are safe and the next collection works on them.
    """
    uploads = [Upload(_bare_name(upload.name), upload.content) for upload in uploads if upload.content]
    if not uploads:
        raise Refused("没有收到文件，或者文件是空的。请选择报表文件后再上传。")
    now = office.settings.now()
    staged = [office.archive.stage(io.BytesIO(upload.content)) for upload in uploads]
    office.archive.settle(staged)
    requests = [
        ReadRequest(upload.name, item.sha256, office.archive.path(item.sha256))
        for upload, item in zip(uploads, staged, strict=True)
    ]
    _demand_own_units(office, requests, staff)
    with office.warehouse.write() as conn:
        ids = record_deliveries(
            conn,
            [
                Delivery(item.sha256, item.size, upload.name, CHANNEL, now, now, f"{CHANNEL}:{secrets.token_hex(16)}")
                for upload, item in zip(uploads, staged, strict=True)
            ],
        )
        record_uploads(conn, ids, account=staff.account, at=now)
    try:
        with home_lock(office.settings.home, patience=patience):
            with office.warehouse.read() as conn:
                rows = [delivery(conn, each) for each in ids]
            for _ in process(office, [row for row in rows if row.outcome is None]):
                pass  # each chunk is committed before it is yielded
            answer_pending(office)
    except Busy:
        pass  # the deliveries are recorded: the collection that is at work, or the next one, takes them
    return ids


def blank_template(office: Office, unit: Unit, period: Period) -> tuple[str, bytes]:
    """The file name and the bytes of the unit's pre-filled template, as ``issue_templates`` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        [path] = issue_templates(office.settings, period, out=Path(folder), unit_codes=[unit.code])
        return path.name, path.read_bytes()


def _demand_own_units(office: Office, requests: Sequence[ReadRequest], staff: Staff) -> None:
    """Files that are nobody's report pass: their sender is told why when they are taken in."""
    with ReaderPool(office.settings.schemas) as pool:
        for reading in pool.read(requests):
            unit = office.register.by_code.get(reading.unit_code)
            if unit and not staff.may_hand_in(unit):
                raise NotYours(
                    f"“{reading.file}”是{unit.name}（{unit.code}）的报表，您的账号不能替这个单位报送。没有收下任何文件。"
                )


def _bare_name(name: str) -> str:
    """The last part of a name, whatever system's path a browser made of it."""
    return PurePosixPath(name.replace("\\", "/")).name[-_LONGEST_NAME:] or "未命名"
