"""A change file: what an operator writes when the map changes, in YAML or CSV, one entry a change."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from jinguo.periods import Period
from jinguo.units.tables import Fault, month_of

_NAMES = ("name", "short_name", "org_name", "org_short", "category")
_EVIDENCE = ("from", "document", "source", "approved", "announced", "inaugurated")
# What each kind of entry needs, and what it may say beside names and evidence.
_NEEDS = {
    "rename": ("name",),
    "recode": ("to",),
    "merge": ("into",),
    "split": ("into",),
    "transfer": ("to",),
    "add": ("name", "parent"),
    "end": (),
    "own": ("owner",),
    "count": ("measure", "value", "as_of"),
}
_MAY = {
    "merge": ("parent", "unit_type"),
    "split": ("old_values",),
    "add": ("unit_type", "code_system", "basis"),
    "own": ("place_name",),
}
ACTIONS = tuple(_NEEDS)
_LISTS = {"merge", "split"}
_HEAD = ("document", "source", "changes")


@dataclass(frozen=True)
class Change:
    """One entry. ``codes``: whom it is about; ``start``: the first period (报告期) under the new arrangement;
    ``into``: the codes that come out of it."""

    file: str
    line: int
    action: str
    codes: tuple[str, ...]
    start: Period
    into: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.codes[0]

    def get(self, key: str) -> str:
        return self.fields.get(key, "")

    def fault(self, key: str, value: str, accepted: str) -> Fault:
        return Fault(self.file, self.line, f"{self.action} {' '.join(self.codes)}: {key}", value, accepted)


@dataclass
class _Entry:
    line: int
    values: dict[str, list[str]]


def read_changes(path: Path) -> tuple[list[Change], list[Fault]]:
    """The entries of a change file in its order, and what is wrong with any by itself."""
    try:
        text = path.read_text("utf-8-sig")
        entries, common = _from_csv(text) if path.suffix.lower() == ".csv" else _from_yaml(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        return [], [Fault(path.name, line, "(file)", " ".join(str(error).split())[:120], "YAML or CSV in UTF-8")]
    changes, faults = [], []
    for entry in entries:
        wrong = list(_entry_faults(path.name, entry, common))
        faults += wrong
        if not wrong:
            changes.append(_change(path.name, entry, common))
    if not entries:
        faults.append(Fault(path.name, 1, "changes", "", f"at least one of: {', '.join(ACTIONS)}"))
    return changes, faults


def _from_yaml(text: str) -> tuple[list[_Entry], dict[str, str]]:
    """Every value as it is written: 430304 stays a code, 2026-07 a month."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    common: dict[str, str] = {}
    listed = root
    if isinstance(root, yaml.MappingNode):
        listed = None
        for key, value in root.value:
            if key.value not in _HEAD:
                raise yaml.MarkedYAMLError(problem=f"{key.value}: {', '.join(_HEAD)}", problem_mark=key.start_mark)
            if key.value == "changes":
                listed = value
            else:
                common[key.value] = value.value
    nodes = listed.value if isinstance(listed, yaml.SequenceNode) else []
    return [_entry(node) for node in nodes], common


def _entry(node: yaml.Node) -> _Entry:
    if not isinstance(node, yaml.MappingNode):
        raise yaml.MarkedYAMLError(problem="an entry such as {rename: CODE, …}", problem_mark=node.start_mark)
    return _Entry(node.start_mark.line + 1, {key.value: _texts(value) for key, value in node.value})


def _texts(node: yaml.Node) -> list[str]:
    if isinstance(node, yaml.SequenceNode):
        return [str(item.value) for item in node.value]
    return [str(node.value)]


def _from_csv(text: str) -> tuple[list[_Entry], dict[str, str]]:
    """Columns ``action`` and ``code``, and those of the entries; several codes stand apart by spaces."""
    reader = csv.DictReader(text.splitlines())
    entries = []
    for row in reader:
        values = {key: value.strip() for key, value in row.items() if key and isinstance(value, str) and value.strip()}
        action = values.pop("action", "")
        found = {key: [value] for key, value in values.items()} | {action: [values.pop("code", "")]}
        found.pop("code", None)
        for key in (action, "into"):
            if key in found:
                found[key] = re.split(r"[\s、;]+", found[key][0])
        entries.append(_Entry(reader.line_num, found))
    return entries, {}


def _entry_faults(file: str, entry: _Entry, common: Mapping[str, str]) -> Iterator[Fault]:
    actions = [key for key in entry.values if key in ACTIONS]
    if len(actions) != 1:
        yield Fault(
            file, entry.line, "action", " ".join(actions or entry.values), f"exactly one of {', '.join(ACTIONS)}"
        )
        return
    (action,) = actions
    codes, values = entry.values[action], {key: " ".join(value) for key, value in entry.values.items()}
    who = f"{action} {' '.join(codes)}"
    accepted = (action, *_EVIDENCE, *_NAMES, *_NEEDS[action], *_MAY.get(action, ()))
    for key in values:
        if key not in accepted:
            yield Fault(file, entry.line, f"{who}: {key}", values[key], f"one of {', '.join(accepted)}")
    for key in ("from", *_NEEDS[action]):
        if not values.get(key):
            yield Fault(file, entry.line, f"{who}: {key}", "", f"{key}: …")
    if values.get("from") and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", values["from"]):
        yield Fault(
            file, entry.line, f"{who}: from", values["from"], "the first month (报告期) of the change, such as 2026-07"
        )
    if not any(values.get(key) or common.get(key) for key in ("document", "source")):
        yield Fault(file, entry.line, f"{who}: source", "", "document or source: on what authority")
    if not all(codes) or (len(codes) > 1 and action != "merge"):
        yield Fault(file, entry.line, f"{who}: {action}", " ".join(codes), "one code, of merge several")
    for key in ("approved", "announced", "inaugurated"):
        if values.get(key) and month_of(values[key]) is None:
            yield Fault(file, entry.line, f"{who}: {key}", values[key], "a date such as 2026-06-18")


def _change(file: str, entry: _Entry, common: Mapping[str, str]) -> Change:
    action = next(key for key in entry.values if key in ACTIONS)
    fields = {key: " ".join(value) for key, value in entry.values.items() if key != action}
    evidence = {key: fields.get(key) or common.get(key, "") for key in ("document", "source")}
    into = entry.values.get("into") or entry.values.get("to") or []
    return Change(
        file,
        entry.line,
        action,
        tuple(entry.values[action]),
        Period.parse(fields["from"]),
        tuple(into),
        fields | evidence,
    )
