"""Is a register sound? Every mistake with file, line, key, value and what would be accepted; all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from jinguo.errors import SchemaError
from jinguo.periods import Period
from jinguo.units.kinds import KIND_OF, Kind
from jinguo.units.ownership import load_ownership
from jinguo.units.register import PROVINCE_CODE, load_register, normalise_name
from jinguo.units.tables import LAST, Fault, Line, Tables, first_of, last_of, month_of, overlap, read_tables


def check_folder(folder: Path, schemas: Path) -> list[Fault]:
    """The mistakes in the register in ``folder``; empty: it may be used."""
    tables, faults = read_tables(folder, schemas)
    if not faults:
        faults = check_tables(tables)
    if not faults:
        faults = list(_unloadable(folder, schemas))
    return faults


def check_tables(tables: Tables) -> list[Fault]:
    """What the lines say against each other."""
    lines, by_code = tables.lines, _by(tables.lines["units"], "code")
    return [
        *_identities(lines["units"]),
        *_codes(by_code),
        *_parents(lines["units"], by_code),
        *_circles(lines["units"], by_code),
        *_obligations(lines["obligations"], by_code),
        *_history(lines["history"], by_code),
        *_aliases(lines["aliases"], by_code),
        *_denominators(lines["denominators"], by_code),
        *_ownership(lines["ownership"], by_code, tables),
        *_towns(lines["towns"], by_code),
    ]


def _unloadable(folder: Path, schemas: Path) -> Iterator[Fault]:
    """What the readers of the files refuse beyond that."""
    for load in (
        lambda: load_register.__wrapped__(schemas, folder),
        lambda: load_ownership.__wrapped__(schemas, folder),
    ):
        try:
            load()
        except (SchemaError, ValueError) as error:
            yield Fault(str(folder), 0, "(register)", str(error), "what the program can load")


def _by(lines: Iterable[Line], key: str) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line[key], []).append(line)
    return found


def _span(line: Line) -> str:
    return f"{line['valid_from'] or '…'} to {line['valid_to'] or '…'}"


def _identities(units: Sequence[Line]) -> Iterator[Fault]:
    """A unit's rows follow each other without an overlap and without a gap."""
    for unit_id, rows in _by(units, "unit_id").items():
        for row in rows:
            if first_of(row) > last_of(row):
                accepted = f"a month from {row['valid_from']} on"
                yield Fault("units.csv", row.number, f"unit {unit_id}: valid_to", row["valid_to"], accepted)
        for before, after in pairwise(sorted(rows, key=first_of)):
            if last_of(before) == LAST or last_of(before).plus(1) != first_of(after):
                what = "overlap" if overlap(before, after) else "gap"
                accepted = f"{_next(before)}: an {what} with line {before.number} ({_span(before)})".replace(
                    "an g", "a g"
                )
                yield Fault("units.csv", after.number, f"unit {unit_id}: valid_from", after["valid_from"], accepted)


def _next(before: Line) -> str:
    return "another unit_id" if last_of(before) == LAST else str(last_of(before).plus(1))


def _codes(by_code: dict[str, list[Line]]) -> Iterator[Fault]:
    """A code names one unit at a time."""
    for code, rows in by_code.items():
        for before, after in pairwise(sorted(rows, key=first_of)):
            if before["unit_id"] != after["unit_id"] and overlap(before, after):
                accepted = f"a code that unit {before['unit_id']} (line {before.number}) does not have then"
                yield Fault("units.csv", after.number, f"unit {after['unit_id']}: code", code, accepted)


def _uncovered(line: Line, rows: Sequence[Line]) -> Period | None:
    """The first period of ``line`` in which none of ``rows`` holds; None: they cover all of it."""
    start = first_of(line)
    for row in sorted(rows, key=first_of):
        if first_of(row) <= start <= last_of(row):
            if last_of(row) >= last_of(line):
                return None
            start = last_of(row).plus(1)
    return start


