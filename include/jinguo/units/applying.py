"""A change file applied to a register: rows end and others follow, nothing is removed, every refusal names its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from jinguo.forms.model import UNIT_TYPES
from jinguo.periods import Period
from jinguo.units.changes import Change
from jinguo.units.kinds import WORDS, Kind
from jinguo.units.naming import add_aliases, mark_ambiguous, names_for
from jinguo.units.tables import LAST, Fault, Line, Tables, first_of, is_valid, last_of

_ADDITIVE = ("towns", "village_committees", "communities", "villages", "population")
NOBODY = "none"  # old_values: of a division, that nobody goes on with the old figures


class _Contradiction(Exception):  # noqa: N818 - caught here: it ends one entry, the others are still looked at
    def __init__(self, key: str, value: str, accepted: str) -> None:
        super().__init__(key)
        self.key, self.value, self.accepted = key, value, accepted


def apply_changes(tables: Tables, changes: Sequence[Change]) -> tuple[Tables, list[Fault]]:
    """The tables after the entries, in their order, and what contradicts the register or an earlier entry.

    ``tables`` themselves stay as they are. An entry with a fault changes nothing.
    """
    done, faults = tables.copy(), []
    for change in changes:
        trial = done if change.action in _ALL_OR_NOTHING else done.copy()
        try:
            _ACTIONS[change.action](_Work(trial, change))
        except _Contradiction as found:
            faults.append(change.fault(found.key, found.value, found.accepted))
        else:
            done = trial
    mark_ambiguous(done.lines["aliases"])
    return done, faults


class _Work:
    """One entry at work on the tables."""

    def __init__(self, tables: Tables, change: Change) -> None:
        self.tables, self.change = tables, change
        self.start: Period = change.start

    def bearer(self, code: str, key: str) -> Line:
        """The unit's row that holds from the start on for good."""
        rows = [row for row in self.tables.lines["units"] if row["code"] == code]
        for row in rows:
            if is_valid(row, self.start) and last_of(row) == LAST:
                return row
        known = "; ".join(f"{row['name']} {row['valid_from'] or '…'} to {row['valid_to'] or '…'}" for row in rows)
        raise _Contradiction(
            key, code, f"a unit that is there from {self.start} on ({known or 'no unit has this code'})"
        )

    def demand_free(self, code: str, key: str) -> None:
        for row in self.tables.lines["units"]:
            if row["code"] == code and last_of(row) >= self.start:
                raise _Contradiction(key, code, f"a code that is free from {self.start} on ({row['name']} has it)")

    def follow(self, kind: str, line: Line, **values: str) -> Line:
        """``line`` ends before the start and one with other values follows; one that begins then is changed itself."""
        if first_of(line) >= self.start:
            line.update(values)
            return line
        lines = self.tables.lines[kind]
        after = Line({**line, "valid_from": str(self.start), "valid_to": line["valid_to"], **values})
        line["valid_to"] = str(self.start.previous)
        lines.insert(next(place for place, each in enumerate(lines) if each is line) + 1, after)
        return after

    def end(self, line: Line) -> None:
        if first_of(line) >= self.start:
            raise _Contradiction("from", str(self.start), f"a month after {first_of(line)}, in which that begins")
        line["valid_to"] = str(self.start.previous)

    def open_lines(self, kind: str, key: str, code: str) -> list[Line]:
        """The lines that name the code under ``key`` and hold at the start or later."""
        return [line for line in self.tables.lines[kind] if line[key] == code and last_of(line) >= self.start]

    def end_obligations(self, code: str) -> None:
        lines = self.tables.lines["obligations"]
        for line in self.open_lines("obligations", "unit_code", code):
            if first_of(line) >= self.start:
                lines.remove(line)
            else:
                self.end(line)

    def repoint(self, old: str, new: str) -> None:
        """Whatever stood under a code, reported to it or was owned by it stands under another from the start on."""
        for kind, key in (("units", "parent_code"), ("obligations", "reports_to"), ("ownership", "owner_code")):
            for line in self.open_lines(kind, key, old):
                self.follow(kind, line, **{key: new})
        for line in self.tables.lines["obligations"]:
            top, slash, unit_type = line["unit_code"].partition("/")
            if slash and top == old and last_of(line) >= self.start:
                self.follow("obligations", line, unit_code=f"{new}/{unit_type}")

    def record(self, kind: Kind, old: Line, new: Mapping[str, str] | None, *, keeps_values: bool = False) -> None:
        change = self.change
        line = {
            "old_code": old["code"],
            "old_name": old["name"],
            "new_code": new["code"] if new else "",
            "new_name": new["name"] if new else "",
            "change_type": WORDS[kind],
            "approved": change.get("approved"),
            "announced": change.get("announced"),
            "inaugurated": change.get("inaugurated"),
            "date_precision": "day" if len(change.get("approved")) > 7 else "month",
            "doc_no": change.get("document"),
            "source": change.get("source") or change.get("document"),
            "effective": str(self.start),
            "keeps_values": str(keeps_values).lower(),
        }
        self.tables.lines["history"].append(Line(line))

    def add_unit(self, code: str, name: str, **values: str) -> Line:
        """A new unit with the next unit_id: none was ever taken away, so none is given twice."""
        self.demand_free(code, "code")
        unit_id = str(max(int(row["unit_id"]) for row in self.tables.lines["units"]) + 1)
        line = dict.fromkeys(self.tables.columns["units"], "") | {
            **values,
            **names_for(name, self.change.fields),
            "unit_id": unit_id,
            "code": code,
            "code_system": self.change.get("code_system") or ("GB/T 2260" if code.isdecimal() else "non-GB"),
            "valid_from": str(self.start),
            "note": self.change.get("source"),
        }
        self.tables.lines["units"].append(Line(line))
        add_aliases(self.tables, self.tables.lines["units"][-1])
        return self.tables.lines["units"][-1]


