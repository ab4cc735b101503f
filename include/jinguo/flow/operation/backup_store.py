"""Where backups lie: a directory, or any storage that fsspec knows."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import fsspec

from jinguo.errors import Refused, SettingsError
from jinguo.settings import Settings, connection_fields

_log = logging.getLogger(__name__)
CONNECTION = "jinguo_backup"
FieldsOf = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True)
class Manifest:
    """What a backup is. ``head``: number and hash of the audit log's last line in it. ``register``: the imported
    version of the unit register in force then; 0: none was, or backups did not hold registers yet."""

    name: str
    at: str
    database: str
    sha256: str
    size: int
    file_count: int
    head: tuple[int, str]
    register: int = 0


class Store:
    """The place of the backups, a directory or any storage that fsspec knows. Nobody sees half a file."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self.files, self.root = fsspec.core.url_to_fs(url, **options)

    def sizes(self, folder: str) -> dict[str, int]:
        """Path → size of all files below a folder; the paths begin there."""
        place = f"{self.root}/{folder}"
        found = self.files.find(place, detail=True) if self.files.exists(place) else {}
        below = f"{place.lstrip('/')}/"
        return {path.partition(below)[2]: entry["size"] for path, entry in found.items() if not path.endswith(".part")}

    def put(self, source: Path, name: str) -> None:
        target = f"{self.root}/{name}"
        self.files.makedirs(target.rpartition("/")[0], exist_ok=True)
        self.files.put_file(str(source), f"{target}.part")
        self.files.mv(f"{target}.part", target)

    def write_manifest(self, manifest: Manifest) -> None:
        """With it the backup counts."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(json.dumps(asdict(manifest), indent=1).encode())
            file.flush()
            self.put(Path(file.name), f"warehouse/{manifest.name}.json")

    def get(self, name: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self.files.get_file(f"{self.root}/{name}", str(target))

    def read(self, name: str) -> bytes:
        return self.files.cat_file(f"{self.root}/{name}")

    def remove(self, name: str) -> None:
        self.files.rm_file(f"{self.root}/{name}")

    def manifests(self) -> list[Manifest]:
        """The backups, oldest first. One whose manifest a power cut left half written does not count."""
        names = sorted(name for name in self.sizes("warehouse") if name.endswith(".json"))
        return [found for name in names if (found := self._manifest(name))]

    def _manifest(self, name: str) -> Manifest | None:
        try:
            fields = json.loads(self.read(f"warehouse/{name}"))
            return Manifest(**{**fields, "head": tuple(fields["head"])})
        except (ValueError, TypeError, KeyError):
            _log.warning("%s is no manifest: this backup does not count", name)
            return None


def open_store(settings: Settings, fields_of: FieldsOf = connection_fields) -> Store:
    """The store that JINGUO_BACKUP names, with the login of the connection ``jinguo_backup`` where there is one."""
    if not settings.backup:
        raise Refused("JINGUO_BACKUP is not set: it names a directory or storage outside JINGUO_HOME")
    try:
        fields = dict(fields_of(CONNECTION)) if "://" in settings.backup else {}
    except SettingsError:
        fields = {}
    names = ("key", "secret") if settings.backup.startswith("s3://") else ("username", "password")
    options = dict(zip(names, (fields.get("login"), fields.get("password")), strict=True)) if fields else {}
    if "endpoint_url" in fields:
        options["endpoint_url"] = fields["endpoint_url"]
    return Store(settings.backup, options)