def _reference(file: str, line: Line, key: str, by_code: dict[str, list[Line]], who: str) -> Iterator[Fault]:
    """``line[key]`` must be the code of a unit that is there in all of the line's time."""
    rows = by_code.get(line[key], [])
    if not rows:
        yield Fault(file, line.number, f"{who}: {key}", line[key], "a code in units.csv")
        return
    period = _uncovered(line, rows)
    if period is not None:
        spans = "; ".join(_span(row) for row in rows)
        accepted = f"a unit that is there from {_span(line)}; in {period} it is not ({spans})"
        yield Fault(file, line.number, f"{who}: {key}", line[key], accepted)


def _parents(units: Sequence[Line], by_code: dict[str, list[Line]]) -> Iterator[Fault]:
    for line in units:
        if line["parent_code"]:
            yield from _reference("units.csv", line, "parent_code", by_code, line["code"])
        elif line["code"] != PROVINCE_CODE:
            yield Fault("units.csv", line.number, f"{line['code']}: parent_code", "", "the code of the unit above")


def _circles(units: Sequence[Line], by_code: dict[str, list[Line]]) -> Iterator[Fault]:
    """Nobody stands below herself."""
    for line in units:
        seen, code = [line["code"]], line["parent_code"]
        while code and code not in seen:
            seen.append(code)
            above = [row for row in by_code.get(code, []) if overlap(row, line)]
            code = above[0]["parent_code"] if above else ""
        if code == line["code"]:
            accepted = f"a unit that does not stand below {code} ({' > '.join([*seen, code])})"
            yield Fault("units.csv", line.number, f"{code}: parent_code", line["parent_code"], accepted)


def _obligations(lines: Sequence[Line], by_code: dict[str, list[Line]]) -> Iterator[Fault]:
    """Within the lives of both units, and one at a time. CODE/TYPE is a group: each unit within its own dates."""
    for line in lines:
        who, is_group = line["unit_code"], "/" in line["unit_code"]
        if is_group:
            if who.split("/")[0] not in by_code:
                yield Fault("obligations.csv", line.number, "unit_code", who, "a code in units.csv before the slash")
        else:
            yield from _reference("obligations.csv", line, "unit_code", by_code, who)
        if line["reports_to"] or not is_group:
            yield from _reference("obligations.csv", line, "reports_to", by_code, who)
        if line["reports_to"] == who:
            yield Fault("obligations.csv", line.number, f"{who}: reports_to", who, "another unit")
    for who, rows in _by(lines, "unit_code").items():
        for before, after in pairwise(sorted(rows, key=lambda row: (row["form"], first_of(row)))):
            if before["form"] == after["form"] and overlap(before, after):
                accepted = f"a month after line {before.number} ({_span(before)}): one report a period"
                yield Fault("obligations.csv", after.number, f"{who}: valid_from", after["valid_from"], accepted)


def _history(lines: Sequence[Line], by_code: dict[str, list[Line]]) -> Iterator[Fault]:
    names = {line["old_code"]: line["new_code"] for line in lines if line["new_code"] != line["old_code"]}
    for line in lines:
        who, kind = line["old_code"], KIND_OF[line["change_type"]]
        if (kind is Kind.END) == bool(line["new_code"]):
            accepted = "no code: the unit was closed" if kind is Kind.END else "the code that it became"
            yield Fault("history.csv", line.number, f"{who}: new_code", line["new_code"], accepted)
        elif line["new_code"] and line["new_code"] not in by_code:
            yield Fault("history.csv", line.number, f"{who}: new_code", line["new_code"], "a code in units.csv")
        seen, code = [who], line["new_code"]
        while code in names and code not in seen and code != who:
            seen.append(code)
            code = names[code]
        if code == who and line["new_code"] != who:
            accepted = f"a code that does not lead back ({' > '.join([*seen, code])})"
            yield Fault("history.csv", line.number, f"{who}: new_code", line["new_code"], accepted)
        yield from _still_there(line, kind, by_code)


