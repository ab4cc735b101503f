"""The register in force as versions of complete folders: a new one is whole on the disk before one link turns to it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from jinguo.files import sync
from jinguo.units.tables import Tables, fingerprint

_RECORD = "import.json"
_CURRENT = "current"


@dataclass(frozen=True)
class ImportRecord:
    """Who put a version in force, when, why, from which file. ``before`` and ``after``: fingerprints of the register;
    ``shipped``: that of the definitions' own at the time."""

    version: int
    at: str
    actor: str
    reason: str
    file: str
    file_sha256: str
    before: str
    after: str
    shipped: str


class RegisterStore:
    """``folder``: one sub-folder a version (0001 …), and the link ``current`` to the one in force."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def records(self) -> Iterator[ImportRecord]:
        """What is known of every whole version, oldest first, whether or not the link ever turned to it."""
        for path in sorted(self.folder.glob(f"[0-9][0-9][0-9][0-9]/{_RECORD}")):
            yield ImportRecord(**json.loads(path.read_text("utf-8")))

    def current(self) -> ImportRecord | None:
        """That of the version in force; None: nothing was ever imported."""
        link = self.folder / _CURRENT
        number = int(link.resolve().name) if link.is_symlink() else 0
        return next((record for record in self.records() if record.version == number), None)

    def path(self, version: int) -> Path:
        return self.folder / f"{version:04d}"

    def write(self, tables: Tables, record: ImportRecord, change_file: Path | None) -> None:
        """A version beside the others, not yet in force. Half a version never has its final name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f".{record.version:04d}.part"
        shutil.rmtree(partial, ignore_errors=True)
        tables.write(partial)
        if change_file is not None:
            shutil.copyfile(change_file, partial / f"change{change_file.suffix.lower()}")
        after = fingerprint(partial)
        text = json.dumps(asdict(record) | {"after": after}, ensure_ascii=False, indent=1)
        with (partial / _RECORD).open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        sync(partial)
        target = self.path(record.version)
        shutil.rmtree(target, ignore_errors=True)  # whole, but nobody turned to it before the power went
        partial.rename(target)
        sync(self.folder)

    def put_in_force(self, version: int) -> None:
        """From now on whoever opens the register finds this version: one rename, all or nothing."""
        link = self.folder / f".{_CURRENT}.new"
        link.unlink(missing_ok=True)
        link.symlink_to(self.path(version).name)
        link.replace(self.folder / _CURRENT)
        sync(self.folder)
