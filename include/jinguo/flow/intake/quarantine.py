"""Personal data leaves the archive: sealed before anything is committed, taken out of the archive after it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from jinguo.flow.office import Office
from jinguo.reading.model import Reading
from jinguo.warehouse import audit
from jinguo.warehouse.deliveries import bundles_of, known_files, pending_deliveries

_DESTROYED = "destroy_quarantined"  # the audit log's word for it
_SUBJECT = "quarantine"


def seal_personal(office: Office, readings: Sequence[Reading]) -> None:
    """Sealed copies of the files among these that hold personal data; a kill after it loses nothing."""
    for reading in readings:
        if reading.holds_personal:
            office.quarantine.seal(office.archive, reading.sha256, on=office.settings.now().date())


def tidy_quarantine(office: Office) -> None:
    """The archive without what is sealed (and without the bundles it came in), the quarantine without what is over.

    A file that somebody has still to work on stays where it is until that is done.
    """
    sealed = office.quarantine.sealed()
    if not sealed:
        return
    now = office.settings.now()
    with office.warehouse.read() as conn:
        waiting = {row.sha256 for row in pending_deliveries(conn)}
        bundles = bundles_of(conn, sealed)
    for sha256 in bundles:
        if office.archive.path(sha256).exists():
            office.quarantine.seal(office.archive, sha256, on=now.date())
    for sha256 in {*office.quarantine.sealed()} - waiting:
        office.archive.remove(sha256)
    expired = office.quarantine.expired(now.date())
    if not expired:
        return
    with office.warehouse.write() as conn:
        audit.append(conn, at=now, actor=audit.SYSTEM, action=_DESTROYED, subject=_SUBJECT, details={"files": expired})
    for sha256 in expired:
        office.quarantine.destroy(sha256)


def archived_files(office: Office, conn: Connection) -> list[str]:
    """The sha256 of every file that the archive must have: what came, without what is sealed or was destroyed."""
    personal = personal_files(office, conn)
    return [sha256 for sha256 in known_files(conn) if sha256 not in personal]


def personal_files(office: Office, conn: Connection) -> set[str]:
    """The files with personal data: those that are sealed, and those that were destroyed when their days were over."""
    log = audit.entries(conn, subject=_SUBJECT)
    destroyed = {sha256 for entry in log if entry.action == _DESTROYED for sha256 in entry.details["files"]}
    return destroyed | set(office.quarantine.sealed())