def _still_there(line: Line, kind: Kind, by_code: dict[str, list[Line]]) -> Iterator[Fault]:
    """Whoever was merged, recoded or closed has no row beyond the month in which that happened."""
    effective, who = month_of(line["effective"]), line["old_code"]
    if effective is None or kind not in (Kind.MERGE, Kind.RECODE, Kind.END) or line["new_code"] == who:
        return
    for row in by_code.get(who, []):
        if first_of(row) < effective < last_of(row):
            accepted = f"a month after the unit's last; units.csv line {row.number} has {_span(row)}"
            yield Fault("history.csv", line.number, f"{who}: effective", line["effective"], accepted)


def _aliases(lines: Sequence[Line], by_code: dict[str, list[Line]]) -> Iterator[Fault]:
    meant: dict[str, set[str]] = {}
    for line in lines:
        if line["code"] not in by_code:
            yield Fault("aliases.csv", line.number, f"{line['alias']}: code", line["code"], "a code in units.csv")
        meant.setdefault(normalise_name(line["alias"]), set()).add(line["code"])
    for line in lines:
        is_ambiguous = str(len(meant[normalise_name(line["alias"])]) > 1).lower()
        if line["ambiguous"] != is_ambiguous:
            codes = ", ".join(sorted(meant[normalise_name(line["alias"])]))
            accepted = f"{is_ambiguous}: it means {codes}"
            yield Fault("aliases.csv", line.number, f"{line['alias']}: ambiguous", line["ambiguous"], accepted)


def _denominators(lines: Sequence[Line], by_code: dict[str, list[Line]]) -> Iterator[Fault]:
    seen: dict[tuple[str, str, str], Line] = {}
    for line in lines:
        who, key = f"{line['unit_code']} {line['measure']}", (line["unit_code"], line["measure"], line["as_of"])
        if line["unit_code"] not in by_code:
            yield Fault("denominators.csv", line.number, f"{who}: unit_code", line["unit_code"], "a code in units.csv")
        if key in seen:
            accepted = f"one count of a day (line {seen[key].number} has {seen[key]['value']})"
            yield Fault("denominators.csv", line.number, f"{who}: value", line["value"], accepted)
        seen.setdefault(key, line)


def _ownership(lines: Sequence[Line], by_code: dict[str, list[Line]], tables: Tables) -> Iterator[Fault]:
    """A place has one owner at a time, a unit that is there then; the place is a county or a town that is known."""
    places = {line["code"][:9] for line in tables.lines["villages"]}
    places |= {line["nbs2023_code"] for line in tables.lines["towns"]} | set(by_code)
    for line in lines:
        if line["place_code"] not in places:
            accepted = "a county of units.csv or a town of the 统计局 (towns.csv nbs2023_code, villages.csv)"
            yield Fault("ownership.csv", line.number, "place_code", line["place_code"], accepted)
        if line["owner_code"]:
            yield from _reference("ownership.csv", line, "owner_code", by_code, line["place_code"])
    for place, rows in _by(lines, "place_code").items():
        for before, after in pairwise(sorted(rows, key=first_of)):
            if overlap(before, after):
                owner = before["owner_code"] or "nobody yet"
                accepted = f"one owner at a time: {owner} has it {_span(before)} (line {before.number})"
                yield Fault("ownership.csv", after.number, f"{place}: owner_code", after["owner_code"], accepted)


def _towns(lines: Sequence[Line], by_code: dict[str, list[Line]]) -> Iterator[Fault]:
    """A town is its town_id, known by code, name and county together: official sources give one code to two towns."""
    ids: dict[str, Line] = {}
    known: dict[tuple[str, str, str], Line] = {}
    for line in lines:
        who, key = f"{line['code']} {line['name']}", (line["code"], line["name"], line["parent_code"])
        if line["parent_code"] not in by_code:
            yield Fault("towns.csv", line.number, f"{who}: parent_code", line["parent_code"], "a code in units.csv")
        for seen, value, what in ((ids, line["town_id"], "town_id"), (known, key, "code, name and parent_code")):
            if value in seen:
                accepted = f"a {what} that line {seen[value].number} does not have"
                yield Fault("towns.csv", line.number, f"{who}: {what}", str(value), accepted)
            seen.setdefault(value, line)
