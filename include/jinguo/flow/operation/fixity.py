"""Are archived files still what came? A share of them each day, those first that were not looked at for longest."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from jinguo.files import file_sha256
from jinguo.flow.intake.quarantine import archived_files
from jinguo.flow.office import Office, open_office
from jinguo.settings import Settings
from jinguo.warehouse.fixity import damaged_files, least_checked, oldest_check, record_checks

SECONDS = 300.0  # a day's share: some 20,000 workbooks
_BATCH = 200


@dataclass(frozen=True)
class Fixity:
    """``checked``: files looked at now. ``damaged``: the sha256 of all that are known to be damaged or gone.
    ``oldest``: every file was looked at since then; None: some never were."""

    checked: int
    damaged: list[str]
    oldest: dt.datetime | None


def check_files(settings: Settings, *, seconds: float | None = SECONDS) -> Fixity:
    """Compares files with their hash for so long (None: all of them), and puts it on record batch by batch."""
    until = time.monotonic() + seconds if seconds is not None else None
    begun, checked = settings.now(), 0
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            expected = set(archived_files(office, conn))
        while until is None or time.monotonic() < until:
            with office.warehouse.read() as conn:
                batch = least_checked(conn, begun, limit=_BATCH)
            if not batch:
                break
            found = {file_id: sha256 not in expected or is_whole(office, sha256) for file_id, sha256 in batch.items()}
            with office.warehouse.write() as conn:
                record_checks(conn, found, at=begun)
            checked += len(batch)
        with office.warehouse.read() as conn:
            return Fixity(checked, damaged_files(conn), oldest_check(conn))


def is_whole(office: Office, sha256: str) -> bool:
    """Whether the archive has the bytes with this hash."""
    try:
        return file_sha256(office.archive.path(sha256)) == sha256
    except OSError:
        return False
