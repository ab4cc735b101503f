"""The register's files as lines of text with their numbers: what checks name, changes edit and imports write."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinguo.periods import Period

# In the order in which they are checked; each has its JSON Schema in schemas/meta.
KINDS = ("units", "history", "aliases", "obligations", "denominators", "ownership", "towns", "villages")
FIRST, LAST = Period(1, 1), Period(9999, 12)


class Line(dict[str, str]):
    """One line of a file, by column. ``number``: where it stands; 0: it stands nowhere yet."""

    def __init__(self, values: Mapping[str, str], number: int = 0) -> None:
        super().__init__(values)
        self.number = number


@dataclass(frozen=True)
class Fault:
    """A mistake in a file: where, what is there, what would be accepted."""

    file: str
    line: int
    key: str
    value: str
    accepted: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.value!r} (accepted: {self.accepted})"


@dataclass
class Tables:
    """All files of one register. ``lines``: by kind; ``columns``: their headers."""

    folder: Path
    lines: dict[str, list[Line]] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)

    def copy(self) -> Tables:
        """With lines of its own; those of the villages, which no change touches, are shared."""
        own = {kind: [Line(line, line.number) for line in self.lines[kind]] for kind in KINDS if kind != "villages"}
        return Tables(self.folder, {**self.lines, **own}, self.columns)

    def write(self, folder: Path) -> None:
        """All files into ``folder``, which is made; each is on the disk before this returns."""
        folder.mkdir(parents=True)
        for kind in KINDS:
            with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, self.columns[kind], lineterminator="\n")
                writer.writeheader()
                writer.writerows(self.lines[kind])
                file.flush()
                os.fsync(file.fileno())
        if (self.folder / "SOURCES.md").is_file():
            shutil.copyfile(self.folder / "SOURCES.md", folder / "SOURCES.md")


def read_tables(folder: Path, schemas: Path) -> tuple[Tables, list[Fault]]:
    """The files in ``folder``, and what is wrong with each line by itself: columns, patterns, words."""
    tables, faults = Tables(folder), []
    for kind in KINDS:
        name, properties = f"{kind}.csv", _properties(schemas, kind)
        tables.lines[kind], tables.columns[kind] = [], list(properties)
        path = folder / name
        if not path.is_file():
            faults.append(Fault(name, 0, "(file)", "", f"a file {name} in {folder}"))
            continue
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if list(reader.fieldnames or ()) != list(properties):
                faults.append(Fault(name, 1, "(columns)", ",".join(reader.fieldnames or ()), ",".join(properties)))
                continue
            for row in reader:
                tables.lines[kind].append(Line(row, reader.line_num))
        if kind != "villages":  # 29,500 lines of the 统计局, whose places alone are looked at
            faults += _value_faults(name, tables.lines[kind], properties)
    return tables, faults


def _value_faults(name: str, lines: Iterable[Line], properties: Mapping[str, Any]) -> Iterator[Fault]:
    import jsonschema

    checks = {key: jsonschema.Draft202012Validator(schema) for key, schema in properties.items()}
    known: dict[tuple[str, str], bool] = {}
    for line in lines:
        if None in line or None in line.values():
            yield Fault(
                name,
                line.number,
                "(line)",
                ",".join(str(value) for value in line.values()),
                "as many fields as columns",
            )
            continue
        for key, value in line.items():
            if (key, value) not in known:
                known[key, value] = checks[key].is_valid(value)
            if not known[key, value]:
                yield Fault(name, line.number, key, value, _accepted(properties[key]))


def _accepted(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(schema["enum"])
    return schema.get("pattern") or ("a text" if schema.get("minLength") else "another value")


@lru_cache(maxsize=32)
def _properties(schemas: Path, kind: str) -> Mapping[str, Any]:
    return json.loads((schemas / "meta" / f"{kind}.schema.json").read_text("utf-8"))["properties"]


def first_of(line: Mapping[str, str]) -> Period:
    """The first period of a dated line."""
    return month_of(line["valid_from"]) or FIRST


def last_of(line: Mapping[str, str]) -> Period:
    """The last period of a dated line."""
    return month_of(line["valid_to"]) or LAST


def month_of(text: str) -> Period | None:
    """The month of a date known to the day, the month or only the year (then January); None for "" and what is none."""
    year, month = [*text.split("-"), "01"][:2]
    try:
        return Period.parse(f"{year}-{month}")
    except ValueError:
        return None


def is_valid(line: Mapping[str, str], period: Period) -> bool:
    return first_of(line) <= period <= last_of(line)


def overlap(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return first_of(one) <= last_of(other) and first_of(other) <= last_of(one)


def fingerprint(folder: Path) -> str:
    """One hash over the contents of all files, whatever their line ends."""
    total = hashlib.sha256()
    for kind in KINDS:
        path = folder / f"{kind}.csv"
        content = path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b""
        total.update(f"{kind} {len(content)}\n".encode() + content)
    return total.hexdigest()
