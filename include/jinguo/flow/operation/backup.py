"""Daily backups and the way back: the warehouse at one moment; archived files, published releases, imported registers.

In the store, ``archive/ab/<sha256>``, ``releases/`` and ``register/<version>/`` are there once and grow;
``warehouse/<moment>.db`` (``.dump`` of PostgreSQL) has a ``.json`` beside it that is written last: without it there is
no backup of that moment.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from jinguo.errors import JinguoError, Refused
from jinguo.files import file_sha256
from jinguo.flow.intake.quarantine import archived_files, personal_files
from jinguo.flow.office import Office, open_office
from jinguo.flow.operation.alerts import BACKUP
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.operation.backup_store import FieldsOf, Manifest, Store, open_store
from jinguo.flow.operation.fixity import is_whole
from jinguo.flow.operation.snapshots import SUFFIXES, kind_of, put_back, take_snapshot
from jinguo.intake.folder import home_lock
from jinguo.settings import Settings, connection_fields
from jinguo.units.store import RegisterStore
from jinguo.warehouse import audit
from jinguo.warehouse.runs import record_run

DAYS, MONTHS = 14, 24  # every backup of the last days, the first one of each of the last months
_NAME = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class Backup:
    """One that was made. ``copied``: files that the store did not have yet. ``problems``: damaged files, which were not
    copied, and a log that is no longer the one that was backed up before."""

    manifest: Manifest
    copied: int
    problems: list[str]


def back_up(settings: Settings, fields_of: FieldsOf = connection_fields) -> Backup:
    """Makes a backup, then lets go of those whose time is over – of none while anything is wrong."""
    with open_office(settings) as office:
        try:
            done = _back_up(office, open_store(settings, fields_of))
        except Exception as error:
            _record(office, "failed", type(error).__name__)
            raise
        _record(office, "failed" if done.problems else "success", done.manifest.name)
        return done


def _back_up(office: Office, store: Store) -> Backup:
    now, kind = office.settings.now(), kind_of(office.settings.warehouse_url)
    earlier, name = store.manifests(), f"{now:{_NAME}}{SUFFIXES[kind]}"
    with office.warehouse.read() as conn:
        head, problems = audit.head(conn), _log_problems(conn, earlier)
    with _workspace(office.settings) as folder:
        snapshot = Path(folder) / name
        take_snapshot(office.settings.warehouse_url, snapshot)
        with office.warehouse.read() as conn:  # after the snapshot: all that it knows is in the archive
            files, personal = archived_files(office, conn), personal_files(office, conn)
        copied = _copy_archive(office, store, files, problems) + _copy_releases(office, store)
        register, parts = _copy_register(office, store)
        store.put(snapshot, f"warehouse/{name}")
        size, sha256 = snapshot.stat().st_size, file_sha256(snapshot)
    manifest = Manifest(name, now.isoformat(), kind, sha256, size, len(files), head, register)
    store.write_manifest(manifest)
    if not problems:
        _let_go(store, [*earlier, manifest], personal, now)
    return Backup(manifest, copied + parts, problems)


@contextmanager
def _workspace(settings: Settings) -> Iterator[str]:
    """A folder for one copy of the warehouse on its own disk; what a kill left of an earlier one is cleared away: a
    copy is large, and one a day would fill the disk."""
    place = settings.home / ".backup"
    place.mkdir(exist_ok=True)
    with home_lock(place):
        for left in place.glob("copy-*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=place, prefix="copy-") as folder:
            yield folder


def _log_problems(conn: Connection, earlier: Sequence[Manifest]) -> list[str]:
    """A log that was cut off or rewritten no longer holds the line that the last backup ended with."""
    if not earlier or audit.holds(conn, *earlier[-1].head):
        return []
    return [f"the audit log no longer holds line {earlier[-1].head[0]} as it was backed up at {earlier[-1].at}"]


def _copy_archive(office: Office, store: Store, files: Sequence[str], problems: list[str]) -> int:
    there, copied = store.sizes("archive"), 0
    for sha256 in files:
        name, path = f"{sha256[:2]}/{sha256}", office.archive.path(sha256)
        if name in there and (not path.is_file() or there[name] == path.stat().st_size):
            continue  # damage here is fixity's to find, and mended from there
        if not is_whole(office, sha256):
            problems.append(f"archive: {sha256} is not there as it came, and no whole copy was backed up")
            continue
        store.put(path, f"archive/{name}")
        copied += 1
    return copied


def _copy_releases(office: Office, store: Store) -> int:
    """Published files never change; drafts are written anew when they are wanted."""
    root, there, copied = office.settings.outbox / "releases", store.sizes("releases"), 0
    for path in sorted(root.glob("*/*")):
        name = path.relative_to(root).as_posix()
        if path.name.startswith(".") or "_草稿" in path.name:  # may be gone by now
            continue
        if there.get(name) == path.stat().st_size:
            continue
        store.put(path, f"releases/{name}")
        copied += 1
    return copied


def _copy_register(office: Office, store: Store) -> tuple[int, int]:
    """The version in force (0: the one that came with the definitions), and how many files of it and of those before it
    were new. They never change; a version after it is one that nobody turned to, and may be written again."""
    versions = RegisterStore(office.settings.register_store)
    current, there, copied = versions.current(), store.sizes("register"), 0
    last = current.version if current else 0
    for version in range(1, last + 1):
        for path in sorted(versions.path(version).glob("*")):
            name = path.relative_to(versions.folder).as_posix()
            if name not in there:
                store.put(path, f"register/{name}")
                copied += 1
    return last, copied


def _let_go(store: Store, manifests: Sequence[Manifest], personal: set[str], now: dt.datetime) -> None:
    """Backups whose time is over; files in which personal data was found since they were backed up."""
    for old in expired(manifests, now):
        store.remove(f"warehouse/{old.name}.json")
        store.remove(f"warehouse/{old.name}")
    for name in store.sizes("archive"):
        if name[3:] in personal:
            store.remove(f"archive/{name}")


def expired(manifests: Sequence[Manifest], now: dt.datetime) -> list[Manifest]:
    """Those older than DAYS that are not the first of one of the last MONTHS; never the newest."""
    kept, months = set(), set()
    for manifest in sorted(manifests, key=lambda manifest: manifest.at):
        made = dt.datetime.fromisoformat(manifest.at)
        age = (now.year - made.year) * 12 + now.month - made.month
        if now - made <= dt.timedelta(days=DAYS) or (age <= MONTHS and (made.year, made.month) not in months):
            kept.add(manifest.name)
        months.add((made.year, made.month))
    newest = max((manifest.at for manifest in manifests), default="")
    return [manifest for manifest in manifests if manifest.name not in kept and manifest.at != newest]


def restore(settings: Settings, *, name: str = "", fields_of: FieldsOf = connection_fields) -> list[str]:
    """Brings a backup (default: the newest) into an empty JINGUO_HOME and an empty database; what ``audit verify``
    finds in it. Refused where there is anything already."""
    store = open_store(settings, fields_of)
    manifest = next((each for each in reversed(store.manifests()) if name in ("", each.name)), None)
    if manifest is None:
        raise Refused(f"there is no backup {name} in {settings.backup}; see `archive list`")
    if settings.archive.exists() and any(settings.archive.iterdir()):
        raise Refused(f"{settings.archive} is not empty; restore into an empty JINGUO_HOME")
    if manifest.database != kind_of(settings.warehouse_url):
        raise Refused(f"{manifest.name} is of {manifest.database}: set JINGUO_WAREHOUSE_URL to one")
    settings.home.mkdir(parents=True, exist_ok=True)
    with _workspace(settings) as folder:
        snapshot = Path(folder) / manifest.name
        store.get(f"warehouse/{manifest.name}", snapshot)
        if file_sha256(snapshot) != manifest.sha256:
            raise JinguoError(f"{manifest.name} is damaged: restore an earlier one")
        put_back(snapshot, settings.warehouse_url)
    _bring_register(settings, store, manifest.register)
    with open_office(settings) as office:
        _bring_files(office, store)
    return verify_all(settings)


def _bring_register(settings: Settings, store: Store, last: int) -> None:
    """The versions up to the one in force at the time, and the link to that."""
    versions = RegisterStore(settings.register_store)
    for name in sorted(store.sizes("register")):
        if int(name.partition("/")[0]) <= last:
            store.get(f"register/{name}", versions.folder / name)
    if last:
        versions.put_in_force(last)


def _bring_files(office: Office, store: Store) -> None:
    with office.warehouse.read() as conn:
        known = {f"{sha256[:2]}/{sha256}" for sha256 in archived_files(office, conn)}
    for folder, names, target in (
        ("archive", store.sizes("archive").keys() & known, office.settings.archive),
        ("releases", store.sizes("releases").keys(), office.settings.outbox / "releases"),
    ):
        for name in sorted(names):
            store.get(f"{folder}/{name}", target / name)


def _record(office: Office, state: str, detail: str) -> None:
    with office.warehouse.write() as conn:
        at = office.settings.now()
        record_run(conn, BACKUP, state, at=at, detail=detail)
        details = {"state": state, "backup": detail}
        audit.append(conn, at=at, actor=audit.SYSTEM, action="back_up", subject=BACKUP, details=details)