def _rename(work: _Work) -> None:
    row = work.bearer(work.change.code, "rename")
    name = work.change.get("name")
    if name == row["name"] and not any(work.change.get(key) for key in ("short_name", "org_name", "org_short")):
        raise _Contradiction("name", name, "another name: the unit is called so already")
    before = Line(row)
    after = work.follow("units", row, **names_for(name, work.change.fields, before=row))
    work.record(Kind.RENAME, before, after)
    add_aliases(work.tables, after)


def _recode(work: _Work) -> None:
    row, code = work.bearer(work.change.code, "recode"), work.change.into[0]
    work.demand_free(code, "to")
    before = Line(row)
    names = names_for(work.change.get("name"), work.change.fields, before=row) if work.change.get("name") else {}
    after = work.follow("units", row, code=code, **names)
    for line in work.open_lines("obligations", "unit_code", before["code"]):
        work.follow("obligations", line, unit_code=code)
    work.repoint(before["code"], code)
    for alias in work.tables.lines["aliases"]:
        if alias["code"] == before["code"]:
            alias["code"] = code
    counts = [line for line in work.tables.lines["denominators"] if line["unit_code"] == before["code"]]
    work.tables.lines["denominators"] += [Line({**line, "unit_code": code}) for line in counts]
    work.record(Kind.RECODE, before, after)
    add_aliases(work.tables, after)


def _merge(work: _Work) -> None:
    change, into = work.change, work.change.into[0]
    if len(set(change.codes)) < len(change.codes) or set(change.codes) == {into}:
        raise _Contradiction(
            "merge", " ".join(change.codes), "different units, at least one besides the one they go into"
        )
    old = [work.bearer(code, "merge") for code in change.codes]
    is_new = change.get("name") != "" and into not in change.codes
    if is_new:
        _demand_parent(work, parent := change.get("parent") or _same(old, "parent_code", "parent"))
        unit_type = change.get("unit_type") or _same(old, "unit_type", "unit_type")
        category = change.get("category") or old[0]["category"]
        target = work.add_unit(into, change.get("name"), parent_code=parent, unit_type=unit_type, category=category)
        _take_obligations(work, [row["code"] for row in old], into)
    else:
        target = work.bearer(into, "into")
    _add_counts(work, [*(row for row in old if row["code"] != into), *([] if is_new else [target])], into)
    for row in old:
        if row["code"] == into:
            continue
        work.end_obligations(row["code"])
        work.repoint(row["code"], into)
        work.end(row)
        work.record(Kind.MERGE, row, target)


def _split(work: _Work) -> None:
    change, row = work.change, work.bearer(work.change.code, "split")
    parts = [work.bearer(code, "into") for code in change.into]
    if len(parts) < 2 or len(set(change.into)) < len(parts):
        raise _Contradiction("into", " ".join(change.into), "two or more units, each added by a line before this one")
    keeper = change.get("old_values")
    if keeper not in ("", NOBODY, *change.into):
        raise _Contradiction("old_values", keeper, f"{NOBODY}, {', '.join(change.into)}")
    if row["code"] not in change.into:
        _demand_no_children(work, row)
        work.end_obligations(row["code"])
        work.end(row)
    for part in parts:
        work.record(Kind.SPLIT, row, part, keeps_values=keeper == part["code"])


def _transfer(work: _Work) -> None:
    row, parent = work.bearer(work.change.code, "transfer"), work.change.into[0]
    _demand_parent(work, parent)
    if row["parent_code"] == parent:
        raise _Contradiction("to", parent, "another unit: it stands under this one already")
    before = Line(row)
    after = work.follow("units", row, parent_code=parent)
    for line in work.open_lines("obligations", "unit_code", row["code"]):
        if line["reports_to"] == before["parent_code"]:
            work.follow("obligations", line, reports_to=parent)
    work.record(Kind.TRANSFER, before, after)


def _add(work: _Work) -> None:
    change = work.change
    _demand_parent(work, change.get("parent"))
    unit_type = change.get("unit_type") or "county"
    if unit_type not in UNIT_TYPES:
        raise _Contradiction("unit_type", unit_type, ", ".join(UNIT_TYPES))
    category = change.get("category") or ("县级单位" if unit_type == "county" else unit_type)
    work.add_unit(
        change.code, change.get("name"), parent_code=change.get("parent"), unit_type=unit_type, category=category
    )
    if change.get("basis"):
        _oblige(work, change.code, basis=change.get("basis"), reports_to=change.get("parent"))


