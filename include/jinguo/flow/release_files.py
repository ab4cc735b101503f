"""An edition's files: workbook, bulletin, where its numbers come from; of a published one also the manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.release.manifest import damage, file_hash, manifest_bytes, manifest_name
from jinguo.release.model import Edition
from jinguo.release.workbook import workbook_name, write_release_workbook
from jinguo.warehouse import audit, releases
from jinguo.warehouse.submissions import submissions_by_id

_ACTION = "write_manifest"


def write_edition(office: Office, edition: Edition, *, out: Path | None = None) -> Path:
    """The edition's files in ``out``, the path of its workbook; writing them again gives the same bytes.

    A published edition also stands in the outbox, with its manifest, whose hash goes into the audit log, and takes the
    place of its draft.
    """
    if edition.state != "published":
        return _write_files(office, edition, out or _folder(office, edition.period))[0]
    folder = _folder(office, edition.period)
    files = _write_files(office, edition, folder)
    files.append(_write_manifest(office, edition, folder, files))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        files = [Path(shutil.copy(path, out / path.name)) for path in files]
    drafts = [path.name.replace("_正式", "_草稿") for path in files if "_正式" in path.name]
    for place in {folder, files[0].parent}:  # a draft says “不得对外引用” and must not lie beside what is published
        for name in drafts:
            (place / name).unlink(missing_ok=True)
    return files[0]


def _sources_name(bulletin: str) -> str:
    return f"{Path(bulletin).stem}_数字出处.json"


def damaged_releases(office: Office) -> list[str]:
    """Which published files are no longer as they were published, in words."""
    with office.warehouse.read() as conn:
        recorded = {entry.subject: entry.details for entry in audit.entries(conn) if entry.action == _ACTION}
    problems = []
    for details in recorded.values():
        folder = _folder(office, Period.parse(details["period"]))
        problems += damage(folder / details["file"], details["sha256"])
    return problems


def _folder(office: Office, period: Period) -> Path:
    return office.settings.outbox / "releases" / str(period)


def _write_files(office: Office, edition: Edition, folder: Path) -> list[Path]:
    from jinguo.release.bulletin import bulletin_name, write_bulletin  # python-docx: only whoever writes one waits

    schemas = office.settings.schemas
    folder.mkdir(parents=True, exist_ok=True)
    workbook = _write(
        folder / workbook_name(edition), lambda path: write_release_workbook(path, edition, schemas=schemas)
    )
    numbers: list[dict[str, str]] = []
    bulletin = _write(
        folder / bulletin_name(edition),
        lambda path: numbers.extend(map(asdict, write_bulletin(path, edition, schemas=schemas))),
    )
    source = _write(
        folder / _sources_name(bulletin.name),
        lambda path: path.write_text(json.dumps(numbers, ensure_ascii=False, indent=1) + "\n", "utf-8"),
    )
    return [workbook, bulletin, source]


def _write_manifest(office: Office, edition: Edition, folder: Path, files: list[Path]) -> Path:
    number = edition.number or 0
    with office.warehouse.read() as conn:
        rules = releases.rules_of(conn, edition.period.key, number)
        rows = submissions_by_id(conn, [report.submission_id or 0 for report in edition.figures.members])
    content = manifest_bytes(edition, rules=rules, submissions=rows, outputs=files)
    path = _write(folder / manifest_name(edition), lambda partial: partial.write_bytes(content))
    details = {"period": str(edition.period), "file": path.name, "sha256": file_hash(path)}
    subject = releases.subject_of(edition.period.key, number)
    with office.warehouse.write() as conn:
        recorded = [entry.details for entry in audit.entries(conn, subject=subject) if entry.action == _ACTION]
        if not recorded or recorded[-1] != details:
            now = office.settings.now()
            audit.append(conn, at=now, actor=audit.SYSTEM, action=_ACTION, subject=subject, details=details)
    return path


def _write(path: Path, write: Callable[[Path], object]) -> Path:
    """Nobody sees half a file."""
    partial = path.with_name(f".{path.name}.part")
    write(partial)
    partial.replace(path)
    return path
