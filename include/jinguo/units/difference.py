"""What one register says that another does not: which units, which duties, which places, which names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from jinguo.periods import Period
from jinguo.units.kinds import KIND_OF, Kind
from jinguo.units.tables import FIRST, KINDS, LAST, Fault, Line, Tables, first_of, is_valid, last_of

_KEYS = {
    "denominators": ("unit_code", "measure", "as_of"),
    "aliases": ("alias", "code"),
    "obligations": ("unit_code", "form", "valid_from"),
    "towns": ("town_id",),
}


@dataclass(frozen=True)
class Event:
    """Something that happens to a unit. ``kind``: added, ended, renamed, recoded, merged, split, transferred or
    corrected; ``period``: the first under the new arrangement ("": always)."""

    kind: str
    unit_id: int
    code: str
    name: str
    period: str
    text: str


@dataclass(frozen=True)
class Altered:
    """A line of another file that is new, gone or different."""

    file: str
    key: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """``events``: units, by period; ``altered``: duties, ownership, counts, names."""

    events: tuple[Event, ...]
    altered: tuple[Altered, ...]

    @property
    def unit_ids(self) -> set[int]:
        return {event.unit_id for event in self.events}

    def __bool__(self) -> bool:
        return bool(self.events or self.altered)

    def as_json(self) -> dict[str, Any]:
        return {"events": [asdict(e) for e in self.events], "altered": [asdict(a) for a in self.altered]}


def compare_tables(before: Tables, after: Tables) -> Difference:
    """From one register to another."""
    old, new = _by_id(before), _by_id(after)
    recorded = list(_recorded(before, after))
    events = [*recorded]
    for unit_id, rows in new.items():
        events += _of_unit(unit_id, old.get(unit_id, []), rows, {e.kind for e in recorded if e.unit_id == unit_id})
    events.sort(key=lambda event: (event.period, event.unit_id))
    altered = [
        item for kind in KINDS if kind not in ("units", "history", "villages") for item in _altered(kind, before, after)
    ]
    return Difference(tuple(events), tuple(altered))


def identity_faults(before: Tables, after: Tables) -> Iterator[Fault]:
    """A unit_id stays and stays the same unit: stored figures carry nothing else."""
    old, new = _by_id(before), _by_id(after)
    for unit_id, rows in old.items():
        codes = {row["code"] for row in rows}
        if unit_id not in new:
            accepted = f"a row of it: {rows[-1]['name']} may end, it is not taken out"
            yield Fault("units.csv", 0, "unit_id", str(unit_id), accepted)
        elif not codes & {row["code"] for row in new[unit_id]}:
            first, accepted = new[unit_id][0], f"a row with {', '.join(sorted(codes))}: unit {unit_id} is that unit"
            yield Fault("units.csv", first.number, f"unit {unit_id}: code", first["code"], accepted)


def _by_id(tables: Tables) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    for line in tables.lines["units"]:
        found.setdefault(int(line["unit_id"]), []).append(line)
    return {unit_id: sorted(rows, key=first_of) for unit_id, rows in found.items()}


def _recorded(before: Tables, after: Tables) -> Iterator[Event]:
    """Mergers, divisions and closures, which the history alone tells."""
    known = {tuple(line.values()) for line in before.lines["history"]}
    words = {Kind.MERGE: ("merged", "并入"), Kind.SPLIT: ("split", "分出"), Kind.END: ("ended", "撤销")}
    for line in after.lines["history"]:
        kind = KIND_OF.get(line["change_type"])
        if tuple(line.values()) in known or kind not in words:
            continue
        ids = [int(row["unit_id"]) for row in after.lines["units"] if row["code"] == line["old_code"]]
        name, word = words[kind]
        text = f"{line['old_name']}{word}{line['new_name']}{line['new_code']}"
        yield Event(name, ids[-1] if ids else 0, line["old_code"], line["old_name"], line["effective"], text)


_COLUMNS = (("renamed", "name", "更名为"), ("recoded", "code", "改码为"), ("transferred", "parent_code", "划归"))


def _of_unit(unit_id: int, old: list[Line], new: list[Line], told: set[str]) -> Iterator[Event]:
    """What its rows tell, each thing once, at the first period in which they differ in it."""
    if not old:
        first, text = new[0], f"新增{new[0]['name']}（上级{new[0]['parent_code']}）"
        yield Event("added", unit_id, first["code"], first["name"], first["valid_from"], text)
        return
    seen = set(told)
    for moment, was, became in _differing(old, new):
        row, found = became or was, []
        if became is None and not seen & {"ended", "merged", "split"}:
            found = [("ended", f"{was['name']}截至{moment.previous}")]
        elif was is not None and became is not None:
            found = [
                (kind, f"{was['name']}{word}{became[column]}")
                for kind, column, word in _COLUMNS
                if was[column] != became[column]
            ]
        if became is not None and not found:
            found = [("corrected", f"{became['name']}的登记有改动")]
        for kind, text in found:
            if kind not in seen:
                seen.add(kind)
                yield Event(kind, unit_id, row["code"], row["name"], "" if moment == FIRST else str(moment), text)


def _differing(old: list[Line], new: list[Line]) -> Iterator[tuple[Period, Line | None, Line | None]]:
    """The periods from which the rows say something else, with the row before and the one after."""
    rows = (*old, *new)
    moments = {first_of(row) for row in rows} | {last_of(row).plus(1) for row in rows if last_of(row) < LAST}
    for moment in sorted(moments):
        was, became = (next((row for row in each if is_valid(row, moment)), None) for each in (old, new))
        if _said(was) != _said(became):
            yield moment, was, became


def _said(row: Line | None) -> dict[str, str] | None:
    return {key: value for key, value in row.items() if key not in ("valid_from", "valid_to")} if row else None


def _altered(kind: str, before: Tables, after: Tables) -> Iterator[Altered]:
    """Lines under what names them; dated ones (duties, ownership): whom they are about and their beginning."""
    columns = after.columns[kind]
    keys = _KEYS.get(kind, (columns[0], "valid_from"))
    old, new = ({tuple(line[key] for key in keys): line for line in t.lines[kind]} for t in (before, after))
    for key in dict.fromkeys([*old, *new]):
        pair = old.get(key), new.get(key)
        if pair[0] != pair[1]:
            shown = [", ".join(line[column] for column in columns) if line else "" for line in pair]
            yield Altered(f"{kind}.csv", " ".join(key), *shown)
