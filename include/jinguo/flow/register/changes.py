"""The unit register: is it sound, what would a change do to it and to what is stored, and the change put in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinguo.errors import JinguoError, Refused
from jinguo.files import file_sha256
from jinguo.flow.office import open_office
from jinguo.flow.register.effects import AffectedSeries, affected_series, open_questions
from jinguo.periods import Period
from jinguo.settings import Settings
from jinguo.units.applying import apply_changes
from jinguo.units.changes import Change, read_changes
from jinguo.units.checks import check_folder, check_tables
from jinguo.units.difference import Difference, compare_tables, identity_faults
from jinguo.units.opening import opening_changes
from jinguo.units.store import ImportRecord, RegisterStore
from jinguo.units.tables import Fault, Tables, fingerprint, read_tables
from jinguo.warehouse import audit

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jinguo.flow.office import Office

ACTION, SUBJECT = "import_units", "units"


class UnsoundRegisterError(JinguoError):
    """A register, or a change to it, contradicts itself; ``faults`` says where."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} mistakes in the register: " + "; ".join(str(fault) for fault in faults[:3]))
        self.faults = list(faults)


@dataclass(frozen=True)
class Preview:
    """What a change would do. ``questions``: what a person has to decide before it is put in force."""

    tables: Tables
    difference: Difference
    series: tuple[AffectedSeries, ...]
    questions: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        series = [item.as_json() for item in self.series]
        return self.difference.as_json() | {"series": series, "questions": list(self.questions)}


def validate_register(settings: Settings, folder: Path | None = None) -> list[Fault]:
    """The mistakes in a register folder, by default in the register in force; empty: it may be used."""
    return check_folder(folder or settings.register, settings.schemas)


def preview_change(settings: Settings, path: Path) -> Preview:
    """What would change if ``path`` (a change file, or a folder with a whole register) were put in force.

    UnsoundRegisterError with every mistake in it, and in what would come out of it.
    """
    with open_office(settings) as office, office.warehouse.read() as conn:
        return _preview(office, conn, path)


def import_register(
    settings: Settings, path: Path, *, actor: str, reason: str, is_decided: bool = False
) -> tuple[ImportRecord, Preview | None]:
    """Puts a change in force: a new version of the whole register, and who did it and why in the audit log.

    Refused when a person has something to decide and nobody said that it is (``is_decided``). Once more the same
    file, or a folder that says what is in force, changes nothing: (the record, None).
    """
    if not actor.strip() or not reason.strip():
        raise Refused("give --actor and --reason: who changes the register, and why")
    store = RegisterStore(settings.register_store)
    with open_office(settings) as office, office.warehouse.write() as conn:
        _settle(conn, store)
        known = _already_there(store, path)
        if known is not None:
            return known, None
        preview = _preview(office, conn, path)
        if preview.questions and not is_decided:
            raise Refused("somebody has to decide first (then --decided): " + "；".join(preview.questions))
        record = _new_record(settings, store, path, actor=actor.strip(), reason=reason.strip())
        store.write(preview.tables, record, path if path.is_file() else None)
        record = next(item for item in store.records() if item.version == record.version)
        _demand_sound(check_folder(store.path(record.version), settings.schemas))
        told = {"events": [event.text for event in preview.difference.events], "questions": list(preview.questions)}
        _tell(conn, record, **told)
        store.put_in_force(record.version)  # a cut before the commit: the next import adds the audit line
    return record, preview


def write_changed(settings: Settings, path: Path, out: Path) -> Difference:
    """The register as it would be, into the new folder ``out``; the one in force stays."""
    if out.exists():
        raise Refused(f"--out {out}: is there already; name a new folder")
    before, _ = read_tables(settings.register, settings.schemas)
    tables = _changed(settings, before, path)[0]
    tables.write(out)
    return compare_tables(before, tables)


def write_opening(settings: Settings, county: str, start: Period, *, out: Path, down_to: str) -> int:
    """The change file that makes a county's townships, and villages, reporting units; how many entries it has."""
    with open_office(settings) as office:
        text = opening_changes(office.register, county, start, down_to=down_to)
    out.write_text(text, "utf-8")
    return text.count("\n  - ")


def unrecorded_version(conn: Connection, store: RegisterStore) -> ImportRecord | None:
    """The version in force, where the audit log does not tell of it; None: it does, or nothing was imported."""
    record = store.current()
    if record is None:
        return None
    told = (entry.details for entry in audit.entries(conn, subject=SUBJECT) if entry.action == ACTION)
    return None if any(details["after"] == record.after for details in told) else record


def _settle(conn: Connection, store: RegisterStore) -> None:
    """The audit line of a version that came into force just before a power cut."""
    record = unrecorded_version(conn, store)
    if record is not None:
        _tell(conn, record, settled=True)


def _tell(conn: Connection, record: ImportRecord, **more: Any) -> None:
    at = dt.datetime.fromisoformat(record.at)
    told = {key: getattr(record, key) for key in ("version", "reason", "file", "file_sha256", "before", "after")}
    audit.append(conn, at=at, actor=record.actor, action=ACTION, subject=SUBJECT, details=told | more)


def _already_there(store: RegisterStore, path: Path) -> ImportRecord | None:
    current = store.current()
    if current is None:
        return None
    if path.is_dir():
        return current if fingerprint(path) == current.after else None
    sha256 = file_sha256(path)
    return next((r for r in store.records() if r.file_sha256 == sha256 and r.version <= current.version), None)


def _new_record(settings: Settings, store: RegisterStore, path: Path, *, actor: str, reason: str) -> ImportRecord:
    current = store.current()
    return ImportRecord(
        version=current.version + 1 if current else 1,
        at=settings.now().isoformat(),
        actor=actor,
        reason=reason,
        file=path.name,
        file_sha256=file_sha256(path) if path.is_file() else "",
        before=fingerprint(settings.register),
        after="",
        shipped=fingerprint(settings.schemas / "units"),
    )


def _preview(office: Office, conn: Connection, path: Path) -> Preview:
    settings = office.settings
    before, faults = read_tables(settings.register, settings.schemas)
    _demand_sound(faults or check_tables(before))
    after, changes = _changed(settings, before, path)
    difference = compare_tables(before, after)
    series = affected_series(conn, difference, after)
    questions = open_questions(conn, difference, before, after, changes)
    return Preview(after, difference, tuple(series), tuple(questions))


def _changed(settings: Settings, before: Tables, path: Path) -> tuple[Tables, list[Change]]:
    changes: list[Change] = []
    if path.is_dir():
        after, faults = read_tables(path, settings.schemas)
    else:
        changes, faults = read_changes(path)
        after, more = apply_changes(before, changes)
        faults += more
    _demand_sound(faults)
    outcome = "after the change: " if path.is_file() else ""
    _demand_sound([replace(fault, file=f"{outcome}{fault.file}") for fault in check_tables(after)])
    _demand_sound(list(identity_faults(before, after)))
    return after, changes


def _demand_sound(faults: Sequence[Fault]) -> None:
    if faults:
        raise UnsoundRegisterError(faults)
