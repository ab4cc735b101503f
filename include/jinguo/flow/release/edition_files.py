"""An edition's files: workbook, bulletin, where its numbers come from; of a published one also the manifest.

The warehouse says what an edition is; its files follow from it, with the same bytes each time. Of a published edition
the manifest is written last, of a draft the workbook: where that is, all of them are, whenever the process was killed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from jinguo.files import sync, write_whole
from jinguo.flow.office import Office
from jinguo.periods import Period, Span, parse_released, released_of_key
from jinguo.release.manifest import damage, intact_files, lacks_files, manifest_bytes, manifest_name
from jinguo.release.model import Edition
from jinguo.release.workbook import workbook_name, write_release_workbook
from jinguo.warehouse import audit, releases
from jinguo.warehouse.records import Release
from jinguo.warehouse.submissions import submissions_by_id

_ACTION = "write_manifest"


def write_edition(office: Office, edition: Edition, *, out: Path | None = None) -> Path:
    """The edition's files in ``out``, the path of its workbook; writing them again gives the same bytes.

    A published edition also stands in the outbox, with its manifest, whose hash goes into the audit log, and takes the
    place of its draft. What still is as it was published is not written again: a later program, or later words in
    schemas/release, would make another file of it.
    """
    if edition.state != "published":
        return _write_files(office, edition, out or _folder(office, edition.period))[0]
    folder = _folder(office, edition.period)
    kept = _as_published(office, edition)
    files = _write_files(office, edition, folder, kept)
    _remove_draft(folder, files)
    manifest = _manifest_path(office, edition.period, edition.number or 0)
    is_whole = {path.name for path in files} <= kept
    files.append(manifest if is_whole else _write_manifest(office, edition, manifest, files))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        files = [Path(shutil.copy(path, out / path.name)) for path in files]
        _remove_draft(out, files)
    return files[0]


def _remove_draft(folder: Path, files: list[Path]) -> None:
    """A draft says “不得对外引用” and must not lie beside what is published."""
    for path in files:
        if "_正式" in path.name:
            (folder / path.name.replace("_正式", "_草稿")).unlink(missing_ok=True)


def _as_published(office: Office, edition: Edition) -> frozenset[str]:
    """The names of the edition's files that are as its manifest says, which is as the audit log says."""
    subject = releases.subject_of(edition.period.key, edition.number or 0)
    with office.warehouse.read() as conn:
        recorded = [entry.details for entry in audit.entries(conn, subject=subject) if entry.action == _ACTION]
    manifest = _manifest_path(office, edition.period, edition.number or 0)
    return intact_files(manifest, recorded[-1]["sha256"]) if recorded else frozenset()


def has_draft_files(office: Office, edition: Edition) -> bool:
    """Whether the files of this very draft are in the outbox, not those that it was before it was rewritten."""
    from jinguo.release.bulletin import bulletin_name

    folder = _folder(office, edition.period)
    workbook, bulletin = folder / workbook_name(edition), folder / bulletin_name(edition)
    if not all(path.exists() for path in (workbook, bulletin, folder / _sources_name(bulletin.name))):
        return False
    try:
        with zipfile.ZipFile(workbook) as package:
            return edition.frozen_hash.encode() in package.read("docProps/core.xml")
    except (zipfile.BadZipFile, KeyError):
        return False


def unwritten_releases(office: Office) -> list[Release]:
    """The published editions that lack a file in the outbox: a crash came in between, or somebody took it away."""
    with office.warehouse.read() as conn:
        published = [release for release in releases.all_releases(conn) if release.state == "published"]
    return [
        release
        for release in reversed(published)
        if lacks_files(_manifest_path(office, released_of_key(release.period_key), release.edition))
    ]


def _manifest_path(office: Office, period: Period | Span, number: int) -> Path:
    return _folder(office, period) / manifest_name(period, number)


def _sources_name(bulletin: str) -> str:
    return f"{Path(bulletin).stem}_数字出处.json"


def damaged_releases(office: Office) -> list[str]:
    """Which published editions have no manifest on record, and which files are no longer as they were published, in
    words."""
    with office.warehouse.read() as conn:
        recorded = {entry.subject: entry.details for entry in audit.entries(conn) if entry.action == _ACTION}
        published = [release for release in releases.all_releases(conn) if release.state == "published"]
    problems = [
        f"release: edition {release.edition} of {released_of_key(release.period_key)} was published, but its files "
        f"were not written; run `python -m jinguo release --period {released_of_key(release.period_key)}`"
        for release in reversed(published)
        if releases.subject_of(release.period_key, release.edition) not in recorded
    ]
    for details in recorded.values():
        folder = _folder(office, parse_released(details["period"]))
        problems += damage(folder / details["file"], details["sha256"])
    return problems


def _folder(office: Office, period: Period | Span) -> Path:
    return office.settings.outbox / "releases" / str(period)


def _write_files(office: Office, edition: Edition, folder: Path, kept: frozenset[str] = frozenset()) -> list[Path]:
    """Workbook, bulletin and where its numbers come from; those whose names are in ``kept`` stand there already."""
    from jinguo.release.bulletin import bulletin_name, write_bulletin  # python-docx: only whoever writes one waits

    schemas = office.settings.schemas
    folder.mkdir(parents=True, exist_ok=True)

    def write_workbook() -> Path:
        path = folder / workbook_name(edition)
        if path.name in kept:
            return path
        return _write(path, lambda partial: write_release_workbook(partial, edition, schemas=schemas))

    bulletin = folder / bulletin_name(edition)
    source = folder / _sources_name(bulletin.name)
    if not {bulletin.name, source.name} <= kept:
        numbers: list[dict[str, str]] = []
        _write(bulletin, lambda path: numbers.extend(map(asdict, write_bulletin(path, edition, schemas=schemas))))
        _write(
            source,
            lambda path: path.write_text(json.dumps(numbers, ensure_ascii=False, indent=1) + "\n", "utf-8"),
        )
    return [write_workbook(), bulletin, source]


def _write_manifest(office: Office, edition: Edition, path: Path, files: list[Path]) -> Path:
    number = edition.number or 0
    with office.warehouse.read() as conn:
        rules = releases.rules_of(conn, edition.period.key, number)
        rows = submissions_by_id(conn, [r.submission_id for r in edition.figures.members if r.submission_id])
    content = manifest_bytes(edition, rules=rules, submissions=rows, outputs=files)
    details = {"period": str(edition.period), "file": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    subject = releases.subject_of(edition.period.key, number)
    with office.warehouse.write() as conn:
        recorded = [entry.details for entry in audit.entries(conn, subject=subject) if entry.action == _ACTION]
        if not recorded or recorded[-1] != details:
            now = office.settings.now()
            audit.append(conn, at=now, actor=audit.SYSTEM, action=_ACTION, subject=subject, details=details)
    return _write(path, lambda partial: partial.write_bytes(content))


def _write(path: Path, write: Callable[[Path], object]) -> Path:
    """On the disk under its name before anything says that it is."""

    def write_and_sync(partial: Path) -> None:
        write(partial)
        sync(partial)

    write_whole(path, write_and_sync)
    sync(path.parent)
    return path