def _end(work: _Work) -> None:
    row = work.bearer(work.change.code, "end")
    _demand_no_children(work, row)
    for line in work.open_lines("ownership", "owner_code", row["code"]):
        raise _Contradiction(
            "end", row["code"], f"a unit that owns no place ({line['place_name']}: own it elsewhere first)"
        )
    work.end_obligations(row["code"])
    work.end(row)
    work.record(Kind.END, row, None)


def _own(work: _Work) -> None:
    """From the start on the place is the owner's; ``none``: nobody has settled whose."""
    change, owner = work.change, "" if work.change.get("owner") == NOBODY else work.change.get("owner")
    if owner:
        work.bearer(owner, "owner")
    source = change.get("source") or change.get("document")
    for line in work.open_lines("ownership", "place_code", change.code):
        if line["owner_code"] == owner:
            raise _Contradiction("owner", change.get("owner"), f"another owner: it has it since {line['valid_from']}")
        work.follow("ownership", line, owner_code=owner, source=source)
        return
    if not change.get("place_name"):
        raise _Contradiction("place_name", "", "the name of the place: it has no line yet")
    line = {"place_code": change.code, "place_name": change.get("place_name"), "owner_code": owner}
    line |= {"valid_from": str(work.start), "valid_to": "", "source": source}
    work.tables.lines["ownership"].append(Line(line))


def _count(work: _Work) -> None:
    change = work.change
    work.bearer(change.code, "count")
    if not change.get("value").isdecimal():
        raise _Contradiction("value", change.get("value"), "a whole number")
    source = change.get("source") or change.get("document")
    keys = {key: change.get(key) for key in ("measure", "value", "as_of")}
    work.tables.lines["denominators"].append(Line({"unit_code": change.code, **keys, "source": source}))


_ACTIONS: dict[str, Callable[[_Work], None]] = {
    "rename": _rename,
    "recode": _recode,
    "merge": _merge,
    "split": _split,
    "transfer": _transfer,
    "add": _add,
    "end": _end,
    "own": _own,
    "count": _count,
}


# Actions that look at everything before they change anything: hundreds of them (a county's villages) need no copies.
_ALL_OR_NOTHING = frozenset(("add", "count"))


def _same(rows: Sequence[Line], column: str, key: str) -> str:
    values = {row[column] for row in rows}
    if len(values) > 1:
        raise _Contradiction(key, "", f"one of {', '.join(sorted(values))}: the units differ")
    return values.pop()


def _demand_parent(work: _Work, parent: str) -> None:
    row = work.bearer(parent, "parent")
    if row["code"] in work.change.codes:
        raise _Contradiction("parent", parent, "another unit")


def _demand_no_children(work: _Work, row: Line) -> None:
    below = [line["code"] for line in work.open_lines("units", "parent_code", row["code"])]
    if below:
        raise _Contradiction("code", row["code"], f"a unit with none below it (transfer {', '.join(below)} first)")


def _oblige(work: _Work, code: str, *, basis: str, reports_to: str, form: str = "monthly") -> None:
    columns = dict.fromkeys(work.tables.columns["obligations"], "")
    line = columns | {"unit_code": code, "form": form, "basis": basis, "reports_to": reports_to}
    work.tables.lines["obligations"].append(Line(line | {"valid_from": str(work.start)}))


def _take_obligations(work: _Work, codes: Iterable[str], into: str) -> None:
    """A merged unit owes what all of its makers owed alike."""
    owed = [
        {
            (line["form"], line["basis"], line["reports_to"])
            for line in work.open_lines("obligations", "unit_code", code)
        }
        for code in codes
    ]
    for form, basis, reports_to in sorted(set.intersection(*owed)):
        _oblige(work, into, form=form, basis=basis, reports_to=reports_to)


def _add_counts(work: _Work, rows: Sequence[Line], into: str) -> None:
    """The registered counts of places and people, where every unit that goes in has one; others a person gives."""
    lines = work.tables.lines["denominators"]
    for measure in _ADDITIVE:
        newest: dict[str, Line] = {}
        for line in lines:
            if line["measure"] == measure and line["unit_code"] in {row["code"] for row in rows}:
                before = newest.get(line["unit_code"])
                if before is None or before["as_of"] <= line["as_of"]:
                    newest[line["unit_code"]] = line
        if len(newest) < len(rows) or len(rows) < 2:
            continue
        parts = "＋".join(
            f"{row['name']}{newest[row['code']]['value']}（{newest[row['code']]['as_of']}）" for row in rows
        )
        sources = "；".join(dict.fromkeys(line["source"] for line in newest.values()))
        value = str(sum(int(line["value"]) for line in newest.values()))
        count = {"unit_code": into, "measure": measure, "value": value, "as_of": str(work.start.first_day)}
        lines.append(Line({**count, "source": f"合并相加：{parts}；{sources}"}))
